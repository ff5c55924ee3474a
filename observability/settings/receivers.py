"""Who is sent what happened: OTLP endpoints and sinks of events, each with a name, an address and a filter. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, field_serializer, field_validator, model_validator

from observability.settings.values import (
    MASK,
    EventGlob,
    File,
    Group,
    HeaderName,
    HeaderValue,
    Many,
    Name,
    PositiveSeconds,
    WebAddress,
    without_repeats,
)

Headers: TypeAlias = Mapping[HeaderName, HeaderValue]


class Filter(Group):
    """What a receiver is sent. Both must let it through."""

    names: Many[EventGlob] = ()
    """Names of events, `*` stands for anything: `gitops.application.*`, `*.deployed`. Empty: all. Spans have none."""
    environments: Annotated[Many[Name], without_repeats(str, "environment")] = ()
    """Environments, `unassigned` too. Empty: all. What belongs to no environment at all goes everywhere."""


def revealed(headers: Headers) -> dict[str, str]:
    """Headers as they are sent."""
    return {name: value.get_secret_value() for name, value in headers.items()}


class Protocol(StrEnum):
    """How OTLP is spoken."""

    GRPC = "grpc"
    HTTP_PROTOBUF = "http/protobuf"


class Compression(StrEnum):
    """How a request is packed."""

    NONE = "none"
    GZIP = "gzip"


class Endpoint(Group):
    """A receiver of OTLP logs and traces: a collector or a backend. What is left out, the OTEL_ variables may fill.

    For example `{endpoint: "https://collector:4318", headers: {authorization: "Bearer …"}, compression: gzip}`.
    """

    name: Name = ""
    """Unique among all endpoints and sinks: what it has is remembered by it. Left out: the host of its address."""
    endpoint: WebAddress | None = None
    """Where logs and traces go; with http/protobuf /v1/logs and /v1/traces are added. None: only to the next two."""
    logs_endpoint: WebAddress | None = None
    """Where logs go, used as it is. None: as `endpoint` says, and without that nowhere."""
    traces_endpoint: WebAddress | None = None
    """Where traces go, used as it is. None: as `endpoint` says, and without that nowhere."""
    protocol: Protocol | None = None
    """None: as OTEL_EXPORTER_OTLP_PROTOCOL says, else http/protobuf."""
    headers: Headers = Field(default_factory=dict)
    """Sent with each request. Their values are secrets and are never shown."""
    headers_file: File | None = None
    """A file with further headers, one `name: value` a line, read anew when it changes. None: no further ones."""
    certificate: File | None = None
    """PEM certificates of the authorities that are trusted. None: those of the system."""
    client_certificate: File | None = None
    """The PEM certificate to show. None: none."""
    client_key: File | None = None
    """The PEM key of `client_certificate`."""
    compression: Compression | None = None
    """None: as OTEL_EXPORTER_OTLP_COMPRESSION says, else none."""
    timeout_seconds: Annotated[PositiveSeconds, Field(le=600)] | None = None
    """For one request until its answer is complete. None: as OTEL_EXPORTER_OTLP_TIMEOUT says, else 10 s."""
    accept_no_content: bool = False
    """Take an answer 204 without content for delivered. Loki answers logs so; what it rejected is then not known."""
    filter: Filter = Filter()
    """What it is sent."""

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_host(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("name") is None:
            addresses = (given.get(key) for key in ("endpoint", "logs_endpoint", "traces_endpoint"))
            return {**given, "name": next((host for host in map(_host, addresses) if host), "otlp")}
        return given

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.endpoint is None and self.logs_endpoint is None and self.traces_endpoint is None:
            raise ValueError("expected endpoint, logs_endpoint or traces_endpoint, an http or https URL")
        if (self.client_certificate is None) is not (self.client_key is None):
            raise ValueError("expected client_certificate and client_key together")
        return self


def _host(address: object) -> str | None:
    try:
        return urlsplit(address).hostname if isinstance(address, str) else None
    except ValueError:  # an IPv6 address that is none; the field says so
        return None


class Otlp(Group):
    """Logs and traces by OTLP."""

    endpoints: Annotated[Many[Endpoint], without_repeats(lambda one: one.name, "name")] = ()
    """Each has a cursor of its own: one that is away holds no other back. Empty: as the OTEL_ variables say."""


class SinkType(StrEnum):
    """The sinks that are built in."""

    JSONLINES = "jsonlines"
    CDEVENTS = "cdevents"
    GRAFANA = "grafana"


_KEYS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    SinkType.JSONLINES: (frozenset({"file"}), frozenset()),
    SinkType.CDEVENTS: (frozenset({"url"}), frozenset({"token_file", "headers", "timeout_seconds"})),
    SinkType.GRAFANA: (frozenset({"url", "token_file"}), frozenset({"headers", "timeout_seconds"})),
}
"""By type: the keys it needs, and those it also takes. A plugin takes all."""
_OF_ALL: Final = frozenset({"name", "type", "filter"})


class EventSink(Group):
    """A receiver of events beside OTLP, with the same guarantee: each event at least once, with one id.

    For example `{type: jsonlines, file: events.jsonl}`, `{type: cdevents, url: "https://broker/events"}` or
    `{type: grafana, url: "https://grafana", token_file: token, filter: {environments: [prod]}}`.
    """

    name: Name = ""
    """Unique among all endpoints and sinks: what it has is remembered by it. Left out: its type."""
    type: Name
    """`jsonlines`: events as lines of JSON in `file`. `cdevents`: deployments as CDEvents, by HTTP to `url`. `grafana`:
    deployments, rollbacks and degraded times as annotations of the Grafana at `url`. Else one of `plugins`."""
    file: File | None = None
    """For jsonlines: it is added to, and made anew when it was moved away. `-` is stdout."""
    url: WebAddress | None = None
    """For cdevents where each event is posted, for grafana where its start page is."""
    token_file: File | None = None
    """A file with a bearer token, read anew for each request. None: no token."""
    headers: Headers = Field(default_factory=dict)
    """Sent with each request. Their values are secrets and are never shown."""
    timeout_seconds: PositiveSeconds = 10.0
    """For one request until its answer is complete."""
    options: Mapping[str, JsonValue] = Field(default_factory=dict, repr=False)
    """For a plugin: what it wants to know. Never shown, it may be secret."""
    filter: Filter = Filter()
    """What it is sent."""

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_type(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("name") is None and isinstance(given.get("type"), str):
            return {**given, "name": given["type"]}
        return given

    @model_validator(mode="after")
    def _keys_fit_the_type(self) -> Self:
        if self.type not in _KEYS:
            return self
        needed, possible = _KEYS[self.type]
        missing = sorted(key for key in needed if getattr(self, key) is None)
        if missing:
            raise ValueError(f"expected {' and '.join(missing)} with type {self.type}")
        unused = sorted(key for key in self.model_fields_set - needed - possible - _OF_ALL if getattr(self, key))
        if unused:
            raise ValueError(f"expected no {' and no '.join(unused)} with type {self.type}")
        return self

    @field_serializer("options", when_used="json")
    def _hidden(self, options: Mapping[str, JsonValue]) -> dict[str, str]:
        return dict.fromkeys(options, MASK)


class Events(Group):
    """What happened, beside OTLP, and how it is told."""

    sinks: Annotated[Many[EventSink], without_repeats(lambda one: one.name, "name")] = ()
    """Receivers beside OTLP. Each has a cursor of its own."""
    hash_initiators: bool = False
    """Tell a keyed hash of the names of people instead of the names."""
    hash_key_file: File | None = None
    """A file with the key of that hash, at least 16 bytes; with another key people get other hashes."""

    @field_validator("sinks")
    @classmethod
    def _one_writer_a_file(cls, sinks: tuple[EventSink, ...]) -> tuple[EventSink, ...]:
        files = [sink.file for sink in sinks if sink.file is not None]
        for file in files:
            if files.count(file) > 1:
                raise ValueError(f"expected each file in one sink, {file} is in {files.count(file)}")
        return sinks

    @model_validator(mode="after")
    def _a_hash_has_a_key(self) -> Self:
        if self.hash_initiators and self.hash_key_file is None:
            raise ValueError("expected hash_key_file, a file with a secret key, when hash_initiators is true")
        return self
