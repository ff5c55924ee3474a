"""The standard variables of OpenTelemetry."""

from pathlib import Path

import pytest

from observability.delivery.otlp.endpoint import Compression, Endpoint, Protocol, logs_url, traces_url
from observability.delivery.otlp.variables import endpoints, filled, resource
from observability.errors import SettingsError
from observability.settings import receivers

BASE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


def only(environ: dict[str, str]) -> Endpoint:
    """The one endpoint that the variables name."""
    (endpoint,) = endpoints(environ)
    return endpoint


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
        {"OTEL_EXPORTER_OTLP_HEADERS": "a=b"},
        {**BASE, "OTEL_SDK_DISABLED": "TRUE"},
        {**BASE, "OTEL_LOGS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_sent(environ: dict[str, str]) -> None:
    assert endpoints(environ) == ()


def test_one_endpoint_for_both_signals() -> None:
    assert only(BASE) == Endpoint(
        name="otlp",
        logs_endpoint="http://collector:4318/v1/logs",
        traces_endpoint="http://collector:4318/v1/traces",
        protocol=Protocol.HTTP,
        compression=Compression.NONE,
        timeout_seconds=10.0,
    )


def test_all_that_can_be_said() -> None:
    endpoint = only(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_HEADERS": " Authorization=Bearer%20a%3Db , x-scope-orgid = shop,",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/client.pem",
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/client.key",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
        }
    )
    assert endpoint == Endpoint(
        name="otlp",
        logs_endpoint="https://collector:4317",
        traces_endpoint="https://collector:4317",
        protocol=Protocol.GRPC,
        headers={"Authorization": "Bearer a=b", "x-scope-orgid": "shop"},
        certificate=Path("/ca.pem"),
        client_certificate=Path("/client.pem"),
        client_key=Path("/client.key"),
        compression=Compression.GZIP,
        timeout_seconds=2.5,
    )


