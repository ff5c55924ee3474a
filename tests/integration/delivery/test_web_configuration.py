"""TLS, client certificates and reloading, with real handshakes."""

import asyncio
import datetime
import shutil
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from structlog.testing import capture_logs

from observability.delivery import reloading
from observability.delivery.guards import Limits, Refusal
from observability.errors import SettingsError
from tests.fakes.body import TEXT, FixedBody
from tests.fakes.exporter import NOON, Exporter, Serve, until

QUICK: Final = Limits(reload_seconds=0.02)
PLAIN_TLS: Final = {"cert_file": "tls.crt", "key_file": "tls.key"}


def write_certificate(folder: Path, authority: trustme.CA, not_after: datetime.datetime | None = None) -> None:
    certificate = authority.issue_cert("127.0.0.1", "localhost", not_after=not_after)
    (folder / "tls.crt").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(folder / "tls.key")


def write_config(folder: Path, keys: Mapping[str, str] = PLAIN_TLS, more: str = "") -> Path:
    file = folder / "web.yaml"
    text = "".join(f"  {key}: {value}\n" for key, value in keys.items())
    file.write_text((f"tls_server_config:\n{text}" if text else "") + more)
    return file


def trusting(authority: trustme.CA, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    return context


async def scrape(exporter: Exporter, context: ssl.SSLContext) -> bytes:
    async with aiohttp.ClientSession() as client, client.get(exporter.url(scheme="https"), ssl=context) as response:
        return await response.read()


async def serial(exporter: Exporter) -> bytes:
    """The certificate that is shown to the next connection."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(exporter.host, exporter.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    assert isinstance(shown, bytes)
    return shown


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA) -> Path:
    write_certificate(tmp_path, authority)
    return tmp_path


async def test_tls_from_files_beside_the_configuration(serve: Serve, folder: Path, authority: trustme.CA) -> None:
    exporter = await serve(web_config=write_config(folder))
    assert await scrape(exporter, trusting(authority)) == TEXT
    assert [reload.successful for reload in exporter.reloads] == [True]
    assert (exporter.reloads[0].certificate_ends_at or 0.0) > NOON
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await scrape(exporter, trusting(trustme.CA()))


async def test_plain_http_on_a_tls_port_is_refused(serve: Serve, folder: Path) -> None:
    exporter = await serve(web_config=write_config(folder))
    _, writer = await exporter.connect()
    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
    await until(lambda: exporter.refusals == [Refusal.HANDSHAKE])


async def test_a_handshake_that_does_not_come_is_timed(serve: Serve, folder: Path) -> None:
    exporter = await serve(Limits(header_seconds=0.1), web_config=write_config(folder))
    assert await exporter.send(b"") == b""
    assert exporter.refusals == [Refusal.HEADER_TIMEOUT]


async def test_it_stops_with_handshakes_under_way(serve: Serve, folder: Path) -> None:
    exporter = await serve(web_config=write_config(folder))
    reader, _ = await exporter.connect()
    await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        await exporter.stop()
    assert await reader.read() == b""


async def test_a_client_certificate_is_verified_where_it_is_required(
    serve: Serve, folder: Path, authority: trustme.CA
) -> None:
    clients, strangers = trustme.CA(), trustme.CA()
    clients.cert_pem.write_to_path(folder / "ca.crt")
    keys = {**PLAIN_TLS, "client_ca_file": "ca.crt", "client_auth_type": "RequireAndVerifyClientCert"}
    exporter = await serve(web_config=write_config(folder, keys))
    assert await scrape(exporter, trusting(authority, clients.issue_cert("prometheus"))) == TEXT
    for context in (trusting(authority), trusting(authority, strangers.issue_cert("prometheus"))):
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await scrape(exporter, context)
    await until(lambda: set(exporter.refusals) == {Refusal.HANDSHAKE})


async def test_a_client_certificate_may_be_left_out_where_it_is_optional(
    serve: Serve, folder: Path, authority: trustme.CA
) -> None:
    clients = trustme.CA()
    clients.cert_pem.write_to_path(folder / "ca.crt")
    keys = {**PLAIN_TLS, "client_ca_file": "ca.crt", "client_auth_type": "VerifyClientCertIfGiven"}
    exporter = await serve(web_config=write_config(folder, keys))
    assert await scrape(exporter, trusting(authority)) == TEXT
    assert await scrape(exporter, trusting(authority, clients.issue_cert("prometheus"))) == TEXT
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await scrape(exporter, trusting(authority, trustme.CA().issue_cert("prometheus")))


async def test_another_client_ca_is_in_force_for_the_next_connection(
    serve: Serve, folder: Path, authority: trustme.CA
) -> None:
    old, new = trustme.CA(), trustme.CA()
    old.cert_pem.write_to_path(folder / "ca.crt")
    keys = {**PLAIN_TLS, "client_ca_file": "ca.crt", "client_auth_type": "RequireAndVerifyClientCert"}
    exporter = await serve(QUICK, web_config=write_config(folder, keys))
    known = trusting(authority, old.issue_cert("prometheus"))
    assert await scrape(exporter, known) == TEXT
    new.cert_pem.write_to_path(folder / "ca.crt")
    await until(lambda: len(exporter.reloads) == 2)
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await scrape(exporter, known)
    assert await scrape(exporter, trusting(authority, new.issue_cert("prometheus"))) == TEXT


@pytest.mark.parametrize(
    ("versions", "client", "agreed"),
    [
        ({}, ssl.TLSVersion.TLSv1_3, True),
        ({}, ssl.TLSVersion.TLSv1_2, True),
        ({}, ssl.TLSVersion.TLSv1_1, False),
        ({"min_version": "TLS13"}, ssl.TLSVersion.TLSv1_2, False),
        ({"max_version": "TLS12"}, ssl.TLSVersion.TLSv1_3, False),
        ({"min_version": "TLS10"}, ssl.TLSVersion.TLSv1_1, True),
    ],
)
async def test_versions_are_as_configured(
    serve: Serve,
    folder: Path,
    authority: trustme.CA,
    versions: dict[str, str],
    client: ssl.TLSVersion,
    agreed: bool,
) -> None:
    exporter = await serve(web_config=write_config(folder, {**PLAIN_TLS, **versions}))
    context = trusting(authority)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = client
    if agreed:
        assert await scrape(exporter, context) == TEXT
    else:
        with pytest.raises(aiohttp.ClientError):
            await scrape(exporter, context)


async def test_a_swapped_certificate_is_shown_to_the_next_connection_and_disturbs_no_other(
    serve: Serve, folder: Path, authority: trustme.CA
) -> None:
    exporter = await serve(QUICK, web_config=write_config(folder))
    before = await serial(exporter)
    async with aiohttp.ClientSession() as client:
        async with client.get(exporter.url(scheme="https"), ssl=trusting(authority)) as response:
            await response.read()
        write_certificate(folder, authority)
        await until(lambda: exporter.reloads[-1].successful and len(exporter.reloads) > 1)
        async with client.get(exporter.url(scheme="https"), ssl=trusting(authority)) as response:
            assert await response.read() == TEXT
    assert await serial(exporter) != before


async def test_a_kubernetes_secret_changes_by_a_symbolic_link(
    serve: Serve, tmp_path: Path, authority: trustme.CA
) -> None:
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        write_certificate(tmp_path / name, authority)
    (tmp_path / "..data").symlink_to("1")
    keys = {"cert_file": "..data/tls.crt", "key_file": "..data/tls.key"}
    exporter = await serve(QUICK, web_config=write_config(tmp_path, keys))
    before = await serial(exporter)
    (tmp_path / "..next").symlink_to("2")
    (tmp_path / "..next").rename(tmp_path / "..data")
    await until(lambda: len(exporter.reloads) == 2)
    assert exporter.reloads[-1].successful
    assert await serial(exporter) != before


async def test_a_bad_change_is_told_once_and_changes_nothing(serve: Serve, folder: Path, authority: trustme.CA) -> None:
    file = write_config(folder)
    exporter = await serve(QUICK, web_config=file)
    good = exporter.reloads[0].certificate_ends_at
    with capture_logs() as logs:
        file.write_text(file.read_text() + "rate_limit: {}\n")
        await until(lambda: len(exporter.reloads) == 2)
        await asyncio.sleep(5 * QUICK.reload_seconds)
    errors = [entry for entry in logs if entry["log_level"] == "error"]
    assert [entry["error"] for entry in errors] == [
        f"{file}: rate_limit: unknown key, expected one of tls_server_config, basic_auth_users, http_server_config"
    ]
    assert (exporter.reloads[-1].successful, exporter.reloads[-1].certificate_ends_at) == (False, good)
    assert await scrape(exporter, trusting(authority)) == TEXT
    write_config(folder)
    await until(lambda: len(exporter.reloads) == 3)
    assert exporter.reloads[-1].successful


async def test_a_file_that_is_missing_for_a_while_changes_nothing(
    serve: Serve, folder: Path, authority: trustme.CA
) -> None:
    exporter = await serve(QUICK, web_config=write_config(folder))
    (folder / "tls.key").rename(folder / "away")
    await until(lambda: len(exporter.reloads) == 2)
    assert not exporter.reloads[-1].successful
    assert await scrape(exporter, trusting(authority)) == TEXT
    (folder / "away").rename(folder / "tls.key")
    await until(lambda: exporter.reloads[-1].successful)


@pytest.mark.parametrize("step", ["fingerprint", "load"])
async def test_a_defect_is_told_once_and_ends_nothing(
    serve: Serve, folder: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def defective(file: Path) -> None:
        raise ZeroDivisionError(f"{file} is too much")

    exporter = await serve(QUICK, web_config=write_config(folder))
    before = await serial(exporter)
    with capture_logs() as logs:
        monkeypatch.setattr(reloading, step, defective)
        write_certificate(folder, authority)
        await until(lambda: len(exporter.reloads) == 2)
        await asyncio.sleep(5 * QUICK.reload_seconds)
        monkeypatch.undo()
        await until(lambda: len(exporter.reloads) == 3)
    assert [reload.successful for reload in exporter.reloads] == [True, False, True]
    (error,) = (entry for entry in logs if entry["log_level"] == "error")
    assert isinstance(error["exc_info"], ZeroDivisionError)
    assert await serial(exporter) != before


async def test_what_could_not_be_loaded_is_tried_again_though_it_looks_the_same(
    serve: Serve, folder: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files were swapped between two looks of the exporter at them."""
    really, failures = reloading.load, 1

    def once_in_vain(file: Path) -> reloading.Loaded:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise SettingsError(str(file), "", "expected a readable file")
        return really(file)

    exporter = await serve(QUICK, web_config=write_config(folder))
    monkeypatch.setattr(reloading, "load", once_in_vain)
    write_certificate(folder, authority)
    await until(lambda: len(exporter.reloads) == 3)
    assert [reload.successful for reload in exporter.reloads] == [True, False, True]


async def test_tls_is_switched_on_and_off_without_a_restart(serve: Serve, folder: Path, authority: trustme.CA) -> None:
    file = write_config(folder, {})
    exporter = await serve(QUICK, web_config=file)
    assert (await exporter.send(b"GET /metrics HTTP/1.0\r\n\r\n")).endswith(TEXT)
    write_config(folder)
    await until(lambda: len(exporter.reloads) == 2)
    assert await scrape(exporter, trusting(authority)) == TEXT
    write_config(folder, {})
    await until(lambda: len(exporter.reloads) == 3)
    assert (await exporter.send(b"GET /metrics HTTP/1.0\r\n\r\n")).endswith(TEXT)


async def test_an_expired_certificate_is_served_and_shouted_about(
    serve: Serve, tmp_path: Path, authority: trustme.CA
) -> None:
    past = datetime.datetime.fromtimestamp(NOON - 86400, datetime.UTC)
    write_certificate(tmp_path, authority, past)
    with capture_logs() as logs:
        exporter = await serve(web_config=write_config(tmp_path))
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "the certificate is not valid now: clients that verify it will refuse it"
    ]
    assert exporter.reloads[0].certificate_ends_at == NOON - 86400
    assert await serial(exporter)


