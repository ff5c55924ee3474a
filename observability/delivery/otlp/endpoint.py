"""A receiver: where it is, how it is spoken to, and what is wrong with that. Pure."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

TIMEOUT_SECONDS: Final = 10.0
"""How long a request may take, unless the user says otherwise. Source: OTLP exporter specification 1.50."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")
_METADATA_KEY: Final = re.compile(r"[0-9a-z_.-]+")
_TAKEN: Final = frozenset({"content-encoding", "content-length", "content-type", "host", "te", "transfer-encoding"})
"""Headers that say how the request is written; the sender knows."""
_PATHS: Final = {"logs": "v1/logs", "traces": "v1/traces"}


class Protocol(StrEnum):
    """How records are sent, in the words of OTEL_EXPORTER_OTLP_PROTOCOL."""

    HTTP = "http/protobuf"
    GRPC = "grpc"


class Compression(StrEnum):
    """How requests are compressed."""

    NONE = "none"
    GZIP = "gzip"


class Endpoint(Struct, frozen=True, kw_only=True):
    """A receiver of OTLP. Its text form shows no headers: they carry credentials."""

    name: str
    """Unique among all sinks: the cursor in the journal is kept by it."""
    endpoint: str | None = None
    """The URL for both signals; HTTP adds /v1/logs and /v1/traces."""
    logs_endpoint: str | None = None
    """The URL for logs as it is, instead of the one above. None and no `endpoint`: this receiver gets no logs."""
    traces_endpoint: str | None = None
    """The URL for traces as it is, instead of the one above. None and no `endpoint`: this receiver gets no traces."""
    protocol: Protocol = Protocol.HTTP
    headers: Mapping[str, str] = {}
    """Sent with each request; as metadata over gRPC."""
    headers_file: Path | None = None
    """A file with further headers, `name: value` a line, read with each request. None: no further ones."""
    certificate: Path | None = None
    """PEM of the CAs that the receiver's certificate may come from; None: those of the system."""
    client_certificate: Path | None = None
    """PEM of the certificate that is shown to the receiver, with its chain; None: none is."""
    client_key: Path | None = None
    """PEM of its key, not encrypted."""
    compression: Compression = Compression.NONE
    timeout_seconds: float = TIMEOUT_SECONDS
    """How long one request may take, with its answer."""
    accept_no_content: bool = False
    """Whether 204 counts as delivered. Loki answers so, against the specification; it cannot say what it rejected."""

    def __repr__(self) -> str:
        return f"Endpoint(name={self.name!r}, logs={logs_url(self)!r}, traces={traces_url(self)!r})"


class Problem(NamedTuple):
    """A field that cannot stay as it is, and what should stand there."""

    field: str
    expected: str


def logs_url(endpoint: Endpoint) -> str | None:
    """Where logs go; None: nowhere."""
    return endpoint.logs_endpoint or _joined(endpoint, "logs")


def traces_url(endpoint: Endpoint) -> str | None:
    """Where traces go; None: nowhere."""
    return endpoint.traces_endpoint or _joined(endpoint, "traces")


def _joined(endpoint: Endpoint, signal: str) -> str | None:
    if endpoint.endpoint is None or endpoint.protocol is Protocol.GRPC:
        return endpoint.endpoint
    return with_path(endpoint.endpoint, signal)


def with_path(base: str, signal: str) -> str:
    """The URL for `logs` or `traces` below a base URL. Source: OTLP exporter specification, endpoint URLs for HTTP."""
    parts = urlsplit(base)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{_PATHS[signal]}").geturl()


def without_query(url: str) -> str:
    """The URL for messages: what comes after a ? may be a key."""
    return url.partition("?")[0]


def problems(endpoint: Endpoint) -> Iterator[Problem]:
    """All that is wrong with it, as far as that can be said without reading files. Values of headers are not shown."""
    urls = [(field, getattr(endpoint, field)) for field in ("endpoint", "logs_endpoint", "traces_endpoint")]
    if not any(url for _, url in urls):
        yield Problem("endpoint", "expected an http or https URL, for example http://collector:4318")
    for field, url in urls:
        if url is not None and (expected := _wrong_url(url)):
            yield Problem(field, expected)
    yield from _wrong_headers(endpoint)
    yield from _wrong_certificates(endpoint)
    if not 0 < endpoint.timeout_seconds <= 600:  # NaN is refused, too
        yield Problem("timeout_seconds", "expected seconds above 0 and at most 600")


def _wrong_url(url: str) -> str:
    """What was expected instead; empty when the URL is fine."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        usable = False
        parts = urlsplit("")
    if not usable or not re.fullmatch(r"[!-~]+", url):
        meant = re.fullmatch(r"[\w.-]+(?::\d{1,5})?(?:/[!-~]*)?", url, re.ASCII)
        return "expected an http or https URL" + (f", for example http://{url}" if meant else "")
    if "@" in parts.netloc:
        return "expected a URL without user name and password: use a header"
    return "expected a URL without a fragment (#)" if parts.fragment else ""


def _wrong_headers(endpoint: Endpoint) -> Iterator[Problem]:
    for name, value in endpoint.headers.items():
        if expected := wrong_header(endpoint.protocol, name, value):
            yield Problem("headers", expected)


def wrong_header(protocol: Protocol, name: str, value: str) -> str:
    """What was expected instead of this header; empty when it is fine. The value is not shown."""
    small, over_grpc = name.lower(), protocol is Protocol.GRPC
    if not (_METADATA_KEY if over_grpc else _TOKEN).fullmatch(small):
        return f"expected the name of a header, got {name[:60]!r}"
    if small in _TAKEN or (over_grpc and small.startswith("grpc-")):
        return f"expected no header {name}: the exporter sets it"
    if over_grpc and small.endswith("-bin"):
        return f"expected no header {name}: binary metadata is not supported"
    return "" if _PRINTABLE.fullmatch(value) else f"expected printable ASCII on one line as the value of {name}"


def _wrong_certificates(endpoint: Endpoint) -> Iterator[Problem]:
    if endpoint.client_key and not endpoint.client_certificate:
        yield Problem("client_certificate", "expected the certificate that belongs to the client key")
    if endpoint.client_certificate and not endpoint.client_key:
        yield Problem("client_key", "expected the key that belongs to the client certificate")
    urls = (endpoint.endpoint, endpoint.logs_endpoint, endpoint.traces_endpoint)
    if endpoint.client_certificate and not any(url and url.lower().startswith("https:") for url in urls):
        yield Problem("client_certificate", "expected an https URL as the endpoint, where it can be shown")
