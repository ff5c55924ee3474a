"""The verb `settings`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from observability.settings import Settings, effective, schema

Call = Callable[..., tuple[int, str, str]]


def test_the_effective_settings_are_printed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITOPS_OBS_STATE__SETTLE_SECONDS", "3")
    status, out, err = call("settings")
    assert (status, err) == (0, "")
    expected = effective(Settings())
    expected["state"]["settle_seconds"] = 3.0
    assert yaml.safe_load(out) == expected
    assert json.loads(call("settings", "-o", "json")[1]) == expected


def test_variables_of_opentelemetry_stand_behind_them(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2")
    out = call("settings")[1]
    assert yaml.safe_load(out) == effective(Settings())
    assert out.splitlines()[-2:] == [
        '# OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318"',
        '# OTEL_EXPORTER_OTLP_HEADERS="authorization=***"',
    ]
    assert json.loads(call("settings", "-o", "json")[1])["environment_variables"] == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=***",
    }


def test_check_only_judges(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("state: {settle_seconds: 3}")
    assert call("settings", "--config", str(file), "--check") == (0, f"{file}: ok\n", "")
    file.write_text("environments: [{name: prod, aliases: production}]\nstates: {}")
    status, out, err = call("settings", "--config", str(file), "--check")
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        f'gitops-obs: {file}: environments.prod.aliases: expected a list of strings, got "production"',
        f'gitops-obs: {file}: states: unknown key, did you mean "state"?',
    ]


def test_the_schema_is_printed(call: Call) -> None:
    status, out, _ = call("settings", "--schema")
    assert status == 0
    assert json.loads(out) == schema()


def test_check_and_schema_exclude_each_other(call: Call) -> None:
    assert call("settings", "--schema", "--check")[0] == 2