async def test_a_chain_ends_with_its_first_certificate_to_end(
    serve: Serve, folder: Path, authority: trustme.CA
) -> None:
    soon = datetime.datetime.fromtimestamp(NOON + 86400, datetime.UTC)
    shorter = authority.issue_cert("localhost", not_after=soon).cert_chain_pems[0].bytes()
    (folder / "tls.crt").write_bytes((folder / "tls.crt").read_bytes() + shorter)
    exporter = await serve(web_config=write_config(folder))
    assert exporter.reloads[0].certificate_ends_at == soon.timestamp()


async def test_headers_are_those_of_the_file(serve: Serve, tmp_path: Path) -> None:
    more = "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Content-Security-Policy: ''\n"
    exporter = await serve(web_config=write_config(tmp_path, {}, more))
    async with aiohttp.ClientSession() as client, client.get(exporter.url("/")) as response:
        assert response.headers["X-Frame-Options"] == "sameorigin"
        assert "Content-Security-Policy" not in response.headers


def encrypt(folder: Path) -> None:
    key = load_pem_private_key((folder / "tls.key").read_bytes(), None)
    how = BestAvailableEncryption(b"secret")
    (folder / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))


def swap_the_key(folder: Path) -> None:
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(folder / "tls.key")


@pytest.mark.parametrize(
    ("spoil", "key", "expected"),
    [
        (lambda folder: (folder / "tls.crt").unlink(), "cert_file", "No such file"),
        (lambda folder: (folder / "tls.key").unlink(), "key_file", "No such file"),
        (lambda folder: (folder / "tls.crt").write_text("nothing"), "cert_file", "expected a certificate"),
        (lambda folder: (folder / "tls.key").write_text("nothing"), "cert_file", "expected a certificate and its key"),
        (swap_the_key, "cert_file", "belongs to the key"),
        (encrypt, "cert_file", "not encrypted"),
        (lambda folder: (folder / "ca.crt").write_text("nothing"), "client_ca_file", "certificates in PEM"),
        (lambda folder: (folder / "ca.crt").unlink(), "client_ca_file", "No such file"),
    ],
)
async def test_what_cannot_be_served_is_named_at_the_start(
    serve: Serve, folder: Path, spoil: object, key: str, expected: str
) -> None:
    shutil.copy(folder / "tls.crt", folder / "ca.crt")
    assert callable(spoil)
    spoil(folder)
    keys = {**PLAIN_TLS, "client_ca_file": "ca.crt", "client_auth_type": "RequireAndVerifyClientCert"}
    with pytest.raises(SettingsError, match=expected) as raised:
        await serve(web_config=write_config(folder, keys))
    assert raised.value.key == f"tls_server_config.{key}"
    assert raised.value.where == str(folder / "web.yaml")


async def test_a_web_configuration_that_is_not_there_is_named(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"web\.yaml: expected a readable file"):
        await serve(web_config=tmp_path / "web.yaml")


async def test_the_write_deadline_holds_for_tls_too(serve: Serve, folder: Path, authority: trustme.CA) -> None:
    body = FixedBody(b"more than the kernel takes for a client that does not read\n" * 700_000, 100_000)
    exporter = await serve(Limits(stall_seconds=0.3), metrics=body, web_config=write_config(folder))
    context = trusting(authority)
    assert await scrape(exporter, context) == body.text
    reader, writer = await asyncio.open_connection(exporter.host, exporter.port, ssl=context, limit=4096)
    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: exporter.refusals == [Refusal.WRITE_TIMEOUT])
    writer.transport.abort()
