"""A real Prometheus scrapes the exporter, and its linter reads what it serves."""

import gzip
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration import servers
from tests.integration.app.conftest import Simulated, StartExporter
from tests.integration.app.shops import Shop, SimulatedCluster
from tests.integration.exporters import Exporter, Series, family_of, lines_of, series_of
from tests.integration.servers import ApiServer, Prometheus, patience, tool, until

pytestmark = pytest.mark.servers

SOME: Final = 'application=~"service-00.-.*"'
"""Thirty Applications, of all kinds."""


@pytest.fixture
def scraped(company: ApiServer, start_exporter: StartExporter) -> Exporter:
    """An exporter that nobody scrapes but the test."""
    exporter = start_exporter(company.kubeconfig())
    exporter.wait_until_ready()
    return exporter


@pytest.fixture
def prometheus(scraped: Exporter, tmp_path: Path) -> Iterator[Prometheus]:
    """One that has scraped it twice."""
    target = scraped.url.removeprefix("http://")
    job = {"job_name": "gitops", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    with servers.running(Prometheus(tmp_path / "prometheus", [job])) as running:
        scrapes = "count_over_time(up[1m]) > 1"
        until(lambda: bool(running.query(scrapes)), "Prometheus has scraped twice", patience(20))
        yield running


def queried(prometheus: Prometheus, expression: str) -> Series:
    """The result of a query, without the labels that Prometheus adds."""
    found: Series = {}
    for one in prometheus.query(expression):
        labels = {name: value for name, value in one["metric"].items() if name not in ("instance", "job", "__name__")}
        found[one["metric"].get("__name__", ""), frozenset(labels.items())] = float(one["value"][1])
    return found


def read(lines: Iterable[str]) -> Series:
    """What lines of a body say to Prometheus: for it an empty label is none."""
    return {
        (name, frozenset(label for label in labels if label[1])): value
        for (name, labels), value in series_of("".join(lines)).items()
    }


def curled(exporter: Exporter, encoding: str) -> bytes:
    """The body as curl gets it."""
    command = ["curl", "--silent", "--fail", "--header", f"Accept-Encoding: {encoding}", f"{exporter.url}/metrics"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_with_a_label_for_the_cluster_all_that_is_served_has_it(
    simulated: Simulated, start_exporter: StartExporter
) -> None:
    SimulatedCluster(*simulated).put(Shop("prod").synced(0))
    exporter = start_exporter(simulated.kubeconfig, settings={"cluster": {"name": "eu", "label": True}})
    exporter.wait_until_ready()
    series = exporter.series()
    assert {name for name, labels in series if ("cluster", "eu") not in labels} == set()
    assert {"gitops_exporter_build_info", "gitops_application_info"} <= {name for name, _ in series}


def test_prometheus_reads_by_gzip_what_curl_reads_by_identity(scraped: Exporter, prometheus: Prometheus) -> None:
    assert list(queried(prometheus, "up").values()) == [1]
    # Nobody else asked for gzip so far.
    assert min(queried(prometheus, 'gitops_exporter_body_bytes{encoding="gzip"}').values()) > 100_000

    lines = lines_of(curled(scraped, "identity").decode())
    of_some = read(line for line in lines if 'application="service-00' in line)
    assert queried(prometheus, f'{{__name__=~"gitops_application_.+", {SOME}}}') == of_some
    assert len({name for name, _ in of_some}) > 15

    families = [family_of(line) for line in lines if line.startswith("gitops_application_")]
    counted = prometheus.query('count by (__name__) ({__name__=~"gitops_application_.+"})')
    assert {one["metric"]["__name__"]: int(one["value"][1]) for one in counted} == Counter(families)
    for family in ("gitops_applicationset_condition", "gitops_project_sync_window_active"):
        assert queried(prometheus, family) == read(line for line in lines if line.startswith(family + "{"))


def test_both_encodings_say_the_same_and_promtool_is_content_with_both(scraped: Exporter) -> None:
    scraped.metrics()  # what counts scrapes is there after the first
    bodies = {"identity": curled(scraped, "identity"), "gzip": gzip.decompress(curled(scraped, "gzip"))}
    for body in bodies.values():
        said = subprocess.run([tool("promtool"), "check", "metrics"], input=body, capture_output=True, check=False)
        assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")
    one, other = (
        [line for line in body.splitlines() if not line.startswith(b"gitops_exporter_")] for body in bodies.values()
    )
    assert one == other
