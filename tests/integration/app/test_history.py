"""What happened in a real API server arrives at a real Collector as logs and traces, as the journal has it.

A service is promoted from dev over staging to prod as a real Argo CD wrote it; then production drifts and is Degraded.
"""

import copy
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from msgspec.structs import replace

from observability.journal import packing, records
from observability.model.event import Event, Span, SpanStatus
from observability.signals.events import EVENTS
from observability.signals.promotions import PROMOTION_EVENTS
from observability.signals.traces import spans_of
from tests import replay
from tests.integration import servers
from tests.integration.app.conftest import StartExporter
from tests.integration.app.shops import RealCluster, stamp
from tests.integration.conftest import StartApiServer
from tests.integration.exporters import Exporter
from tests.integration.otlp import arrived
from tests.integration.servers import ARGO_KINDS, Collector, Etcd, free_port, patience, until

pytestmark = pytest.mark.servers

SECONDS: Final = 12.0
"""Of the recording: the service is created, and its first revision goes from dev over staging to prod."""
PREFIX: Final = "gitops.application."


class Journalled(NamedTuple):
    """What the journal holds, in order."""

    events: list[Event]
    spans: list[Span]
    """As they are sent."""
    rows: int


class History:
    """An exporter that delivers to a Collector, and to one that is away: the journal keeps all that that is owed."""

    def __init__(self, cluster: RealCluster, collector: Collector, exporter: Exporter, journal: Path) -> None:
        self.cluster = cluster
        self.collector = collector
        self.exporter = exporter
        self._journal = journal

    def journalled(self) -> Journalled:
        """All of it so far."""
        with closing(sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True)) as connection:
            events = connection.execute("SELECT data FROM events ORDER BY number").fetchall()
            spans = connection.execute("SELECT data FROM spans ORDER BY number").fetchall()
        found = Journalled([], [], len(events) + len(spans))
        for (data,) in events:
            event = packing.unpack(records.EVENT, data)
            assert isinstance(event, Event)
            found.events.append(event)
        for (data,) in spans:
            span = packing.unpack(records.SPAN, data)
            assert isinstance(span, Span)
            found.spans.extend(spans_of(span))
        return found

    def wait(self, holds: Callable[[Journalled], bool], what: str) -> None:
        """Until the journal says so, and the Collector has it all."""
        until(lambda: holds(self.journalled()), what, patience(20))
        until(self._is_delivered, "it is delivered", patience(20))

    def _is_delivered(self) -> bool:
        kept = self.journalled()
        return len(self.collector.logs()) >= len(kept.events) and len(self.collector.spans()) >= len(kept.spans)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """A Collector of the test's own."""
    with servers.running(Collector(tmp_path / "collector")) as running:
        yield running


@pytest.fixture(params=["http/protobuf", "grpc"])
def history(
    request: pytest.FixtureRequest,
    etcd: Etcd,
    start_api_server: StartApiServer,
    collector: Collector,
    start_exporter: StartExporter,
    tmp_path: Path,
) -> History:
    """An exporter beside an API server without any object, ready."""
    api = start_api_server(etcd)
    api.install(*ARGO_KINDS)
    urls = {"http/protobuf": collector.http_url, "grpc": collector.grpc_url}
    endpoints = [
        {"name": "collector", "endpoint": urls[request.param], "protocol": request.param},
        {"name": "away", "endpoint": f"http://127.0.0.1:{free_port()}", "protocol": "http/protobuf"},
    ]
    settings = {
        "cluster": {"name": "eu"},
        "state": {"settle_seconds": replay.SETTLE_SECONDS},
        "otlp": {"endpoints": endpoints},
    }
    cluster = RealCluster(api, etcd)
    exporter = start_exporter(cluster.kubeconfig, "--journal", str(tmp_path / "journal.db"), settings=settings)
    exporter.wait_until_ready()
    return History(cluster, collector, exporter, tmp_path / "journal.db")


