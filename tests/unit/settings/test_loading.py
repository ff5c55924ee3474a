"""File, environment and flags: which wins, and whose name is in the message."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from observability.errors import SettingsError
from observability.settings import FLAGS, Settings, effective, effective_variables, load, schema


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("settings.yaml")


def problems(file: Path | None, environ: Mapping[str, str] | None = None, **flags: object) -> list[str]:
    given = {f"--{name.replace('_', '-')}": value for name, value in flags.items()}
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {}, given)
    return str(caught.value).splitlines()


def test_without_anything_the_defaults_hold() -> None:
    assert load(None, {}, {}) == Settings()


def test_flags_win_over_the_environment_and_that_over_the_file(settings_file: Path) -> None:
    settings_file.write_text("server: {listen: ':1'}\nkubernetes: {context: file}\nstate: {settle_seconds: 1}")
    environ = {"GITOPS_OBS_SERVER__LISTEN": ":2", "GITOPS_OBS_KUBERNETES__CONTEXT": "environment"}
    settings = load(settings_file, environ, {"--listen": ":3", "--context": None, "--namespace": ()})
    assert settings.server.listen == ":3"
    assert settings.kubernetes.context == "environment"
    assert settings.kubernetes.namespaces == ()
    assert settings.state.settle_seconds == 1


def test_every_flag_reaches_its_setting() -> None:
    given: dict[str, object] = {
        "--kubeconfig": "/k",
        "--context": "c",
        "--namespace": ("a", "b"),
        "--selector": "team=shop",
        "--listen": ":0",
        "--web-config": "/w",
        "--journal": "/j",
        "--log-level": "debug",
        "--log-format": "json",
    }
    assert {*given, "--events"} == set(FLAGS)
    shown = effective(load(None, {}, given))
    for flag, value in given.items():
        group, name = FLAGS[flag].split(".")
        assert shown[group][name] == (list(value) if isinstance(value, tuple) else value)


def test_the_flag_for_events_adds_a_sink(settings_file: Path) -> None:
    settings_file.write_text("events: {sinks: [{type: cdevents, url: 'http://broker'}]}")
    flags = {"--events": "-"}
    (alone,) = load(None, {}, flags).events.sinks
    assert (alone.name, alone.type, alone.file) == ("events", "jsonlines", Path("-"))
    assert [sink.name for sink in load(settings_file, {}, flags).events.sinks] == ["cdevents", "events"]
    settings_file.write_text("events: {sinks: [{type: jsonlines, name: events, file: a}]}")
    assert problems(settings_file, events="-") == [
        "settings.yaml: events.sinks: expected each name once, events is there 2 times"
    ]
    settings_file.write_text("events: {sinks: {file: a}}")
    assert problems(settings_file, events="-") == [
        "settings.yaml: events.sinks: expected a list of mappings, got a mapping"
    ]


def test_the_variables_of_opentelemetry_are_passed_on() -> None:
    environ = {"OTEL_SERVICE_NAME": "a", "OTHER": "b", "GITOPS_OBS_CLUSTER__NAME": "c"}
    settings = load(None, environ, {})
    assert settings.environment_variables == {"OTEL_SERVICE_NAME": "a"}
    assert settings.cluster.name == "c"
    assert "OTEL_SERVICE_NAME" not in str(effective(settings))
    assert Settings().environment_variables == {}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20hunter2=,x=hunter2", "authorization=***,x=***"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "hunter2", "***"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "", ""),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:hunter2@host:4318", "https://***@host:4318"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://h/v1?org=1&api_key=hunter2", "https://h/v1?org=1&api_key=***"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=shop,a=b", "team=shop,a=b"),
    ],
)
def test_secrets_in_variables_of_opentelemetry_are_masked(name: str, value: str, shown: str) -> None:
    assert effective_variables(load(None, {name: value}, {})) == {name: shown}


def test_lists_and_groups_come_from_variables_as_yaml_or_json() -> None:
    environ = {
        "GITOPS_OBS_KUBERNETES__NAMESPACES": '["a", "b"]',
        "GITOPS_OBS_ENVIRONMENTS": "[{name: test}, {name: live, aliases: [prod]}]",
        "GITOPS_OBS_CLUSTER": "{name: one}",
        "GITOPS_OBS_CLUSTER__LABEL": "true",
        "GITOPS_OBS_LINKS": "",
    }
    settings = load(None, environ, {})
    assert settings.kubernetes.namespaces == ("a", "b")
    assert [environment.name for environment in settings.environments] == ["test", "live"]
    assert (settings.cluster.name, settings.cluster.label) == ("one", True)


def test_text_stays_text_even_when_it_looks_like_a_number() -> None:
    assert load(None, {"GITOPS_OBS_CLUSTER__NAME": "12"}, {}).cluster.name == "12"
    assert load(None, {"GITOPS_OBS_CLUSTER__NAME": ""}, {}).cluster.name is None


def test_variables_that_kubernetes_makes_of_services_are_not_ours() -> None:
    environ = {
        "GITOPS_OBS_SERVICE_HOST": "10.0.0.1",
        "GITOPS_OBS_SERVICE_PORT_HTTP": "80",
        "GITOPS_OBS_PORT": "tcp://10.0.0.1:80",
        "GITOPS_OBS_METRICS_PORT_9797_TCP_ADDR": "10.0.0.1",
        "GITOPS_OBSERVABILITY_PORT": "tcp://10.0.0.1:80",
        "gitops_obs_state": "x",
    }
    assert load(None, environ, {}) == Settings()


def test_groups_that_are_left_empty_are_left_out(settings_file: Path) -> None:
    settings_file.write_text("kubernetes:\nidentity:\n  # none yet\n")
    settings = load(settings_file, {"GITOPS_OBS_KUBERNETES__CONTEXT": "c"}, {})
    assert settings.kubernetes.context == "c"
    assert settings.identity == Settings().identity


def test_an_unknown_variable_is_named() -> None:
    assert problems(None, {"GITOPS_OBS_STAT__SETTLE_SECONDS": "1"}) == [
        'GITOPS_OBS_STAT__SETTLE_SECONDS: stat: unknown key, did you mean "state"?'
    ]
    assert problems(None, {"GITOPS_OBS_STATE__SETTLE": "1"}) == [
        'GITOPS_OBS_STATE__SETTLE: state.settle: unknown key, did you mean "settle_seconds"?'
    ]


def test_each_problem_names_where_it_comes_from(settings_file: Path) -> None:
    settings_file.write_text("watch: {page_size: x}")
    environ = {"GITOPS_OBS_STATE__SETTLE_SECONDS": "soon", "GITOPS_OBS_LINKS": "["}
    assert problems(settings_file, environ, listen="9797") == [
        "GITOPS_OBS_LINKS: line 1, column 2: expected the node content, but found '<stream end>'",
        "--listen: server.listen: expected HOST:PORT with a port from 0 to 65535, for example 127.0.0.1:9797 or :9797, "
        'got "9797"',
        "GITOPS_OBS_STATE__SETTLE_SECONDS: state.settle_seconds: expected a number at least 0 and at most 3600, "
        'got "soon"',
        'settings.yaml: watch.page_size: expected a whole number at least 1 and at most 10000, got "x"',
    ]


def test_a_bad_variable_is_an_error_also_when_the_rest_is_good() -> None:
    assert problems(None, {"GITOPS_OBS_LINKS": "["}) == [
        "GITOPS_OBS_LINKS: line 1, column 2: expected the node content, but found '<stream end>'"
    ]


def test_a_variable_cannot_reach_into_a_list(settings_file: Path) -> None:
    settings_file.write_text("environments: [{name: prod}]")
    assert problems(settings_file, {"GITOPS_OBS_ENVIRONMENTS__PROD__ALIASES": "[x]"}) == [
        "GITOPS_OBS_ENVIRONMENTS__PROD__ALIASES: environments: is no mapping here, "
        "set GITOPS_OBS_ENVIRONMENTS as a whole"
    ]


def test_one_problem_keeps_its_parts(settings_file: Path) -> None:
    settings_file.write_text("environments: [{name: dev}, {name: prod, aliases: production}]")
    with pytest.raises(SettingsError) as caught:
        load(settings_file, {}, {})
    assert (caught.value.where, caught.value.key) == ("settings.yaml", "environments.prod.aliases")
    assert caught.value.expected == 'expected a list of strings, got "production"'


def test_a_file_must_hold_a_mapping(settings_file: Path) -> None:
    settings_file.write_text("- a")
    assert problems(settings_file) == ["settings.yaml: expected a mapping of settings"]


def test_a_flag_that_is_no_text_is_refused() -> None:
    assert problems(None, context="\udcff") == ["settings: expected valid Unicode"]


def test_the_effective_settings_are_settings(settings_file: Path) -> None:
    settings_file.write_text(json.dumps(effective(Settings())))
    assert load(settings_file, {}, {}) == Settings()


def test_user_info_is_masked_wherever_it_hides() -> None:
    rule = '[{from: name, pattern: "https://user:hunter2@host/(?P<service>.+)"}]'
    shown = effective(load(None, {"GITOPS_OBS_IDENTITY": rule}, {}))
    assert "hunter2" not in str(shown)
    assert shown["identity"][0]["pattern"] == "https://***@host/(?P<service>.+)"


def test_the_schema_describes_every_setting() -> None:
    def undescribed(part: object) -> list[str]:
        if not isinstance(part, dict):
            return []
        missing = [
            name for name, field in part.get("properties", {}).items() if not field.keys() & {"description", "$ref"}
        ]
        return missing + [name for inner in part.values() for name in undescribed(inner)]

    assert undescribed(schema()) == []
    assert schema()["$defs"]["State"]["properties"]["settle_seconds"]["description"].endswith("In seconds.")
