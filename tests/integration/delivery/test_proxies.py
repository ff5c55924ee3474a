"""Receivers behind a proxy: OTLP over HTTP and the sinks go through it, and take no password from ~/.netrc along."""

import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from observability.delivery.otlp.endpoint import Endpoint
from observability.delivery.otlp.http import HttpSender
from observability.delivery.sinks.posting import Call, Poster
from observability.errors import Later
from observability.settings.receivers import EventSink
from tests.builders import NOON
from tests.fakes.forward_proxy import ForwardProxy
from tests.fakes.receiver import Receiver, says

VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
OTLP = {"Content_Type": "application/x-protobuf"}


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy but what a test says, and a ~/.netrc with a password for everything here."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login jo password netrc-secret\ndefault login jo password netrc-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))


@pytest.fixture
async def proxy() -> AsyncIterator[ForwardProxy]:
    async with ForwardProxy().serving() as serving:
        yield serving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().serving() as serving:
        yield serving


async def export(url: str, headers: Mapping[str, str], certificate: Path | None = None) -> None:
    endpoint = Endpoint(name="behind", endpoint=url, headers=dict(headers), certificate=certificate)
    sender = HttpSender(endpoint, lambda: NOON)
    try:
        await sender.logs(ExportLogsServiceRequest())
    finally:
        await sender.close()


async def post(url: str, headers: Mapping[str, str]) -> None:
    poster = Poster(EventSink.model_validate({"type": "cdevents", "url": url, "headers": dict(headers)}))
    try:
        await poster.send(Call("POST", url, b"{}"))
    finally:
        await poster.close()


CLIENTS: dict[str, Callable[[str, Mapping[str, str]], Awaitable[None]]] = {"otlp": export, "sink": post}


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer ours"}])
@pytest.mark.parametrize("client", CLIENTS)
async def test_it_is_gone_through_and_no_password_of_the_netrc_is_sent(
    monkeypatch: pytest.MonkeyPatch, proxy: ForwardProxy, receiver: Receiver, client: str, headers: dict[str, str]
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    receiver.answers = [says(200, **OTLP)]
    await CLIENTS[client](receiver.url, headers)
    (received,) = receiver.received
    assert received.headers.get("authorization") == headers.get("authorization")
    (asked,) = proxy.asked
    assert asked.startswith(f"POST {receiver.url}")
    assert "proxy-authorization" not in asked


@pytest.mark.parametrize("client", CLIENTS)
async def test_who_is_excepted_is_reached_directly(
    monkeypatch: pytest.MonkeyPatch, proxy: ForwardProxy, receiver: Receiver, client: str
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    receiver.answers = [says(200, **OTLP)]
    await CLIENTS[client](receiver.url, {})
    assert len(receiver.received) == 1
    assert proxy.asked == []


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_proxy_may_want_a_password_and_that_is_never_told(
    monkeypatch: pytest.MonkeyPatch, proxy: ForwardProxy, receiver: Receiver, client: str
) -> None:
    proxy.authorization = f"Basic {base64.b64encode(b'jo:proxy-secret').decode()}"
    receiver.answers = [says(200, **OTLP)]
    monkeypatch.setenv("http_proxy", f"http://jo:proxy-secret@{proxy.address}")
    await CLIENTS[client](receiver.url, {})
    assert len(receiver.received) == 1
    assert "proxy-authorization" not in receiver.received[0].headers
    monkeypatch.setenv("http_proxy", f"http://jo:proxy-wrong@{proxy.address}")
    with pytest.raises(Later) as caught:
        await CLIENTS[client](receiver.url, {})
    assert "407" in str(caught.value)
    assert "proxy-wrong" not in str(caught.value)
    monkeypatch.setenv("http_proxy", "http://jo:proxy-wrong@127.0.0.1:1")
    with pytest.raises(Later) as caught:
        await CLIENTS[client](receiver.url, {})
    assert "proxy-wrong" not in str(caught.value)


async def test_tls_goes_through_it_to_the_receiver(
    monkeypatch: pytest.MonkeyPatch, proxy: ForwardProxy, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    shown: list[str | None] = []

    async def take(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Authorization"))
        return web.Response(content_type="application/x-protobuf")

    application = web.Application()
    application.router.add_post("/v1/logs", take)
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=context)
    monkeypatch.setenv("https_proxy", proxy.address)
    url = server.make_url("")
    await export(str(url), {}, trusted)
    await server.close()
    assert shown == [None]
    assert proxy.asked[0].startswith(f"CONNECT 127.0.0.1:{url.port} ")
