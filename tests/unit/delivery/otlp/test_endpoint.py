"""Where a receiver is, and what is wrong with that."""

from pathlib import Path
from typing import Any

import pytest

from observability.delivery.otlp.endpoint import Endpoint, Protocol, logs_url, problems, traces_url


def endpoint(**facts: Any) -> Endpoint:
    """An endpoint that is fine."""
    return Endpoint(**({"name": "e", "endpoint": "https://collector:4318"} | facts))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://c:4318", "http://c:4318/v1/logs"),
        ("http://c:4318/", "http://c:4318/v1/logs"),
        ("https://c/otlp/", "https://c/otlp/v1/logs"),
        ("https://c/otlp?key=1", "https://c/otlp/v1/logs?key=1"),
    ],
)
def test_a_base_gets_the_path_of_the_signal(base: str, url: str) -> None:
    assert logs_url(endpoint(endpoint=base)) == url
    assert traces_url(endpoint(endpoint=base)) == url.replace("logs", "traces")


def test_grpc_has_no_paths() -> None:
    assert logs_url(endpoint(endpoint="http://c:4317", protocol=Protocol.GRPC)) == "http://c:4317"


def test_a_signal_of_its_own_is_taken_as_it_is() -> None:
    own = endpoint(logs_endpoint="http://loki/otlp")
    assert logs_url(own) == "http://loki/otlp"
    assert traces_url(own) == "https://collector:4318/v1/traces"


def test_an_endpoint_for_logs_gets_no_traces() -> None:
    assert traces_url(Endpoint(name="e", logs_endpoint="http://loki/otlp")) is None


@pytest.mark.parametrize(
    "fine",
    [
        endpoint(),
        endpoint(endpoint="http://[::1]:4318"),
        endpoint(headers={"Authorization": "Bearer x", "X-Scope-OrgID": "shop"}),
        endpoint(protocol=Protocol.GRPC, headers={"Authorization": "Bearer x"}),
        endpoint(client_certificate=Path("c"), client_key=Path("k")),
    ],
)
def test_nothing_is_wrong(fine: Endpoint) -> None:
    assert list(problems(fine)) == []


@pytest.mark.parametrize(
    ("facts", "field", "expected"),
    [
        ({"endpoint": None}, "endpoint", "expected an http or https URL, for example http://collector:4318"),
        (
            {"endpoint": "collector:4318"},
            "endpoint",
            "expected an http or https URL, for example http://collector:4318",
        ),
        ({"endpoint": "htp://collector"}, "endpoint", "expected an http or https URL"),
        ({"endpoint": "http://"}, "endpoint", "expected an http or https URL"),
        ({"endpoint": "http://c:0"}, "endpoint", "expected an http or https URL"),
        ({"endpoint": "http://c:99999"}, "endpoint", "expected an http or https URL"),
        ({"endpoint": "http://[::1"}, "endpoint", "expected an http or https URL"),
        ({"logs_endpoint": "http://a b"}, "logs_endpoint", "expected an http or https URL"),
        ({"endpoint": "http://u:p@c"}, "endpoint", "expected a URL without user name and password: use a header"),
        ({"traces_endpoint": "http://c/#x"}, "traces_endpoint", "expected a URL without a fragment (#)"),
        ({"headers": {"a b": "x"}}, "headers", "expected the name of a header, got 'a b'"),
        ({"headers": {"": "x"}}, "headers", "expected the name of a header, got ''"),
        ({"headers": {"Content-Type": "x"}}, "headers", "expected no header Content-Type: the exporter sets it"),
        ({"headers": {"a": "x\r\nb: y"}}, "headers", "expected printable ASCII on one line as the value of a"),
        ({"headers": {"a": "é"}}, "headers", "expected printable ASCII on one line as the value of a"),
        (
            {"headers": {"a-bin": "x"}, "protocol": Protocol.GRPC},
            "headers",
            "expected no header a-bin: binary metadata is not supported",
        ),
        (
            {"headers": {"grpc-timeout": "x"}, "protocol": Protocol.GRPC},
            "headers",
            "expected no header grpc-timeout: the exporter sets it",
        ),
        ({"client_key": Path("k")}, "client_certificate", "expected the certificate that belongs to the client key"),
        ({"client_certificate": Path("c")}, "client_key", "expected the key that belongs to the client certificate"),
        (
            {"endpoint": "http://c", "client_certificate": Path("c"), "client_key": Path("k")},
            "client_certificate",
            "expected an https URL as the endpoint, where it can be shown",
        ),
        ({"timeout_seconds": 0.0}, "timeout_seconds", "expected seconds above 0 and at most 600"),
        ({"timeout_seconds": float("nan")}, "timeout_seconds", "expected seconds above 0 and at most 600"),
    ],
)
def test_what_is_wrong_is_named(facts: dict[str, Any], field: str, expected: str) -> None:
    assert list(problems(endpoint(**facts))) == [(field, expected)]


def test_headers_are_never_shown() -> None:
    assert "secret" not in repr(endpoint(headers={"Authorization": "secret"}))