def play(cluster: RealCluster) -> dict[str, dict[str, Any]]:
    """Write what the recording wrote, in its order; the Applications at the end."""
    lines = list(replay.lines("promotion"))
    last: dict[str, dict[str, Any]] = {}
    for line in takewhile(lambda line: line.at < lines[0].at + SECONDS, lines):
        assert line.type in ("ADDED", "MODIFIED")
        cluster.put(line.object)
        if line.resource == "applications":
            last[line.object["metadata"]["name"]] = line.object
    return last


def ails(cluster: RealCluster, document: dict[str, Any]) -> None:
    """Somebody changes the cluster, and the Application becomes Degraded; both are undone."""
    changed = copy.deepcopy(document)
    status = changed["status"]
    sound = copy.deepcopy(status)
    began = replay_end() + 60
    status["sync"]["status"] = "OutOfSync"
    status["resources"][-1]["status"] = "OutOfSync"
    cluster.put(changed)
    status["health"] = {"status": "Degraded", "lastTransitionTime": stamp(began)}
    cluster.put(changed)
    healthy = {"status": "Healthy", "lastTransitionTime": stamp(began + 90)}
    cluster.put({**changed, "status": {**sound, "health": healthy}})


def replay_end() -> float:
    """When the last line of the recording was written."""
    *_, last = replay.lines("promotion")
    return last.at


def named(found: Journalled, name: str, application: str = "shop-prod") -> list[Event]:
    """The events of this name, of one Application."""
    return [
        event
        for event in found.events
        if event.name == PREFIX + name and event.attributes["gitops.application.name"] == application
    ]


def test_a_sync_a_promotion_a_drift_and_a_degradation_arrive(history: History) -> None:
    last = play(history.cluster)
    history.wait(lambda found: len(promotions(found)) == 2, "all is promoted")
    time.sleep(replay.SETTLE_SECONDS + 0.1)  # what differs so soon after a sync is no drift
    ails(history.cluster, last["shop-prod"])
    history.wait(lambda found: bool(named(found, "drift.resolved")), "the drift is over")
    history.wait(lambda found: named(found, "health.changed")[-1].attributes["gitops.health.status"] == "Healthy", "ok")
    found = history.journalled()

    _as_journalled(history.collector, found)
    _each_sync_is_told(found)
    _each_promotion_is_one_trace(found)
    (drift,), (resolved,) = named(found, "drift.detected"), named(found, "drift.resolved")
    assert drift.attributes["gitops.out_of_sync.cause"] == "live_drift"
    assert resolved.attributes["gitops.out_of_sync.duration_seconds"] == pytest.approx(resolved.at - drift.at, abs=1e-3)
    degraded, healthy = named(found, "health.changed")[-2:]
    assert degraded.attributes["gitops.health.status"] == "Degraded"
    assert degraded.severity == "ERROR", "it is production"
    assert healthy.attributes["gitops.degraded.duration_seconds"] == 90.0
    assert not any(event.attributes["gitops.catch_up"] for event in found.events)
    assert "gitops.exporter.gap" not in {event.name for event in found.events}
    known = {row.name for row in (*EVENTS, *PROMOTION_EVENTS)}
    assert {event.name for event in found.events} <= known


def promotions(found: Journalled) -> list[Event]:
    """What was promoted."""
    return [event for event in found.events if event.name == "gitops.service.promoted"]


def _as_journalled(collector: Collector, found: Journalled) -> None:
    """Each record is there once, in order, field by field."""
    logs = [
        arrived.event_of(record, event.subject) for record, event in zip(collector.logs(), found.events, strict=True)
    ]
    spans = [arrived.span_of(record, span.subject) for record, span in zip(collector.spans(), found.spans, strict=True)]
    for got, event in zip(logs, found.events, strict=True):
        assert (got.at, got.observed_at) == pytest.approx((event.at, event.observed_at), abs=1e-6)
        assert replace(got, at=event.at, observed_at=event.observed_at) == event
    for arrived_span, span in zip(spans, found.spans, strict=True):
        times = arrived_span.started_at, arrived_span.ended_at
        assert times == pytest.approx((span.started_at, span.ended_at), abs=1e-6)
        assert replace(arrived_span, started_at=span.started_at, ended_at=span.ended_at) == span
    for record in (*collector.logs(), *collector.spans()):
        resource = arrived.attributes_of(record["resource"])
        assert resource["k8s.cluster.name"] == "eu"
        assert resource["service.name"] == "gitops-observability"
    assert all(event.attributes["k8s.cluster.name"] == "eu" for event in found.events)
    assert len({event.id for event in found.events}) == len(found.events)
    assert len({(span.trace_id, span.id) for span in found.spans}) == len(found.spans)


