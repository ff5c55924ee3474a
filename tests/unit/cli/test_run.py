"""The verb `run`: from options to the settings that the exporter starts with."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from observability.cli import logs
from observability.settings import Log, Settings

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each exporter that was started; none really is."""
    settings: list[Settings] = []

    async def run(given: Settings) -> None:
        settings.append(given)

    app = ModuleType("observability.app")
    app.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "observability.app", app)
    monkeypatch.setattr("observability.app", app, raising=False)
    return settings


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> list[Log]:
    """The log settings that would have been applied."""
    configured: list[Log] = []
    monkeypatch.setattr(logs, "configure", configured.append)
    return configured


def test_without_options_the_defaults_hold(call: Call, started: list[Settings], configured: list[Log]) -> None:
    assert call("run") == (0, "", "")
    assert started == [Settings()]
    assert configured == [Log()]


def test_options_are_settings(call: Call, started: list[Settings], configured: list[Log]) -> None:
    arguments = ["--namespace", "a", "--namespace", "b", "--listen", "127.0.0.1:0", "--log-level", "debug"]
    arguments += ["--kubeconfig", "/k", "--context", "c", "--selector", "x=y", "--web-config", "/w"]
    arguments += ["--journal", "/j", "--events", "-"]
    assert call("run", *arguments)[0] == 0
    (settings,) = started
    assert settings.kubernetes.namespaces == ("a", "b")
    assert str(settings.kubernetes.kubeconfig) == "/k"
    assert settings.kubernetes.context == "c"
    assert settings.kubernetes.label_selector == "x=y"
    assert settings.server.listen == "127.0.0.1:0"
    assert str(settings.server.web_config) == "/w"
    assert str(settings.journal.path) == "/j"
    assert [(sink.type, str(sink.file)) for sink in settings.events.sinks] == [("jsonlines", "-")]
    assert configured == [settings.log]
    assert settings.log.level == "debug"


def test_bad_settings_start_nothing(call: Call, started: list[Settings], configured: list[Log]) -> None:
    status, out, err = call("run", "--listen", "here")
    assert (status, out) == (2, "")
    assert err.startswith("gitops-obs: --listen: server.listen: expected HOST:PORT")
    assert started == []
    assert configured == []
