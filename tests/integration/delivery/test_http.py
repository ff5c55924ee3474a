"""What a client gets, over real sockets."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from observability.delivery.http import Serving, serving
from observability.delivery.site import CONTENT_TYPE, Site
from observability.errors import DeliveryError, SettingsError
from tests.fakes.body import TEXT, FixedBody
from tests.fakes.exporter import Serve


def samples(text: bytes) -> int:
    return sum(len(family.samples) for family in text_string_to_metric_families(text.decode()))


@pytest.mark.parametrize(
    ("wanted", "encoding"),
    [("gzip", "gzip"), ("gzip;q=0", None), ("", None), (None, None), ("deflate, br;q=1.0, *;q=0.5", "gzip")],
)
@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=1.0.0", "text/plain"])
async def test_metrics_are_text_0_0_4_in_the_encoding_that_is_wanted(
    serve: Serve, wanted: str | None, encoding: str | None, accept: str
) -> None:
    exporter = await serve()
    skip = None if wanted is not None else ["Accept-Encoding"]
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=skip) as client:
        headers = {"Accept": accept} | ({"Accept-Encoding": wanted} if wanted is not None else {})
        async with client.get(exporter.url("/metrics?name=x"), headers=headers) as response:
            body = await response.read()
    assert response.status == 200
    assert response.headers["Content-Type"] == CONTENT_TYPE
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers.get("Content-Encoding") == encoding
    text = gzip.decompress(body) if encoding else body
    assert text == TEXT
    assert samples(text) == 100


async def test_an_empty_body_is_an_answer_too(serve: Serve) -> None:
    exporter = await serve(metrics=FixedBody(b""))
    async with aiohttp.ClientSession() as client, client.get(exporter.url()) as response:
        assert (response.status, await response.read()) == (200, b"")


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz", "/", "/nowhere"])
async def test_head_is_get_without_the_body(serve: Serve, path: str) -> None:
    exporter = await serve()
    unlike = {"Date", "Transfer-Encoding"}
    async with aiohttp.ClientSession() as client:
        for encoding in ("gzip", "identity"):
            headers = {"Accept-Encoding": encoding}
            async with client.get(exporter.url(path), headers=headers) as got:
                await got.read()
            async with client.head(exporter.url(path), headers=headers) as head:
                assert await head.read() == b""
            assert head.status == got.status
            assert {k: v for k, v in head.headers.items() if k not in unlike} == {
                k: v for k, v in got.headers.items() if k not in unlike
            }


async def test_http_1_0_gets_everything_and_then_the_end(serve: Serve) -> None:
    exporter = await serve()
    answer = await exporter.send(b"GET /metrics HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK")
    assert b"chunked" not in head
    assert body == TEXT


async def test_one_connection_serves_many_requests_also_when_they_come_at_once(serve: Serve) -> None:
    exporter = await serve()
    request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await exporter.send(request * 3 + request.replace(b"Host", b"Connection: close\r\nHost"))
    assert answer.count(b"HTTP/1.1 200 OK") == 4


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
async def test_other_methods_are_not_allowed(serve: Serve, method: str) -> None:
    exporter = await serve()
    async with aiohttp.ClientSession() as client, client.request(method, exporter.url("/metrics")) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


async def test_a_body_is_refused_and_not_read(serve: Serve) -> None:
    exporter = await serve()
    answer = await exporter.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_unknown_paths_say_what_there_is(serve: Serve) -> None:
    exporter = await serve()
    async with aiohttp.ClientSession() as client, client.get(exporter.url("/metric")) as response:
        assert response.status == 404
        assert "/metrics" in await response.text()


async def test_readiness_tells_what_is_missing_and_liveness_does_not_care(serve: Serve) -> None:
    exporter = await serve()
    exporter.waiting_for = ["applications are not listed yet", "appprojects are not listed yet"]
    async with aiohttp.ClientSession() as client:
        async with client.get(exporter.url("/readyz")) as response:
            assert response.status == 503
            assert (await response.text()).splitlines() == [f"not ready: {reason}" for reason in exporter.waiting_for]
        async with client.get(exporter.url("/livez")) as response:
            assert response.status == 200
        exporter.waiting_for = []
        async with client.get(exporter.url("/readyz")) as response:
            assert (response.status, await response.text()) == (200, "ready\n")


async def test_the_index_links_everything_and_carries_its_policy(serve: Serve) -> None:
    exporter = await serve(watched=["<script>alert(1)</script>"])
    async with aiohttp.ClientSession() as client, client.get(exporter.url("/")) as response:
        text = await response.text()
    assert all(f'href="{path}"' in text for path in ("/metrics", "/livez", "/readyz"))
    assert "1.2.3" in text
    assert "<script>" not in text
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "aiohttp" not in response.headers["Server"]


async def test_a_failing_body_is_an_error_and_not_half_an_answer(serve: Serve) -> None:
    class Failing(FixedBody):
        async def gzip(self) -> list[bytes]:
            raise RuntimeError("no text today")

    exporter = await serve(metrics=Failing())
    async with aiohttp.ClientSession() as client:
        async with client.get(exporter.url()) as response:
            assert response.status == 500
            assert "today" not in await response.text()
        async with client.get(exporter.url("/livez")) as response:
            assert response.status == 200


async def test_a_body_that_fails_on_the_way_is_broken_off(serve: Serve) -> None:
    class Failing(FixedBody):
        async def identity(self) -> AsyncIterator[bytes]:
            yield TEXT
            raise RuntimeError("no more text today")

    exporter = await serve(metrics=Failing())
    answer = await exporter.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert TEXT in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert b"today" not in answer


async def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        how = Serving(listen=f"127.0.0.1:{port}", clock=lambda: 0.0)
        with pytest.raises(DeliveryError, match=f"cannot listen on 127.0.0.1:{port}: address already in use") as raised:
            async with serving(_site(), how):
                pass
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(("listen", "why"), [("no.such.host.invalid:0", "cannot listen on"), ("192.0.2.1:0", "assign")])
async def test_an_address_that_is_not_here_is_named(listen: str, why: str) -> None:
    with pytest.raises(DeliveryError, match=why):
        async with serving(_site(), Serving(listen=listen, clock=lambda: 0.0)):
            pass


async def test_a_bad_address_is_a_bad_setting() -> None:
    with pytest.raises(SettingsError, match="HOST:PORT"):
        async with serving(_site(), Serving(listen="nine", clock=lambda: 0.0)):
            pass


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
async def test_no_host_is_every_interface_of_both_families(serve: Serve) -> None:
    exporter = await serve(listen=":0")
    for host in ("127.0.0.1", "::1"):
        reader, writer = await asyncio.open_connection(host, exporter.port)
        writer.write(b"GET /livez HTTP/1.0\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.0 200")
        writer.close()
    only = await serve(listen="[::1]:0")
    assert only.host == "::1"


def _site() -> Site:
    return Site(metrics=FixedBody(), waiting_for=list, watched=list, version="1.2.3")
