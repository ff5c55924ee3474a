"""Endpoints and sinks: their names, what each type needs, and that no secret of theirs is shown."""

import json
from typing import Any

import pytest

from observability.errors import SettingsError
from observability.settings import Compression, Protocol, Settings, effective, load, revealed


def settings(**groups: object) -> Settings:
    return load(None, {f"GITOPS_OBS_{name.upper()}": json.dumps(value) for name, value in groups.items()}, {})


def problem(**groups: object) -> str:
    """All that is wrong, without the variable that it stands in."""
    with pytest.raises(SettingsError) as caught:
        settings(**groups)
    return "\n".join(line.partition(": ")[2] for line in str(caught.value).splitlines())


def endpoints(*given: dict[str, Any]) -> Any:
    return settings(otlp={"endpoints": given}).otlp.endpoints


def sinks(*given: dict[str, Any], plugins: tuple[str, ...] = ()) -> Any:
    return settings(events={"sinks": given}, plugins=plugins).events.sinks


def test_an_endpoint_is_open_where_the_variables_of_opentelemetry_may_fill_it() -> None:
    (endpoint,) = endpoints({"endpoint": "http://collector:4318"})
    assert endpoint.name == "collector"
    assert {endpoint.protocol, endpoint.compression, endpoint.timeout_seconds, endpoint.certificate} == {None}
    (endpoint,) = endpoints(
        {"traces_endpoint": "https://t:1/v1", "protocol": "grpc", "compression": "gzip", "name": "x"}
    )
    assert (endpoint.name, endpoint.protocol, endpoint.compression) == ("x", Protocol.GRPC, Compression.GZIP)


def test_a_sink_is_named_by_its_type() -> None:
    lines, grafana = sinks(
        {"type": "jsonlines", "file": "events.jsonl"},
        {"type": "grafana", "url": "https://g", "token_file": "t", "name": "boards", "headers": {"X-Org": "1"}},
    )
    assert (lines.name, grafana.name) == ("jsonlines", "boards")
    assert lines.filter.names == lines.filter.environments == ()


def test_a_plugin_takes_options() -> None:
    (sink,) = sinks({"type": "kafka", "options": {"topic": "events", "acks": 3}}, plugins=("kafka",))
    assert sink.options == {"topic": "events", "acks": 3}


def test_filters() -> None:
    given = {"names": ["gitops.application.*", "*.promoted"], "environments": ["prod", "unassigned"]}
    (sink,) = sinks({"type": "jsonlines", "file": "-", "filter": given})
    assert (sink.filter.names, sink.filter.environments) == (
        ("gitops.application.*", "*.promoted"),
        ("prod", "unassigned"),
    )


def test_secrets_are_not_shown_but_known() -> None:
    given = settings(
        otlp={"endpoints": [{"endpoint": "http://c", "headers": {"authorization": "Bearer hunter2", "x": ""}}]},
        events={"sinks": [{"type": "mine", "headers": {"a": "hunter2"}, "options": {"password": "hunter2"}}]},
        plugins=["mine"],
    )
    assert revealed(given.otlp.endpoints[0].headers) == {"authorization": "Bearer hunter2", "x": ""}
    shown = effective(given)
    assert shown["otlp"]["endpoints"][0]["headers"] == {"authorization": "***", "x": ""}
    assert shown["events"]["sinks"][0]["options"] == {"password": "***"}
    assert "hunter2" not in repr(given.otlp)
    assert "hunter2" not in repr(given.events)