def _each_sync_is_told(found: Journalled) -> None:
    """As an event and as a trace of its own, with what it did to each resource."""
    finished = [event for event in found.events if event.name == PREFIX + "sync.finished"]
    roots = [span for span in found.spans if span.name.startswith("SYNC ")]
    assert len(finished) == len(roots) == 3
    by_run = {root.attributes["cicd.pipeline.run.id"]: root for root in roots}
    for event in finished:
        root = by_run[event.attributes["cicd.pipeline.run.id"]]
        for name in ("gitops.application.uid", "gitops.sync.kind", "gitops.revision", "cicd.pipeline.result"):
            assert root.attributes[name] == event.attributes[name]
        assert (root.parent_id, root.status) == (None, SpanStatus.UNSET)
        assert root.ended_at - root.started_at == event.attributes["gitops.sync.duration_seconds"]
    children = [span for span in found.spans if span.parent_id in {root.id for root in roots}]
    assert {child.name for child in children} >= {"Deployment shop", "Service shop", "ConfigMap shop-config"}
    assert len({root.trace_id for root in roots}) == len(roots)


def _each_promotion_is_one_trace(found: Journalled) -> None:
    """Dev, staging and prod in one trace, each linked to the sync that brought it."""
    syncs = {(span.trace_id, span.id): span for span in found.spans if span.name.startswith("SYNC ")}
    journeys = [span for span in found.spans if span.name == "PROMOTE shop"]
    assert [journey.attributes["cicd.pipeline.result"] for journey in journeys] == ["success"]
    for journey in journeys:
        steps = [span for span in found.spans if span.trace_id == journey.trace_id and span is not journey]
        assert [step.name for step in steps] == ["DELIVER dev", "DELIVER staging", "DELIVER prod"]
        assert {step.parent_id for step in steps} == {journey.id}
        for step in steps:
            assert journey.started_at <= step.started_at <= step.ended_at <= journey.ended_at
            assert step.links
            brought = [syncs[link.trace_id, link.span_id] for link in step.links]
            assert {one.attributes["gitops.revision"] for one in brought} == {step.attributes["gitops.revision"]}
            assert {one.attributes["gitops.environment"] for one in brought} == {step.attributes["gitops.environment"]}
    told = [_promotion(event.attributes) for event in promotions(found)]
    values = [str(journey.attributes["gitops.promotion.value"]) for journey in journeys]
    assert told == [(pair, value) for value in values for pair in (("dev", "staging"), ("staging", "prod"))]


def _promotion(attributes: Mapping[str, Any]) -> tuple[tuple[str, str], str]:
    pair = attributes["gitops.from_environment"], attributes["gitops.to_environment"]
    return pair, attributes["gitops.promotion.value"]


def test_what_one_endpoint_is_owed_holds_up_nobody(history: History) -> None:
    """The metrics say so, too."""
    play(history.cluster)
    history.wait(lambda found: len(promotions(found)) == 2, "all is promoted")
    found = history.journalled()
    owed = rf'^gitops_exporter_outbox_rows{{endpoint="away"}} {found.rows}\.0$'
    history.exporter.wait_for(owed, r'^gitops_exporter_outbox_rows{endpoint="collector"} 0\.0$', seconds=15)
    delivered = rf'^gitops_exporter_deliveries_total{{endpoint="collector",outcome="delivered"}} {found.rows}\.0$'
    history.exporter.wait_for(delivered)