def test_the_url_of_one_signal_is_taken_as_it_is() -> None:
    endpoint = only({**BASE, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://loki:3100/otlp/v1/logs"})
    assert logs_url(endpoint) == "http://loki:3100/otlp/v1/logs"
    assert traces_url(endpoint) == "http://collector:4318/v1/traces"


def test_one_signal_only() -> None:
    endpoint = only({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://tempo:4318/v1/traces"})
    assert endpoint.name == "otlp"
    assert (logs_url(endpoint), traces_url(endpoint)) == (None, "http://tempo:4318/v1/traces")
    assert logs_url(only({**BASE, "OTEL_LOGS_EXPORTER": "none"})) is None


@pytest.mark.parametrize("value", ["otlp", "OTLP", " "])
def test_the_exporter_of_a_signal_is_otlp(value: str) -> None:
    assert only({**BASE, "OTEL_LOGS_EXPORTER": value, "OTEL_TRACES_EXPORTER": value}) == only(BASE)


@pytest.mark.parametrize("variable", ["OTEL_LOGS_EXPORTER", "OTEL_TRACES_EXPORTER"])
@pytest.mark.parametrize("value", ["console", "otlp,console", "zipkin"])
def test_an_exporter_that_we_are_not(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        endpoints({variable: value})
    assert str(caught.value) == f'{variable}: expected otlp or none, got "{value}"'


def test_signals_that_are_not_spoken_to_alike_are_two_endpoints() -> None:
    logs, traces = endpoints(
        {
            **BASE,
            "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "b=2",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://tempo:4317",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
        }
    )
    assert (logs.name, logs.headers, logs_url(logs), traces_url(logs)) == (
        "otlp-logs",
        {"a": "1"},
        "http://collector:4318/v1/logs",
        None,
    )
    assert (traces.name, traces.headers, logs_url(traces), traces_url(traces)) == (
        "otlp-traces",
        {"b": "2"},
        None,
        "http://tempo:4317",
    )


@pytest.mark.parametrize(("insecure", "url"), [("", "https://collector:4317"), ("true", "http://collector:4317")])
def test_grpc_needs_no_scheme(insecure: str, url: str) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert logs_url(only({**environ, "OTEL_EXPORTER_OTLP_INSECURE": insecure})) == url


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "ENDPOINT",
            "collector:4318",
            'expected an http or https URL, for example http://collector:4318, got "collector',
        ),
        ("ENDPOINT", "http://[::1", 'expected an http or https URL, got "http://[::1"'),
        ("ENDPOINT", "htp://c:4318", 'expected an http or https URL, got "htp://c:4318"'),
        ("ENDPOINT", "http://c:port", 'expected an http or https URL, got "http://c:port"'),
        ("ENDPOINT", "http://u:secret@[::1", "expected an http or https URL"),
        ("LOGS_ENDPOINT", "htps://c", 'expected an http or https URL, got "htps://c"'),
        ("TRACES_ENDPOINT", "htps://c", 'expected an http or https URL, got "htps://c"'),
        ("ENDPOINT", "http://u:secret@c", "expected a URL without user name and password: use a header"),
        ("PROTOCOL", "http/json", 'expected http/protobuf or grpc, got "http/json"'),
        ("LOGS_PROTOCOL", "udp", 'expected http/protobuf or grpc, got "udp"'),
        ("COMPRESSION", "zstd", 'expected none or gzip, got "zstd"'),
        ("TIMEOUT", "10", 'expected milliseconds from 100 to 600000, for example 10000, got "10"'),
        ("TIMEOUT", "10s", 'expected milliseconds from 100 to 600000, for example 10000, got "10s"'),
        ("TRACES_TIMEOUT", "-1", 'expected milliseconds from 100 to 600000, for example 10000, got "-1"'),
        ("HEADERS", "a=b,secret", "expected key=value pairs with commas between, entry 2 is none"),
        ("HEADERS", "=secret", "expected key=value pairs with commas between, entry 1 is none"),
        ("HEADERS", "a=%ffsecret", "expected percent-encoded UTF-8 in the value of a"),
        ("HEADERS", "a=b%0Asecret", "expected printable ASCII on one line as the value of a"),
        ("HEADERS", "a b=secret", "expected the name of a header, got 'a b'"),
        ("CLIENT_KEY", "/k", "expected the certificate that belongs to the client key"),
    ],
)
def test_what_is_wrong_names_the_variable(variable: str, value: str, message: str) -> None:
    name = f"OTEL_EXPORTER_OTLP_{variable}"
    with pytest.raises(SettingsError) as caught:
        endpoints({**BASE, name: value})
    said = str(caught.value)
    assert message in said
    assert "secret" not in said
    assert said.startswith(name if variable != "CLIENT_KEY" else "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: ")


def test_who_sends() -> None:
    assert resource({})["service.name"] == "gitops-observability"
    named = resource({"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,k8s.cluster.name=eu%2C1", "OTEL_SERVICE_NAME": "b"})
    assert named["service.name"] == "b"
    assert named["k8s.cluster.name"] == "eu,1"
    with pytest.raises(SettingsError, match=r"^OTEL_RESOURCE_ATTRIBUTES: expected key=value pairs"):
        resource({"OTEL_RESOURCE_ATTRIBUTES": "a"})


def test_the_variables_fill_what_the_settings_leave_open() -> None:
    left_open = receivers.Endpoint.model_validate(
        {"name": "shop", "endpoint": "https://c", "headers": {"authorization": "Bearer x"}, "timeout_seconds": 3.0}
        | {"accept_no_content": True}
    )
    environ = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "9000",
        "OTEL_EXPORTER_OTLP_HEADERS": "for=others",
    }
    assert filled(left_open, environ) == Endpoint(
        name="shop",
        endpoint="https://c",
        protocol=Protocol.GRPC,
        headers={"authorization": "Bearer x"},
        compression=Compression.GZIP,
        timeout_seconds=3.0,
        accept_no_content=True,
    )


def test_what_is_wrong_in_the_settings_names_the_key() -> None:
    bad = receivers.Endpoint.model_validate({"name": "shop", "endpoint": "https://c", "headers": {"te": "x"}})
    with pytest.raises(SettingsError, match=r"^s\.yaml: otlp\.endpoints\.shop\.headers: expected no header te"):
        filled(bad, {}, "s.yaml")
