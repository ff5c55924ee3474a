"""The standard variables of OpenTelemetry: from an environment to endpoints and a resource. Pure.

An empty variable is one that is not set. Variables for one signal win over those for both.
Source: OpenTelemetry specification 1.50, protocol/exporter.md and configuration/sdk-environment-variables.md.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from msgspec.structs import asdict

from observability import __version__
from observability.delivery.otlp.endpoint import TIMEOUT_SECONDS, Compression, Endpoint, Protocol, problems, with_path
from observability.errors import SettingsError
from observability.settings import receivers

NAME: Final = "otlp"
"""The endpoint of the variables; `otlp-logs` and `otlp-traces` when the two are not spoken to alike."""

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_EXPORTERS: Final = ("otlp", "none")
_TIMEOUT_MS_MIN: Final = 100
_RESOURCE: Final = MappingProxyType({"service.name": "gitops-observability", "service.version": __version__})


class _Signal(NamedTuple):
    """Where one signal goes. `url` is complete; `origins`: which variable each field comes from."""

    url: str
    how: Mapping[str, Any]
    origins: Mapping[str, str]


def endpoints(environ: Mapping[str, str]) -> tuple[Endpoint, ...]:
    """The receivers that the variables name: none, one, or one for each signal when they are not spoken to alike.

    There is no default: without a variable that names an endpoint nothing is sent.
    Raises SettingsError that names the variable.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    logs, traces = _signal(environ, "logs"), _signal(environ, "traces")
    if logs and traces and logs.how == traces.how:
        together = Endpoint(name=NAME, logs_endpoint=logs.url, traces_endpoint=traces.url, **logs.how)
        origins = {**logs.origins, "traces_endpoint": traces.origins["traces_endpoint"]}
        return (_checked(together, origins),)
    apart = []
    if logs:
        endpoint = Endpoint(name=f"{NAME}-logs" if traces else NAME, logs_endpoint=logs.url, **logs.how)
        apart.append(_checked(endpoint, logs.origins))
    if traces:
        endpoint = Endpoint(name=f"{NAME}-traces" if logs else NAME, traces_endpoint=traces.url, **traces.how)
        apart.append(_checked(endpoint, traces.origins))
    return tuple(apart)


def filled(given: receivers.Endpoint, environ: Mapping[str, str], where: str = "") -> Endpoint:
    """An endpoint of the settings; how it is spoken to is taken from the variables where the settings leave it open.

    Headers and certificates are not: they are for whom the variables name. `where` is the settings file.
    Raises SettingsError.
    """
    common = _Given(environ, "")
    endpoint = Endpoint(
        name=given.name,
        endpoint=given.endpoint,
        logs_endpoint=given.logs_endpoint,
        traces_endpoint=given.traces_endpoint,
        protocol=Protocol(given.protocol) if given.protocol else common.choice("PROTOCOL", Protocol, Protocol.HTTP),
        headers={name: value.get_secret_value() for name, value in given.headers.items()},
        headers_file=given.headers_file,
        certificate=given.certificate,
        client_certificate=given.client_certificate,
        client_key=given.client_key,
        compression=Compression(given.compression)
        if given.compression
        else common.choice("COMPRESSION", Compression, Compression.NONE),
        timeout_seconds=given.timeout_seconds or common.seconds("TIMEOUT"),
        accept_no_content=given.accept_no_content,
    )
    for problem in problems(endpoint):
        raise SettingsError(where, f"otlp.endpoints.{given.name}.{problem.field}", problem.expected)
    return endpoint