def test_an_address_that_is_none_gives_no_name() -> None:
    assert problem(otlp={"endpoints": [{"endpoint": "http://[::1"}]}).startswith("otlp.endpoints[0].endpoint: expected")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"a": "hunter2\r\nb: c"},
            "headers.a: expected the value of an HTTP header: printable ASCII, without a space at either end",
        ),
        ({"a": 2}, "headers.a: expected a string"),
        ({"a": ["hunter2"]}, "headers.a: expected a string"),
        ({"a b": "hunter2"}, "headers.a b: expected the name of an HTTP header, for example Authorization"),
        ("hunter2", "headers: expected a mapping"),
    ],
)
def test_what_is_wrong_with_a_header_is_said_without_its_value(headers: object, expected: str) -> None:
    said = problem(otlp={"endpoints": [{"endpoint": "http://c", "name": "c", "headers": headers}]})
    assert said == f"otlp.endpoints.c.{expected}"


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({}, "otlp.endpoints[0]: expected endpoint, logs_endpoint or traces_endpoint, an http or https URL"),
        (
            {"endpoint": "collector:4317"},
            'otlp.endpoints[0].endpoint: expected an http or https URL, got "collector:4317"',
        ),
        (
            {"endpoint": "http://[", "name": "c"},
            'otlp.endpoints.c.endpoint: expected an http or https URL, got "http://["',
        ),
        (
            {"endpoint": "https://me:hunter2@c"},
            'otlp.endpoints[0].endpoint: expected a URL without user name and password, got "https://***@c"',
        ),
        (
            {"endpoint": "https://c", "timeout_seconds": 601},
            "otlp.endpoints[0].timeout_seconds: expected a number above 0 and at most 600, got 601",
        ),
        (
            {"endpoint": "https://c", "client_key": "k"},
            "otlp.endpoints[0]: expected client_certificate and client_key together",
        ),
        (
            {"endpoint": "https://c", "protocol": "http/json"},
            'otlp.endpoints[0].protocol: expected one of grpc, http/protobuf, got "http/json"',
        ),
        (
            {"endpoint": "https://c", "filter": {"names": ["Deployed"]}},
            "otlp.endpoints[0].filter.names[0]: expected the name of an event, where * stands for anything: "
            'gitops.application.*, got "Deployed"',
        ),
        (
            {"endpoint": "https://c", "filter": {"environments": ["production"]}},
            "otlp: expected the filter of c to name environments, production is none of dev, prod, staging, unassigned",
        ),
    ],
)
def test_impossible_endpoints(endpoint: object, expected: str) -> None:
    assert problem(otlp={"endpoints": [endpoint]}) == expected


@pytest.mark.parametrize(
    ("sink", "expected"),
    [
        ({}, "events.sinks[0].type: expected a string, but it is missing"),
        ({"type": "jsonlines"}, "events.sinks[0]: expected file with type jsonlines"),
        ({"type": "grafana"}, "events.sinks[0]: expected token_file and url with type grafana"),
        (
            {"type": "cdevents", "url": "http://a", "options": {"a": 1}, "file": "b"},
            "events.sinks[0]: expected no file and no options with type cdevents",
        ),
        (
            {"type": "kafka"},
            "events: expected the type of kafka to be jsonlines, cdevents, grafana or one of plugins, got kafka",
        ),
    ],
)
def test_impossible_sinks(sink: object, expected: str) -> None:
    assert problem(events={"sinks": [sink]}) == expected


def test_names_are_unique_over_endpoints_and_sinks() -> None:
    one, two = {"endpoint": "http://c:1"}, {"endpoint": "http://c:2"}
    lines = {"type": "jsonlines", "file": "-"}
    assert problem(otlp={"endpoints": [one, two]}) == "otlp.endpoints: expected each name once, c is there 2 times"
    assert problem(events={"sinks": [lines, lines]}) == (
        "events.sinks: expected each name once, jsonlines is there 2 times"
    )
    assert problem(otlp={"endpoints": [one]}, events={"sinks": [{**lines, "name": "c"}]}) == (
        "events: expected names that no endpoint of otlp has, c is one"
    )


def test_a_file_has_one_writer() -> None:
    lines = {"type": "jsonlines", "file": "-"}
    assert problem(events={"sinks": [lines, {**lines, "name": "b"}]}) == (
        "events.sinks: expected each file in one sink, - is in 2"
    )


def test_a_hash_needs_a_key() -> None:
    assert problem(events={"hash_initiators": True}) == (
        "events: expected hash_key_file, a file with a secret key, when hash_initiators is true"
    )
    assert str(settings(events={"hash_initiators": True, "hash_key_file": "/k"}).events.hash_key_file) == "/k"
