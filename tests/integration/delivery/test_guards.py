"""Slow, silent, greedy and rude clients, over real sockets."""

import asyncio
import resource
import socket

import aiohttp
import pytest
from structlog.testing import capture_logs

from observability.delivery.connections import raise_open_files_limit
from observability.delivery.guards import Limits, Refusal
from tests.fakes.body import TEXT, FixedBody
from tests.fakes.exporter import Exporter, Serve, until

SHORT = 0.15
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = FixedBody(b"# a comment that compresses to nothing, but is sent as it is\n" * 500_000, 100_000)
"""30 MB, more than the kernel takes for a client that does not read."""


async def scrape(exporter: Exporter) -> bytes:
    async with aiohttp.ClientSession() as client, client.get(exporter.url()) as response:
        assert response.status == 200
        return await response.read()


def slow_reader(exporter: Exporter) -> socket.socket:
    """Asks for the metrics, and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((exporter.host, exporter.port))
    client.sendall(GET)
    exporter.stack.callback(client.close)
    return client


@pytest.mark.parametrize("sent", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\n"])
async def test_a_header_that_does_not_come_closes_the_connection(serve: Serve, sent: bytes) -> None:
    exporter = await serve(Limits(header_seconds=SHORT))
    assert await exporter.send(sent) == b""
    assert exporter.refusals == [Refusal.HEADER_TIMEOUT]


async def test_a_header_that_drips_is_closed_all_the_same(serve: Serve) -> None:
    exporter = await serve(Limits(header_seconds=SHORT))
    reader, writer = await exporter.connect()

    async def drip() -> None:
        writer.write(b"GET /")
        while True:
            writer.write(b"a")
            await asyncio.sleep(SHORT / 10)

    dripping = asyncio.create_task(drip())
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    dripping.cancel()
    assert exporter.refusals == [Refusal.HEADER_TIMEOUT]


async def test_the_timer_starts_anew_with_the_next_request(serve: Serve) -> None:
    exporter = await serve(Limits(header_seconds=SHORT))
    reader, writer = await exporter.connect()
    for _ in range(2):
        writer.write(GET)
        await reader.readuntil(b"\r\n0\r\n\r\n")
        await asyncio.sleep(2 * SHORT)
    assert exporter.refusals == []
    writer.write(GET[:10])
    assert await reader.read() == b""
    assert exporter.refusals == [Refusal.HEADER_TIMEOUT]


async def test_half_a_request_behind_a_whole_one_is_timed_too(serve: Serve) -> None:
    exporter = await serve(Limits(header_seconds=SHORT))
    answer = await exporter.send(GET + GET[:10])
    assert answer.startswith(b"HTTP/1.1 200")
    assert exporter.refusals == [Refusal.HEADER_TIMEOUT]


async def test_a_connection_that_idles_too_long_is_closed_without_complaint(serve: Serve) -> None:
    exporter = await serve(Limits(idle_seconds=SHORT))
    assert (await exporter.send(GET)).endswith(b"\r\n0\r\n\r\n")
    assert exporter.refusals == []


@pytest.mark.parametrize(
    "limits", [Limits(stall_seconds=SHORT), Limits(answer_seconds=SHORT)], ids=["no progress", "too long in all"]
)
async def test_a_client_that_does_not_read_is_cut_off(serve: Serve, limits: Limits) -> None:
    exporter = await serve(limits, metrics=LARGE)
    slow_reader(exporter)
    await until(lambda: exporter.refusals)
    assert exporter.refusals == [Refusal.WRITE_TIMEOUT]


async def test_a_large_body_arrives_whole(serve: Serve) -> None:
    exporter = await serve(metrics=LARGE)
    assert await scrape(exporter) == LARGE.text
    headers = {"Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(headers=headers) as client, client.get(exporter.url()) as response:
        assert await response.read() == LARGE.text


async def test_too_many_scrapes_at_once_are_told_to_come_again(serve: Serve) -> None:
    body = FixedBody(LARGE.text, 100_000)
    exporter = await serve(Limits(scrapes=2, patience_seconds=60.0), metrics=body)
    for _ in range(2):
        slow_reader(exporter)
    await until(lambda: body.asked == 2)
    async with aiohttp.ClientSession() as client:
        async with client.get(exporter.url()) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
        async with client.get(exporter.url("/livez")) as response:
            assert response.status == 200
    assert exporter.refusals == [Refusal.SCRAPE_CAP]


async def test_a_scrape_that_stalls_makes_room_for_one_that_does_not(serve: Serve) -> None:
    exporter = await serve(Limits(scrapes=2, patience_seconds=SHORT), metrics=LARGE)
    for _ in range(2):
        slow_reader(exporter)
    await asyncio.sleep(2 * SHORT)
    assert await scrape(exporter) == LARGE.text
    assert exporter.refusals == [Refusal.SCRAPE_CAP]


async def test_the_oldest_connection_without_a_request_makes_room(serve: Serve) -> None:
    exporter = await serve(Limits(connections=3))
    first, second, third = [await exporter.connect() for _ in range(3)]
    assert await scrape(exporter) == TEXT
    assert await first[0].read() == b""
    assert exporter.refusals == [Refusal.CONNECTION_CAP]
    for reader, writer in (second, third):
        writer.write(b"GET /livez HTTP/1.0\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.0 200")


async def test_when_all_are_answered_the_new_one_is_turned_away(serve: Serve) -> None:
    exporter = await serve(Limits(connections=1), metrics=LARGE)
    slow_reader(exporter)
    await asyncio.sleep(SHORT)
    assert await exporter.send(b"") == b""
    assert exporter.refusals == [Refusal.CONNECTION_CAP]


@pytest.mark.parametrize("sent", [b"", GET], ids=["send nothing", "read nothing"])
async def test_a_thousand_slow_clients_do_not_shut_prometheus_out(serve: Serve, sent: bytes) -> None:
    raise_open_files_limit()
    exporter = await serve(Limits(connections=512), metrics=LARGE)
    for _ in range(1000):
        client = socket.socket()
        exporter.stack.callback(client.close)
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, (exporter.host, exporter.port))
        if sent:
            await loop.sock_sendall(client, sent)
    await asyncio.sleep(2 * Limits().patience_seconds)
    assert await scrape(exporter) == LARGE.text


async def test_headers_that_are_too_large_are_refused(serve: Serve) -> None:
    exporter = await serve(Limits(header_bytes=2000))
    many = b"GET / HTTP/1.1\r\nA: " + b"a" * 1500 + b"\r\nB: " + b"b" * 1500
    assert (await exporter.send(many)).startswith(b"HTTP/1.1 431 ")
    exporter = await serve()
    long = b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n"
    assert (await exporter.send(long)).startswith(b"HTTP/1.0 431 ")
    assert exporter.refusals == [Refusal.BAD_REQUEST]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"Bearer canary\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer canary\x00\r\n\r\n",
        b"GET /canary HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00canary",
    ],
)
async def test_what_is_not_http_is_refused_without_repeating_it(
    serve: Serve, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = await serve()
    with capture_logs() as logs, caplog.at_level(0):
        answer = await exporter.send(request_bytes)
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert exporter.refusals == [Refusal.BAD_REQUEST]
    assert "canary" not in f"{answer!r} {logs} {caplog.text}"


async def test_it_stops_in_time_with_slow_clients_attached(serve: Serve) -> None:
    exporter = await serve(Limits(shutdown_seconds=SHORT), metrics=LARGE)
    for _ in range(50):
        await exporter.connect()
        slow_reader(exporter)
    idle, writer = await exporter.connect()
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    await idle.readuntil(b"alive\n")
    async with asyncio.timeout(5):  # the promise: ten seconds with the default limits
        await exporter.stop()
    assert await idle.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await exporter.connect()


async def test_an_answer_that_goes_on_may_end_while_it_stops(serve: Serve) -> None:
    exporter = await serve(metrics=LARGE)
    reader, writer = await exporter.connect()
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    stopping = asyncio.create_task(exporter.stop())
    body = await reader.read()
    await stopping
    assert body.endswith(b"\r\n0\r\n\r\n")


async def test_a_client_that_leaves_in_the_middle_is_forgotten(serve: Serve) -> None:
    exporter = await serve(Limits(scrapes=1, patience_seconds=60.0), metrics=LARGE)
    client = slow_reader(exporter)
    await asyncio.sleep(SHORT)
    client.close()
    await asyncio.sleep(SHORT)
    assert await scrape(exporter) == LARGE.text


async def test_without_a_free_file_room_is_made(serve: Serve) -> None:
    exporter = await serve()
    waiting = [await exporter.connect() for _ in range(20)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = socket.socket()
    resource.setrlimit(resource.RLIMIT_NOFILE, (files.fileno() + 1, hard))
    try:
        loop = asyncio.get_running_loop()
        files.setblocking(False)
        await loop.sock_connect(files, (exporter.host, exporter.port))
        await loop.sock_sendall(files, b"GET /livez HTTP/1.0\r\n\r\n")
        assert (await loop.sock_recv(files, 1000)).startswith(b"HTTP/1.0 200")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        files.close()
    assert await waiting[0][0].read() == b""
    assert set(exporter.refusals) == {Refusal.CONNECTION_CAP}


def test_the_limit_of_open_files_is_raised_to_its_hard_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        assert raise_open_files_limit() == hard
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_short_answers_that_nobody_reads_pile_up_in_the_kernel_only(serve: Serve) -> None:
    exporter = await serve(Limits(stall_seconds=SHORT, header_bytes=1_000_000_000))
    client = socket.socket()
    exporter.stack.callback(client.close)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((exporter.host, exporter.port))
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    sending = asyncio.create_task(_send_for_ever(loop, client, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 100))
    await until(lambda: Refusal.WRITE_TIMEOUT in exporter.refusals)
    with pytest.raises(ConnectionError):
        await sending


async def _send_for_ever(loop: asyncio.AbstractEventLoop, client: socket.socket, request: bytes) -> None:
    while True:
        await loop.sock_sendall(client, request)
        await asyncio.sleep(0)


async def test_a_client_that_reads_late_gets_every_answer(serve: Serve) -> None:
    exporter = await serve(Limits(header_bytes=1_000_000_000))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((exporter.host, exporter.port))
    reader, writer = await asyncio.open_connection(sock=client, limit=1024)
    exporter.stack.callback(writer.close)
    writer.write(GET * 3000 + GET.replace(b"Host", b"Connection: close\r\nHost"))
    await asyncio.sleep(2 * SHORT)
    assert (await reader.read()).count(b"\r\n0\r\n\r\n") == 3001
    assert exporter.refusals == []
