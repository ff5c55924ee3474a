"""The files and command lines of the Prometheus and the Alertmanager of the demo."""

from pathlib import Path

import pytest
import yaml

from observability.delivery.listening import Address
from observability.demo import monitors
from observability.demo.monitors import Monitors
from observability.settings import load

ADDRESSES = {"exporter": "127.0.0.1:1", "alertmanager": "127.0.0.1:2", "webhook": "http://127.0.0.1:3/"}


def installed(folder: Path, *names: str) -> str:
    """A PATH on which these programs are, and no others."""
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            (),
            "Prometheus and Alertmanager are not installed (Debian: apt install prometheus prometheus-alertmanager)",
        ),
        (("prometheus",), "Alertmanager is not installed (Debian: apt install prometheus-alertmanager)"),
        (("alertmanager",), "Prometheus is not installed (Debian: apt install prometheus)"),
        (("prometheus", "alertmanager"), ""),
        (("prometheus", "prometheus-alertmanager"), ""),
    ],
)
def test_what_is_missing_is_said_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], said: str
) -> None:
    monkeypatch.setenv("PATH", installed(tmp_path, *names))

    assert monitors.missing() == said


def test_the_commands_are_those_that_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = installed(tmp_path, "prometheus", "alertmanager")
    monkeypatch.setenv("PATH", path)
    prometheus, alertmanager = Monitors(Address("::1", 9090), Address("127.0.0.1", 9093), 3).commands(tmp_path)

    assert prometheus[0] == f"{path}/prometheus"
    assert alertmanager[0] == f"{path}/alertmanager"
    assert "--web.listen-address=[::1]:9090" in prometheus
    assert "--web.listen-address=127.0.0.1:9093" in alertmanager


def test_many_applications_are_asked_for_less_often() -> None:
    anywhere = Address("127.0.0.1", 1)

    assert Monitors(anywhere, anywhere, 120).scrape_seconds < Monitors(anywhere, anywhere, 10_000).scrape_seconds


def test_rules_of_all_environments_and_their_routes_are_written_and_only_receivers_differ(tmp_path: Path) -> None:
    settings = load(environ={})
    monitors.write(tmp_path, settings.environments, settings.monitoring, ADDRESSES, 5)

    root = Path(__file__).parents[3] / "alerts" / "generated"
    for environment in ("dev", "staging", "prod"):
        expected = {file.name: file.read_text() for file in (root / environment).glob("gitops-*.yml")}
        assert {file.name: file.read_text() for file in (tmp_path / "rules" / environment).iterdir()} == expected
    routes = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
    committed = yaml.safe_load((root / "prod" / "alertmanager.yml").read_text())
    assert routes["route"]["routes"] == committed["route"]["routes"]
    assert routes["inhibit_rules"] == committed["inhibit_rules"]
    urls = {hook["url"] for receiver in routes["receivers"] for hook in receiver.get("webhook_configs", ())}
    assert urls == {ADDRESSES["webhook"]}
    configuration = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    assert configuration["rule_files"] == [f"rules/{name}/*.yml" for name in ("dev", "staging", "prod")]
    assert configuration["scrape_configs"][0]["static_configs"] == [{"targets": [ADDRESSES["exporter"]]}]
