"""CDEvents to a real HTTP server: what it gets, and what each of its answers means."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from observability.delivery.sinks.cdevents import CDEvents, cdevent
from observability.errors import Later, Refused
from observability.settings import EventSink
from tests.fakes.receiver import Answer, Receiver, cuts, says
from tests.records import event, span

FIRST, SECOND, THIRD = (event("gitops.application.deployed", number) for number in range(3))


@asynccontextmanager
async def sink_to(receiver: Receiver, **settings: Any) -> AsyncIterator[CDEvents]:
    sink = CDEvents(EventSink(type="cdevents", **{"url": f"{receiver.url}/events", **settings}))
    try:
        yield sink
    finally:
        await sink.close()


def ids(receiver: Receiver) -> list[str]:
    return [received.headers["ce-id"] for received in receiver.received]


async def test_each_event_is_a_cloudevent_of_its_own(receiver: Receiver) -> None:
    async with sink_to(receiver) as sink:
        await sink.deliver([FIRST, span(), event("gitops.application.created"), SECOND])
    first, second = receiver.received
    assert (first.method, first.path) == ("POST", "/events")
    assert json.loads(first.body) == cdevent(FIRST)
    assert {name: value for name, value in first.headers.items() if name.startswith(("ce-", "content-type"))} == {
        "ce-specversion": "1.0",
        "ce-id": FIRST.id,
        "ce-source": "/gitops-observability/argocd",
        "ce-type": "dev.cdevents.service.upgraded.0.3.0",
        "ce-subject": "Application/argocd/shop-prod",
        "ce-time": "2026-11-23T12:00:00Z",
        "content-type": "application/cdevents+json; charset=utf-8",
    }
    assert second.headers["ce-id"] == SECOND.id


async def test_headers_and_a_token_that_is_read_anew(receiver: Receiver, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one\n")
    headers = {"X-Tenant": "shop", "authorization": "Basic x", "ce-id": "forged"}
    settings = EventSink.model_validate(
        {"type": "cdevents", "url": f"{receiver.url}/", "token_file": token, "headers": headers}
    )
    sink = CDEvents(settings)
    await sink.deliver([FIRST])
    token.write_text("two")
    await sink.deliver([SECOND])
    await sink.close()
    assert [received.headers["authorization"] for received in receiver.received] == ["Bearer one", "Bearer two"]
    assert receiver.received[0].headers["x-tenant"] == "shop"
    assert ids(receiver) == [FIRST.id, SECOND.id]


@pytest.mark.parametrize("content", ["", "two words", "wörter"])
async def test_without_a_token_nothing_is_sent(receiver: Receiver, tmp_path: Path, content: str) -> None:
    token = tmp_path / "token"
    async with sink_to(receiver, token_file=token) as sink:
        with pytest.raises(Later, match="token: No such file or directory"):
            await sink.deliver([FIRST])
        token.write_text(content)
        with pytest.raises(Later, match="token: expected a token, one word of printable ASCII") as caught:
            await sink.deliver([FIRST])
    assert not content or content not in str(caught.value)
    assert receiver.received == []


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_success(receiver: Receiver, status: int) -> None:
    receiver.answers = [says(status)]
    async with sink_to(receiver) as sink:
        await sink.deliver([FIRST])
    assert ids(receiver) == [FIRST.id]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_is_about_the_event_is_a_refusal(receiver: Receiver, status: int) -> None:
    receiver.answers = [says(status, "no such\n service \x07")]
    async with sink_to(receiver) as sink:
        with pytest.raises(Refused, match=rf"^POST .*/events was answered {status} .*: no such service \?$"):
            await sink.deliver([FIRST])


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 404, 405, 408, 409, 429, 500, 502, 503, 504])
async def test_everything_else_may_be_over_later(receiver: Receiver, status: int) -> None:
    receiver.answers = [says(status, Location="/login?token=hunter2")]
    async with sink_to(receiver) as sink:
        with pytest.raises(Later, match=f"was answered {status} ") as caught:
            await sink.deliver([FIRST])
    assert caught.value.retry_after_seconds is None
    assert "hunter2" not in str(caught.value)
    assert len(receiver.received) == 1  # a redirect is not followed


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "Mon, 23 Nov 2026 12:01:30 GMT", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 90.0),
        ({"Retry_After": "Mon, 23 Nov 2026 11:00:00 GMT", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-7"}, None),
        ({"Retry_After": "Mon, 23 Nov 2026 12:01:30", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}, None),
    ],
)
async def test_a_receiver_may_ask_to_wait(receiver: Receiver, headers: dict[str, str], seconds: float | None) -> None:
    receiver.answers = [says(503, **headers)]
    async with sink_to(receiver) as sink:
        with pytest.raises(Later) as caught:
            await sink.deliver([FIRST])
    assert caught.value.retry_after_seconds == seconds


async def test_a_receiver_that_is_away_or_cuts_the_connection(receiver: Receiver) -> None:
    receiver.answers = [cuts]
    async with sink_to(receiver) as sink:
        with pytest.raises(Later, match=r"^POST .*/events: \w+"):
            await sink.deliver([FIRST])
    async with sink_to(receiver, url="http://127.0.0.1:1/events?key=hunter2") as sink:
        with pytest.raises(Later, match="Connect") as caught:
            await sink.deliver([FIRST])
    assert "hunter2" not in str(caught.value)


async def test_a_receiver_that_never_ends_its_answer() -> None:
    released = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"a")
        await released.wait()
        return response

    application = web.Application()
    application.router.add_post("/", drip)
    async with TestServer(application) as server:
        sink = CDEvents(EventSink(type="cdevents", url=str(server.make_url("/")), timeout_seconds=0.2))
        with pytest.raises(Later, match=r"no complete answer within 0\.2 s"):
            await sink.deliver([FIRST])
        released.set()
        await sink.close()


async def test_something_that_does_not_speak_http() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sink = CDEvents(EventSink(type="cdevents", url=f"http://127.0.0.1:{port}/"))
    with pytest.raises(Later, match=f"^POST http://127.0.0.1:{port}/: "):
        await sink.deliver([FIRST])
    await sink.close()
    server.close()


@pytest.mark.parametrize("failure", [says(503), says(400)])
async def test_what_was_taken_is_not_sent_again(receiver: Receiver, failure: Answer) -> None:
    receiver.answers = [says(200), failure]
    async with sink_to(receiver) as sink:
        with pytest.raises((Later, Refused)):
            await sink.deliver([FIRST, SECOND, THIRD])
        await sink.deliver([FIRST, SECOND, THIRD])
    assert ids(receiver) == [FIRST.id, SECOND.id, SECOND.id, THIRD.id]


async def test_it_may_be_used_again_after_it_was_closed(receiver: Receiver) -> None:
    async with sink_to(receiver) as sink:
        await sink.deliver([FIRST])
        await sink.close()
        await sink.deliver([SECOND])
    assert ids(receiver) == [FIRST.id, SECOND.id]


async def test_a_rollback_is_told_once(receiver: Receiver) -> None:
    facts = {"gitops.deployment.id": 7, "gitops.application.uid": "u"}
    deployed = event("gitops.application.deployed", attributes={**facts, "gitops.sync.kind": "rollback"})
    async with sink_to(receiver) as sink:
        await sink.deliver([deployed])
        await sink.deliver([event("gitops.application.rolled_back", attributes=facts)])
    assert len(ids(receiver)) == 1