def resource(environ: Mapping[str, str]) -> dict[str, str]:
    """Who sends, as attributes: OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME over what we are by default.

    Raises SettingsError that names the variable.
    """
    named = _pairs("OTEL_RESOURCE_ATTRIBUTES", environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    service = environ.get("OTEL_SERVICE_NAME", "").strip()
    return {**_RESOURCE, **named, **({"service.name": service} if service else {})}


def _signal(environ: Mapping[str, str], signal: str) -> _Signal | None:
    """Where `logs` or `traces` go; None: nowhere."""
    if not _is_exported(environ, signal):
        return None
    given = _Given(environ, signal)
    protocol = given.choice("PROTOCOL", Protocol, Protocol.HTTP)
    variable, url = given.text("ENDPOINT")
    if not url:
        return None
    if protocol is Protocol.GRPC and "://" not in url:
        insecure = given.text("INSECURE")[1].lower() == "true"
        url = f"{'http' if insecure else 'https'}://{url}"
    elif protocol is Protocol.HTTP and variable == f"{_PREFIX}ENDPOINT":
        url = _below(url, signal)
    how = {
        "protocol": protocol,
        "headers": _pairs(*given.text("HEADERS")),
        "certificate": given.path("CERTIFICATE"),
        "client_certificate": given.path("CLIENT_CERTIFICATE"),
        "client_key": given.path("CLIENT_KEY"),
        "compression": given.choice("COMPRESSION", Compression, Compression.NONE),
        "timeout_seconds": given.seconds("TIMEOUT"),
    }
    origins = {field: given.text(field.removesuffix("_seconds").upper())[0] for field in how}
    return _Signal(url, how, {**origins, f"{signal}_endpoint": variable})


def _is_exported(environ: Mapping[str, str], signal: str) -> bool:
    """Whether OTEL_LOGS_EXPORTER or OTEL_TRACES_EXPORTER says otlp, as it does when it is empty, and not none."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    exporter = environ.get(variable, "").strip()
    if exporter.lower() not in ("", *_EXPORTERS):
        raise SettingsError(variable, "", f'expected {" or ".join(_EXPORTERS)}, got "{exporter}"')
    return exporter.lower() != "none"


def _below(url: str, signal: str) -> str:
    """The URL of a signal; one that cannot be used stays as it is, to be shown as it was written."""
    return url if any(problems(Endpoint(name=NAME, endpoint=url))) else with_path(url, signal)


class _Given(NamedTuple):
    """What the environment says about one signal, or, when that is empty, about both."""

    environ: Mapping[str, str]
    signal: str

    def text(self, name: str) -> tuple[str, str]:
        """The variable that says it, and what it says; that for both signals, and empty, when nobody does."""
        common = _PREFIX + name
        own = (f"{_PREFIX}{self.signal.upper()}_{name}",) if self.signal else ()
        for variable in (*own, common):
            if value := self.environ.get(variable, "").strip():
                return variable, value
        return common, ""

    def path(self, name: str) -> Path | None:
        value = self.text(name)[1]
        return Path(value) if value else None

    def choice(self, name: str, words: Any, otherwise: Any) -> Any:
        variable, value = self.text(name)
        if not value:
            return otherwise
        if value.lower() not in tuple(words):
            raise SettingsError(variable, "", f'expected {" or ".join(words)}, got "{value}"')
        return words(value.lower())

    def seconds(self, name: str) -> float:
        """The variable is in milliseconds; who writes 10 means seconds, and would never see an answer."""
        variable, value = self.text(name)
        if not value:
            return TIMEOUT_SECONDS
        milliseconds = float(value) if value.isascii() and value.replace(".", "", 1).isdigit() else math.nan
        if not _TIMEOUT_MS_MIN <= milliseconds <= 600_000:
            expected = f'expected milliseconds from {_TIMEOUT_MS_MIN} to 600000, for example 10000, got "{value}"'
            raise SettingsError(variable, "", expected)
        return milliseconds / 1000


def _pairs(variable: str, text: str) -> dict[str, str]:
    """`key=value,key=value`, percent-encoded. Source: W3C Baggage, without properties. No value is ever shown."""
    pairs: dict[str, str] = {}
    for number, member in enumerate(text.split(","), start=1):
        if not member.strip():
            continue
        key, equals, value = member.partition("=")
        if not equals or not key.strip():
            raise SettingsError(variable, "", f"expected key=value pairs with commas between, entry {number} is none")
        try:
            pairs[unquote(key.strip(), errors="strict")] = unquote(value.strip(), errors="strict")
        except UnicodeDecodeError:
            expected = f"expected percent-encoded UTF-8 in the value of {key.strip()}"
            raise SettingsError(variable, "", expected) from None
    return pairs


def _checked(endpoint: Endpoint, origins: Mapping[str, str]) -> Endpoint:
    for problem in problems(endpoint):
        value = asdict(endpoint).get(problem.field)
        got = f', got "{value}"' if isinstance(value, str) and "@" not in value else ""
        raise SettingsError(origins.get(problem.field, f"{_PREFIX}ENDPOINT"), "", problem.expected + got)
    return endpoint
