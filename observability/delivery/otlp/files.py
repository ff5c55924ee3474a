"""The files that an endpoint names: for TLS, and with headers. I/O: reads them. Errors name the endpoint and its field.

They are read again with each new connection, and headers with each request: certificates and tokens change.
"""

import ssl
from pathlib import Path

from observability.delivery.otlp.endpoint import Endpoint, wrong_header
from observability.errors import SettingsError


def context(endpoint: Endpoint) -> ssl.SSLContext:
    """TLS as the endpoint wants it. Raises SettingsError."""
    read(endpoint)
    made = ssl.create_default_context()
    if endpoint.certificate is not None:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # those CAs, and not those of the system
        try:
            made.load_verify_locations(endpoint.certificate)
        except ssl.SSLError as error:
            expected = f"expected certificates in PEM: {endpoint.certificate} ({error.reason or 'none found'})"
            raise _wrong(endpoint, "certificate", expected) from None
    if endpoint.client_certificate is not None:
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            made.load_cert_chain(endpoint.client_certificate, endpoint.client_key, password=lambda: b"")
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None) or "not usable"
            files = f"{endpoint.client_certificate}, {endpoint.client_key}"
            expected = f"expected a certificate and its key, not encrypted, both in PEM: {files} ({reason})"
            raise _wrong(endpoint, "client_certificate", expected) from None
    return made


def read(endpoint: Endpoint) -> tuple[bytes | None, bytes | None, bytes | None]:
    """The certificate of the CA, the client's and its key, each None when there is none. Raises SettingsError."""
    return (
        _content(endpoint, "certificate", endpoint.certificate),
        _content(endpoint, "client_certificate", endpoint.client_certificate),
        _content(endpoint, "client_key", endpoint.client_key),
    )


def headers(endpoint: Endpoint) -> dict[str, str]:
    """The headers of each request: those of the endpoint, and those of its file, which win. Raises SettingsError."""
    content = _content(endpoint, "headers_file", endpoint.headers_file)
    return {**endpoint.headers, **_parsed(endpoint, content or b"")}


def _parsed(endpoint: Endpoint, content: bytes) -> dict[str, str]:
    """`name: value` a line; empty lines and those that begin with # are none. No value is ever shown."""
    found: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, value = line.partition(":")
        expected = "expected name: value" if not colon else wrong_header(endpoint.protocol, name.strip(), value.strip())
        if expected:
            raise _wrong(endpoint, "headers_file", f"{endpoint.headers_file}: line {number}: {expected}")
        found[name.strip()] = value.strip()
    return found


def _content(endpoint: Endpoint, field: str, file: Path | None) -> bytes | None:
    try:
        return None if file is None else file.read_bytes()
    except OSError as error:
        raise _wrong(endpoint, field, f"expected a readable file: {file} ({error.strerror})") from None


def _wrong(endpoint: Endpoint, field: str, expected: str) -> SettingsError:
    return SettingsError(f"OTLP endpoint {endpoint.name}", field, expected)
