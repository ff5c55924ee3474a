"""Dashboards and alerts: what making them takes, and what they cost a real Prometheus that scrapes the exporter.

Beside them, in the same Prometheus, alerts and an overview like those of the argo-cd-mixin, over Argo CD's own metrics
of as many Applications.
"""

import dataclasses
import http.client
import json
import re
import statistics
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from tests.benchmarks import mixin
from tests.benchmarks.evaluating import CLOCK, Evaluations, Measured, Pace, Span
from tests.benchmarks.mixin import Query
from tests.benchmarks.processes import ROOT, free_port, python, running, until
from tests.benchmarks.rows import Peer, Row, number
from tests.benchmarks.simulated import Cluster, simulated
from tests.integration import servers

GENERATION: Final = "generation of all dashboards and rules"
RULES: Final = "rules over {:,} applications in Prometheus, slowest evaluation"
RULES_MEDIAN: Final = "rules over {:,} applications in Prometheus, slowest group's median"
RULES_TOGETHER: Final = "rules over {:,} applications in Prometheus, all groups"
OVERVIEW: Final = "overview of {:,} applications in Prometheus, slowest query"
OVERVIEW_POINTS: Final = "overview of {:,} applications in Prometheus, slowest query of 720 points"

_POINTS: Final = 720
"""So many has a view of six hours, one each 30 s."""
_OURS: Final = "rules-ours-"
_MISSING: Final = "Prometheus is not installed: what rules and queries take was not measured."
_BOARD: Final = "dashboards/generated/prod/gitops-overview.json"


def run(applications: int, folder: Path, *, quick: bool) -> tuple[list[Row], str]:
    """All rows for so many applications; files go to `folder`. Why some are missing, empty when none are."""
    pace = Pace(interval=15, seconds=75.0, events=100, rounds=3)
    if quick:
        pace = Pace(interval=1, seconds=5.0, events=20, rounds=1)
    generated = folder / "generated"
    rows = [_generation(generated, pace.rounds)]
    if servers.found("prometheus") is None:
        return rows, _MISSING
    try:
        rows += _monitored(applications, folder, generated, pace)
    except (RuntimeError, OSError, http.client.HTTPException) as error:
        return rows, f"What rules and queries take was not measured: {error}"
    return rows, ""


def _generation(output: Path, rounds: int) -> Row:
    """Files of the last round stay in `output`."""
    taken = []
    for turn in range(rounds):
        place = output if turn == rounds - 1 else output.with_name(f"{output.name}-{turn}")
        command = python("observability", "generate", "--output", str(place))
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    files = sum(path.is_file() for path in output.rglob("*"))
    note = (
        f"{files} files of all environments into an empty folder, each time by a new process: the slowest of {rounds}."
    )
    return Row(name=GENERATION, value=max(taken), unit="s", target=3.0, notes=(note,))


def _monitored(applications: int, folder: Path, generated: Path, pace: Pace) -> list[Row]:
    place = folder / "prometheus"
    rules = _write_rules(place, generated)
    board = json.loads((generated / _BOARD).read_text())
    with simulated(folder, applications) as cluster, _exporter(cluster, folder) as exporter:
        cluster.rate(pace.events)
        time.sleep(pace.seconds / 3)  # until something is wrong here and there
        theirs = mixin.exposition(list(mixin.applications(cluster.url)))
        with mixin.serving(theirs) as target:
            prometheus = Measured(place, pace, {"gitops": exporter, mixin.NAME: target})
            with servers.running(prometheus):
                _until_scraped(prometheus, applications)
                start = CLOCK()
                rows = _evaluated(prometheus, applications, rules)
                return [*rows, *_asked(prometheus, board, start, applications, pace)]


