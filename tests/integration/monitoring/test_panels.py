"""Every query of every panel, asked of a real Prometheus that scrapes the exporter of the demo."""

import re
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from observability.monitoring.spec import Dashboard
from tests.dashboards import ROWS, generated, panels_of
from tests.integration import servers
from tests.integration.servers import Prometheus, free_port, patience, until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

ROOT: Final = Path(__file__).parents[3]
VALUES: Final = {"__rate_interval": "30s", "__range_s": "60", "__range": "1m", "__interval": "5s"}
"""What Grafana puts in the place of its own variables."""

each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.uid)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that scrapes the exporter of a company in which a minute goes by each second."""
    listen = f"127.0.0.1:{free_port()}"
    command = [
        sys.executable,
        "-m",
        "observability",
        "demo",
        "--no-monitoring",
        "--applications",
        "90",
        "--speed",
        "60",
    ]
    job = {"job_name": "gitops", "scrape_interval": "1s", "static_configs": [{"targets": [listen]}]}
    demo = subprocess.Popen([*command, "--listen", listen], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = tmp_path_factory.mktemp("panels")
    more = {"rule_files": [str(hasty(folder))], "global": {"evaluation_interval": "1s"}}
    try:
        with servers.running(Prometheus(folder / "prometheus", [job], **more)) as running:
            until(lambda: bool(running.query("gitops_exporter_ready == 1")), "the demo is scraped", patience(60))
            yield running
    finally:
        demo.terminate()
        demo.wait(timeout=30)


def hasty(folder: Path) -> Path:
    """The recording rules of all environments, each evaluated as often as everything is scraped."""
    groups = []
    for file in sorted((ROOT / "alerts" / "generated").glob("*/gitops-*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            rules = [rule for rule in group["rules"] if "record" in rule]
            groups.append({"name": f"{file.parent.name} {group['name']}", "rules": rules})
    found = folder / "rules.yml"
    found.write_text(yaml.safe_dump({"groups": [group for group in groups if group["rules"]]}))
    return found


def asked(expression: str) -> str:
    """The expression as Grafana sends it with all variables at All."""
    for name, value in VALUES.items():
        expression = re.sub(rf"\${name}\b", value, expression)
    found = re.sub(r"\$[a-z]+\b", ".*", expression)
    assert "$" not in found, found
    return found


def expressions(panel: dict[str, Any]) -> list[str]:
    return [asked(one["expr"]) for one in panel["targets"] if one["datasource"]["type"] == "prometheus"]


@each
def test_every_query_is_understood(prometheus: Prometheus, row: Dashboard) -> None:
    for panel in panels_of(generated(row)):
        for expression in expressions(panel):
            try:
                prometheus.query(expression)
            except urllib.error.HTTPError as error:
                pytest.fail(f"{panel['title']}: {expression}: {error.read().decode()}")


@each
def test_every_panel_has_data_or_says_why_not(prometheus: Prometheus, row: Dashboard) -> None:
    excused = {panel.title for section in row.sections for panel in section.panels if panel.empty}
    for panel in panels_of(generated(row)):
        wanted = expressions(panel)
        if wanted and panel["title"] not in excused:
            until(
                lambda queries=wanted: any(prometheus.query(one) for one in queries),  # type: ignore[misc]
                f"{panel['title']} has data: {wanted}",
                patience(30),
            )


@each
def test_every_variable_has_values(prometheus: Prometheus, row: Dashboard) -> None:
    for variable in generated(row)["templating"]["list"]:
        if variable["type"] == "query":
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()  # type: ignore[union-attr]
            found = {one["metric"].get(label) for one in prometheus.query(asked(series))}
            assert found - {None}, variable["name"]


def test_a_query_that_is_wrong_would_be_found(prometheus: Prometheus) -> None:
    with pytest.raises(urllib.error.HTTPError):
        prometheus.query("sum(gitops_application_info")
