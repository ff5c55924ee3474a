"""The simulated cluster as a process: the company, its life, and the API, until it is told to stop."""

import asyncio
import gc
import json
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from aiohttp import web
from msgspec import Struct

from observability.demo.api import Api
from observability.demo.company import Company, found, stamp
from observability.demo.life import Life
from observability.demo.store import Store
from observability.errors import DeliveryError

_STEPS: Final = 200
_TALK_SECONDS: Final = 2.0


class Options(Struct, frozen=True, kw_only=True):
    """What the cluster is to be.

    `object_bytes` 0: the least. `events_per_second` 0: as life goes; otherwise so many, whatever the stories' times,
    but never so many that a watcher falls out of the ring. `burst`: so many events at once every `burst_seconds`.
    `outages`: now and then something in prod does not run for minutes. `ring`: how many events of a kind can be watched
    again.
    """

    applications: int = 120
    seed: int = 1
    speed: float = 1.0
    host: str = "127.0.0.1"
    port: int = 0
    object_bytes: int = 0
    events_per_second: float = 0.0
    burst: int = 0
    burst_seconds: float = 10.0
    outages: bool = False
    ring: int = 131_072


async def serve(
    options: Options,
    *,
    clock: Callable[[], float],
    ready: Callable[[str], None],
    tell: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Serve the cluster until `stop`. `ready` gets its URL, `tell` a line about the company now and then.

    `clock` is the wall clock. Raises DeliveryError when the address is in use.
    """
    random = Random(options.seed)
    company = found(options.applications, random, clock(), options.object_bytes)
    store = furnish(company, first=int(clock()) - 1_700_000_000, ring=options.ring)
    api = Api(store)
    outages = options.speed if options.outages else 0.0
    life = Life(store, company, random, _stories(options, company), outages=outages)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    runner = web.AppRunner(api.application(), access_log=None, handler_cancellation=True, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port)
        try:
            await site.start()
        except OSError as error:
            message = f"cannot serve the simulated cluster on {options.host}:{options.port}: {error.strerror}"
            raise DeliveryError(message) from error
        host, port = runner.addresses[0][:2]
        ready(f"http://{host}:{port}")
        driver = asyncio.create_task(Driver(life, api, options, clock, tell).run())
        stopped = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({driver, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (driver, stopped):
            task.cancel()
        await asyncio.gather(driver, stopped, return_exceptions=True)
        if driver in done:
            driver.result()
    finally:
        await runner.cleanup()


def furnish(company: Company, first: int = 1000, ring: int = 131_072) -> Store:
    """A store with all that the company has; `first` and `ring` are those of Store."""
    store = Store(ring, first)
    store.load("appprojects", list(company.projects))
    store.load("applicationsets", list(company.sets))
    store.load("applications", list(company.applications))
    return store


_MOST_STORIES: Final = 150
"""However large the company: a story in every third service at once would be more rollouts a day than anybody has."""


def _stories(options: Options, company: Company) -> int:
    """In how many services something goes on at once: a third of all events are then periodic comparisons."""
    many = max(3, len(company.services) // 3)
    return many if options.events_per_second or options.burst else min(many, _MOST_STORIES)


class Driver:
    """Lets life go on: in real time, or as fast as a number of events a second asks."""

    def __init__(
        self, life: Life, api: Api, options: Options, clock: Callable[[], float], tell: Callable[[str], None]
    ) -> None:
        self._life = life
        self._api = api
        self._options = options
        self._clock = clock
        self._tell = tell
        self._told_at = 0.0

    async def run(self) -> None:
        """For ever."""
        if self._options.events_per_second:
            await self._by_rate()
        else:
            await self._by_time()

    async def _by_time(self) -> None:
        loop, options = asyncio.get_running_loop(), self._options
        start, next_burst = loop.time(), options.burst_seconds if options.burst else float("inf")
        while True:
            elapsed = loop.time() - start
            due = elapsed * options.speed
            steps = 0
            while self._life.next_at <= due and steps < _STEPS:
                self._step(loop.time())
                steps += 1
            if elapsed >= next_burst:
                next_burst += options.burst_seconds
                await self._emit(options.burst)
            wait = min((self._life.next_at - due) / options.speed, next_burst - elapsed, 0.5)
            await asyncio.sleep(max(wait, 0.0))

    async def _by_rate(self) -> None:
        loop = asyncio.get_running_loop()
        start, first, rate = loop.time(), self._api.store.resource_version, self._options.events_per_second
        while True:
            behind = (loop.time() - start) * rate - (self._api.store.resource_version - first)
            if (
                self._api.lag() > self._options.ring // 2
            ):  # a watcher cannot keep up: what is not sent now is not made up for
                first = self._api.store.resource_version
                start = loop.time()
                await asyncio.sleep(0.002)
                continue
            if behind < 1:
                await asyncio.sleep(0.002)
                continue
            await self._emit(min(int(behind), _STEPS, self._options.ring // 4))
            await asyncio.sleep(0)

    async def _emit(self, events: int) -> None:
        """Take steps until so many events have happened."""
        loop = asyncio.get_running_loop()
        wanted = self._api.store.resource_version + events
        while self._api.store.resource_version < wanted:
            self._step(loop.time())

    def _step(self, now: float) -> None:
        note = self._life.step(stamp(int(self._clock())))
        if note and now - self._told_at >= _TALK_SECONDS:
            self._told_at = now
            self._tell(note)


def kubeconfig(url: str) -> str:
    """A kubeconfig, as JSON, which is YAML too, for the cluster at `url`."""
    name = "demo"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": url}}],
            "users": [{"name": name, "user": {"token": "demo"}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "argocd"}}],
            "current-context": name,
        },
        indent=2,
    )


def write_kubeconfig(path: Path, url: str) -> None:
    """Put the kubeconfig at `path`, all at once: who sees the file sees it whole."""
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(kubeconfig(url) + "\n")
    unfinished.replace(path)


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM set `stop`."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