def _write_rules(place: Path, generated: Path) -> int:
    """Into the folder of Prometheus. How many are ours.

    All are evaluated at its pace, and no alert waits: more of them fire than would in so short a time.
    """
    place.mkdir()
    ours = {
        f"{_OURS}{path.parent.name}-{path.name}": yaml.safe_load(path.read_text())
        for path in sorted(generated.glob("alerts/generated/*/gitops-*.yml"))
    }
    for name, file in {**ours, f"rules-{mixin.NAME}.yml": mixin.rules()}.items():
        for group in file["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                rule.pop("for", None)
        (place / name).write_text(yaml.safe_dump(file))
    return sum(len(group["rules"]) for file in ours.values() for group in file["groups"])


@contextmanager
def _exporter(cluster: Cluster, folder: Path) -> Iterator[str]:
    """Where an exporter with history listens."""
    listen = f"127.0.0.1:{free_port()}"
    arguments = ("--kubeconfig", str(cluster.kubeconfig), "--listen", listen, "--log-level", "warning")
    with running(python("observability", "run", *arguments, "--journal", str(folder / "monitored.db"))):
        yield listen


def _until_scraped(prometheus: Measured, applications: int) -> None:
    metrics = ("gitops_application_info", "argocd_app_info")
    enough = applications - max(1, applications // 50)  # life goes on: some are being deleted, or made again

    def complete() -> bool:
        return all(prometheus.count(metric) >= enough for metric in metrics)

    until(complete, 120, "Prometheus has scraped all applications", every=0.5)


def _evaluated(prometheus: Measured, applications: int, rules: int) -> list[Row]:
    seen = prometheus.watch()
    ours, theirs = seen.where(lambda name: _OURS in name), seen.where(lambda name: _OURS not in name)
    firing = [
        prometheus.count(f'ALERTS{{alertname=~"{name}"}}') for name in ("GitOps.+", "ArgoCd.+", mixin.MANUAL_ALERT)
    ]
    series = prometheus.count('{__name__=~"gitops_.+"}')
    what = (
        f"prometheus_rule_group_last_duration_seconds of {len(ours.groups)} groups with {rules} rules, of all "
        f"environments together, over {series:,} series; `for` is left out, and {firing[0]:,} alerts fire. Of the peer "
        f"one group with {len(mixin.rules()['groups'][0]['rules'])} rules, and {firing[1]:,} fire, {firing[2]:,} of "
        f"them {mixin.MANUAL_ALERT}. {seen.failed} evaluations of rules failed."
    )
    return [
        Row(
            name=RULES.format(applications),
            value=max(ours.slowest[1]),
            unit="s",
            target=1.0,
            peers=(Peer(mixin.NAME, max(theirs.slowest[1])),),
            notes=(what, _slowest_note(ours)),
        ),
        Row(
            name=RULES_MEDIAN.format(applications),
            value=ours.slowest_median,
            unit="s",
            target=1.0,
            peers=(Peer(mixin.NAME, theirs.slowest_median),),
            notes=(what, "The median of each group's evaluations: less of what other programs did meanwhile."),
        ),
        Row(
            name=RULES_TOGETHER.format(applications),
            value=ours.together,
            unit="s",
            peers=(Peer(mixin.NAME, theirs.together),),
            notes=(what, "The medians of all groups, added up."),
        ),
    ]


def _slowest_note(ours: Evaluations) -> str:
    name, taken = ours.slowest
    group = Path(name.partition(";")[0]).stem.removeprefix(_OURS)
    return f"{group}: the slowest of {len(taken)} evaluations, their median is {number(statistics.median(taken))} s."


def _asked(prometheus: Measured, board: Mapping[str, Any], start: float, applications: int, pace: Pace) -> list[Row]:
    """With as many points as were scraped; then those over time with as many as a longer view has."""
    end = CLOCK()
    ours, theirs = _queries(board, pace, end - start), mixin.overview(f"{4 * pace.interval}s")
    few, many = Span(start, end, float(pace.interval)), Span(start, end, (end - start) / _POINTS)
    times = f"the median of {pace.rounds} each; those over time: the {end - start:.0f} s that were scraped"
    all_of_them = f"{len(ours)} queries as generated, with all variables at All, {times}."
    points = f"The same time with {_POINTS} points: as many as a view of six hours has, one each 30 s; asked once."
    first = Row(name=OVERVIEW.format(applications), value=0.0, unit="s", target=1.0, notes=(all_of_them,))
    second = Row(name=OVERVIEW_POINTS.format(applications), value=0.0, unit="s", notes=(points,))
    return [
        _filled(first, prometheus, ours, theirs, (few, pace.rounds)),
        _filled(second, prometheus, _over_time(ours), _over_time(theirs), (many, 1)),
    ]


def _filled(
    row: Row, prometheus: Measured, ours: Sequence[Query], theirs: Sequence[Query], asked: tuple[Span, int]
) -> Row:
    slowest, peer = prometheus.slowest(ours, *asked), prometheus.slowest(theirs, *asked)
    return dataclasses.replace(
        row,
        value=slowest.seconds,
        peers=(Peer(mixin.NAME, peer.seconds),),
        notes=(*row.notes, f"The slowest: {slowest.query.text}"),
    )


def _over_time(queries: Iterable[Query]) -> list[Query]:
    return [query for query in queries if not query.instant]


def _queries(board: Mapping[str, Any], pace: Pace, seconds: float) -> list[Query]:
    """Those of a dashboard that go to Prometheus, as Grafana sends them with all variables at All."""
    variables = {
        "__rate_interval": f"{4 * pace.interval}s",
        "__interval": f"{pace.interval}s",
        "__range_s": f"{seconds:.0f}",
        "__range": f"{seconds:.0f}s",
    }
    return [
        Query(
            re.sub(r"\$(\w+)", lambda found: variables.get(found[1], ".*"), target["expr"]), bool(target.get("instant"))
        )
        for panel in _panels(board["panels"])
        for target in panel.get("targets", ())
        if target["datasource"]["type"] == "prometheus"
    ]


def _panels(panels: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Those in rows that are closed, too."""
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels", ()))
