"""The simulated cluster in this process: how fast its life goes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from observability.demo.cluster import Options, serve
from observability.errors import DeliveryError

START = 1_795_418_902.0
PATH = "/apis/argoproj.io/v1alpha1/applications"


@asynccontextmanager
async def running(options: Options, told: list[str]) -> AsyncIterator[str]:
    """The URL of a cluster that runs."""
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(options, clock=lambda: START, ready=url.set_result, tell=told.append, stop=stop))
    try:
        yield await url
    finally:
        stop.set()
        await task


async def events(url: str, count: int) -> list[dict[str, Any]]:
    """The next `count` events of a watch that begins with what there is."""
    async with (
        aiohttp.ClientSession(read_bufsize=2**22) as session,
        session.get(url + PATH, params={"watch": "1", "resourceVersion": "0"}) as response,
    ):
        return [json.loads(await response.content.readline()) for _ in range(count)]


async def test_speed_makes_a_life_of_minutes_pass_in_seconds() -> None:
    told: list[str] = []
    async with running(Options(applications=30, speed=500.0), told) as url:
        seen = await events(url, 330)

    assert [event["type"] for event in seen[:30]] == ["ADDED"] * 30
    assert {event["object"]["status"]["sync"]["status"] for event in seen if "status" in event["object"]} >= {
        "Synced",
        "OutOfSync",
    }
    assert told


async def test_bursts_come_on_top_of_life() -> None:
    async with running(Options(applications=30, speed=0.001, burst=50, burst_seconds=0.05), []) as url:
        seen = await events(url, 30 + 120)

    assert len(seen) == 150


async def test_the_load_waits_for_its_slowest_watcher() -> None:
    options = Options(applications=30, events_per_second=1e6, ring=2_000)
    async with (
        running(options, []) as url,
        aiohttp.ClientSession(read_bufsize=2**16) as session,
        session.get(url + PATH, params={"watch": "1", "resourceVersion": "0"}) as watch,
    ):
        before = ""
        while (now := await version(session, url)) != before:  # goes on for ever if the load does not wait
            before = now
        seen = [json.loads(await watch.content.readline()) for _ in range(6_000)]

    assert "ERROR" not in {event["type"] for event in seen}


async def version(session: aiohttp.ClientSession, url: str) -> str:
    """The newest resourceVersion."""
    async with session.get(url + PATH, params={"limit": "1"}) as response:
        found: str = (await response.json())["metadata"]["resourceVersion"]
        return found


async def test_an_address_in_use_is_an_error() -> None:
    async with running(Options(applications=1), []) as url:
        port = int(url.rpartition(":")[2])
        options = Options(applications=1, port=port)
        with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}"):
            await serve(options, clock=lambda: START, ready=lambda _: None, tell=lambda _: None, stop=asyncio.Event())
