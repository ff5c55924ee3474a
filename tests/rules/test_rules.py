"""The committed rule files: they are what the rows say, promtool takes them, and each alert fires when it should."""

import subprocess
from pathlib import Path

import pytest
import yaml

from observability.monitoring.generate import references
from observability.monitoring.generate.rules import rule_files
from observability.monitoring.load import load
from observability.monitoring.spec import Alert
from observability.settings import Monitoring, Settings
from tests.integration.servers import tool
from tests.rules.__main__ import text
from tests.rules.cases import FILES, counted

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "alerts"
ENVIRONMENTS = tuple(environment.name for environment in Settings().environments)
AUTHORED = load()
NAMES = [rule.name for source in AUTHORED.groups for rule in source.row.rules if isinstance(rule, Alert)]

pytestmark = pytest.mark.servers


def test_the_rows_ask_only_for_what_there_is() -> None:
    assert [str(one) for one in references.problems(AUTHORED, ENVIRONMENTS)] == []


def test_environments_may_have_any_name() -> None:
    assert references.problems(AUTHORED, ("test", "live")) == ()
    assert (
        rule_files(AUTHORED.groups, "live", Monitoring()).keys()
        == rule_files(AUTHORED.groups, "prod", Monitoring()).keys()
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_committed_files_are_what_the_rows_say(environment: str) -> None:
    committed = {path.name: path.read_text() for path in (ALERTS / "generated" / environment).glob("gitops-*.yml")}
    assert committed == rule_files(AUTHORED.groups, environment, Monitoring())


def test_how_long_argo_cd_may_not_compare_is_a_setting() -> None:
    slow = rule_files(AUTHORED.groups, "prod", Monitoring(reconciliation_timeout="1h30m"))
    usual = rule_files(AUTHORED.groups, "prod", Monitoring())
    assert {name for name, text in slow.items() if text != usual[name]} == {"gitops-drift.yml"}
    rules = {rule["alert"]: rule for rule in yaml.safe_load(slow["gitops-drift.yml"])["groups"][0]["rules"]}
    assert "> 5400" in rules["GitOpsStaleVerdict"]["expr"]
    assert "> 5400" in rules["GitOpsReconciliationStopped"]["expr"]
    assert '"5400"' in rules["GitOpsReconciliationStopped"]["annotations"]["description"]
    assert "${" not in "".join(slow.values())


def test_the_page_of_all_alerts_is_what_the_rows_say() -> None:
    assert (ALERTS / "README.md").read_text() == text()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_prometheus_takes_the_files(environment: str) -> None:
    files = sorted(map(str, (ALERTS / "generated" / environment).glob("gitops-*.yml")))
    assert files
    subprocess.run([str(tool("promtool")), "check", "rules", "--lint=all", "--lint-fatal", *files], check=True)


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_not_otherwise(file: Path) -> None:
    ended = subprocess.run(
        [str(tool("promtool")), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_a_case_that_fires_it_and_one_that_must_not(name: str) -> None:
    cases = counted()[name]
    assert cases.fire
    assert cases.silent or name == "Watchdog"


def test_each_case_is_about_an_alert() -> None:
    assert set(counted()) == set(NAMES)


def test_each_runbook_belongs_to_an_alert() -> None:
    assert {path.stem for path in (ALERTS / "runbooks").iterdir()} == set(NAMES)


def test_all_environments_together_name_no_rule_twice() -> None:
    """Two files in one Prometheus may hold the same alert, but never with the same series."""
    seen: set[tuple[str, str]] = set()
    for path in (ALERTS / "generated").glob("*/gitops-*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                of_environment = f'environment="{path.parent.name}"' in rule["expr"]
                assert of_environment or rule["labels"]["environment"] == path.parent.name, name
                assert (path.parent.name, name) not in seen
                seen.add((path.parent.name, name))
