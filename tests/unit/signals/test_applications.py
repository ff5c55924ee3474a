# ruff: noqa: E501 - lines of /metrics are as long as they are
"""Every metric of an Application, as Prometheus reads it: its state in, its lines out."""

from operator import attrgetter
from typing import Any, Final

import pytest

from observability.model.application import Condition, Destination, Hydrator, Operation, Source, Target
from observability.model.state import ApplicationState, WindowVerdict
from observability.model.status import Cause, HealthStatus, Phase, Policy, Result, SyncStatus
from observability.signals.applications import APPLICATION_METRICS, IMAGES, REVISION_INFO, application_labels
from observability.signals.catalogue import Metric
from observability.signals.metrics import METRICS
from tests.builders import NOON, application, operation, state
from tests.rendering import golden, text_of
from tests.rows import name_of, names, only, row

OUT_OF_SYNC: Final = application(sync=SyncStatus.OUT_OF_SYNC)
APPLICATIONS: Final[tuple[tuple[ApplicationState, str], ...]] = (
    (
        state(
            application(
                sources=(
                    Source("https://git.example.com/shop.git", "deploy", "", "v1.2.3"),
                    Source("https://charts.example.com", chart="redis"),
                ),
                destination=Destination("https://kubernetes.default.svc", "in-cluster", "shop"),
                applicationset="shops",
                automated=True,
                prune=True,
            )
        ),
        """
        # HELP gitops_application_info What an Application deploys, and where to: spec.source (the first of `sources`), spec.destination, spec.syncPolicy.automated, and the ApplicationSet that owns it.
        # TYPE gitops_application_info gauge
        gitops_application_info{application="shop-prod",repository="https://git.example.com/shop.git",path="deploy",chart="",target_revision="v1.2.3",destination_server="https://kubernetes.default.svc",destination_name="in-cluster",destination_namespace="shop",applicationset="shops",automated="true",self_heal="false",prune="true",sources="2"} 1
        """,
    ),
    (
        state(application(health=HealthStatus.DEGRADED)),
        """
        # HELP gitops_application_health_status status.health.status as a state set: 1 for the status that it has, 0 for the others. Empty is Unknown.
        # TYPE gitops_application_health_status gauge
        gitops_application_health_status{application="shop-prod",health_status="Healthy"} 0
        gitops_application_health_status{application="shop-prod",health_status="Progressing"} 0
        gitops_application_health_status{application="shop-prod",health_status="Degraded"} 1
        gitops_application_health_status{application="shop-prod",health_status="Suspended"} 0
        gitops_application_health_status{application="shop-prod",health_status="Missing"} 0
        gitops_application_health_status{application="shop-prod",health_status="Unknown"} 0
        """,
    ),
    (
        state(health_since=NOON + 0.5),
        """
        # HELP gitops_application_health_since_timestamp_seconds When that health status began: status.health.lastTransitionTime, else when it was first seen.
        # TYPE gitops_application_health_since_timestamp_seconds gauge
        gitops_application_health_since_timestamp_seconds{application="shop-prod"} 1795435200.5
        """,
    ),
    (
        state(OUT_OF_SYNC),
        """
        # HELP gitops_application_sync_status status.sync.status as a state set: 1 for the status that it has, 0 for the others. Empty is Unknown.
        # TYPE gitops_application_sync_status gauge
        gitops_application_sync_status{application="shop-prod",sync_status="Synced"} 0
        gitops_application_sync_status{application="shop-prod",sync_status="OutOfSync"} 1
        gitops_application_sync_status{application="shop-prod",sync_status="Unknown"} 0
        """,
    ),
    (
        state(OUT_OF_SYNC, cause=Cause.LIVE_DRIFT),
        """
        # HELP gitops_application_out_of_sync Why the Application is OutOfSync: 1 for the cause, judged from status.sync, status.history and what was seen before. Absent while it is not OutOfSync, and while a sync settles.
        # TYPE gitops_application_out_of_sync gauge
        gitops_application_out_of_sync{application="shop-prod",cause="live_drift"} 1
        """,
    ),
    (
        state(OUT_OF_SYNC, out_of_sync_since=NOON),
        """
        # HELP gitops_application_out_of_sync_since_timestamp_seconds Since when status.sync.status is OutOfSync, as far as it was seen: Argo CD does not record it. After a restart without a journal file the time of the restart: the age is a lower bound. Absent while it is not OutOfSync.
        # TYPE gitops_application_out_of_sync_since_timestamp_seconds gauge
        gitops_application_out_of_sync_since_timestamp_seconds{application="shop-prod"} 1795435200
        """,
    ),
    (
        state(application(out_of_sync_resources=2)),
        """
        # HELP gitops_application_out_of_sync_resources Resources in status.resources that are not Synced, hooks aside.
        # TYPE gitops_application_out_of_sync_resources gauge
        gitops_application_out_of_sync_resources{application="shop-prod"} 2
        """,
    ),
    (
        state(application(resources=7)),
        """
        # HELP gitops_application_resources Resources that the Application manages: status.resources, hooks aside.
        # TYPE gitops_application_resources gauge
        gitops_application_resources{application="shop-prod"} 7
        """,
    ),
    (
        state(application(operation=operation(Phase.TERMINATING))),
        """
        # HELP gitops_application_operation_phase status.operationState.phase of the last or running operation: 1 for that phase. Absent before the first, and for a moment when Argo CD sets the next.
        # TYPE gitops_application_operation_phase gauge
        gitops_application_operation_phase{application="shop-prod",phase="Terminating"} 1
        """,
    ),
    (
        state(application(operation=operation())),
        """
        # HELP gitops_application_operation_started_timestamp_seconds status.operationState.startedAt.
        # TYPE gitops_application_operation_started_timestamp_seconds gauge
        gitops_application_operation_started_timestamp_seconds{application="shop-prod"} 1795435200
        """,
    ),
    (
        state(application(operation=operation())),
        """
        # HELP gitops_application_operation_finished_timestamp_seconds status.operationState.finishedAt; of an operation that waits for a retry, the end of the last try.
        # TYPE gitops_application_operation_finished_timestamp_seconds gauge
        gitops_application_operation_finished_timestamp_seconds{application="shop-prod"} 1795435201
        """,
    ),
    (
        state(results=(5, 1, 0, 0, 2)),
        """
        # HELP gitops_application_operations_total Sync operations that ended, dry runs aside, by result, from status.operationState. Begins anew when the exporter restarts without a journal file.
        # TYPE gitops_application_operations_total counter
        gitops_application_operations_total{application="shop-prod",result="success"} 5
        gitops_application_operations_total{application="shop-prod",result="failure"} 1
        gitops_application_operations_total{application="shop-prod",result="error"} 0
        gitops_application_operations_total{application="shop-prod",result="timeout"} 0
        gitops_application_operations_total{application="shop-prod",result="cancellation"} 2
        """,
    ),
    (
        state(deployments=4),
        """
        # HELP gitops_application_deployments_total New entries of status.history with other content than the entry before; local syncs do not count. Begins anew when the exporter restarts without a journal file.
        # TYPE gitops_application_deployments_total counter
        gitops_application_deployments_total{application="shop-prod"} 4
        """,
    ),
    (
        state(self_heals=3),
        """
        # HELP gitops_application_self_heals_total Attempts of Argo CD to undo a change in the cluster, from autoHealAttemptsCount of the operations. Begins anew when the exporter restarts without a journal file.
        # TYPE gitops_application_self_heals_total counter
        gitops_application_self_heals_total{application="shop-prod"} 3
        """,
    ),
    (
        state(application(reconciled_at=NOON)),
        """
        # HELP gitops_application_reconciled_timestamp_seconds status.reconciledAt. Its age is the only sign that Argo CD does not compare the Application any more.
        # TYPE gitops_application_reconciled_timestamp_seconds gauge
        gitops_application_reconciled_timestamp_seconds{application="shop-prod"} 1795435200
        """,
    ),
    (
        state(
            application(
                conditions=(
                    Condition("SyncError", "a"),
                    Condition("OrphanedResourceWarning"),
                    Condition("SyncError", "b"),
                )
            )
        ),
        """
        # HELP gitops_application_condition status.conditions: 1 for each type of condition that stands.
        # TYPE gitops_application_condition gauge
        gitops_application_condition{application="shop-prod",condition="SyncError"} 1
        gitops_application_condition{application="shop-prod",condition="OrphanedResourceWarning"} 1
        """,
    ),
    (
        state(application(sources_digest=2)),
        """
        # HELP gitops_application_stale_verdict 1 while the source of the spec is not the one that status.sync.comparedTo tells of, 0 otherwise.
        # TYPE gitops_application_stale_verdict gauge
        gitops_application_stale_verdict{application="shop-prod"} 1
        """,
    ),
    (
        state(application(muted_until=NOON)),
        """
        # HELP gitops_application_muted_until_timestamp_seconds Until when alerts are muted: the annotation gitops-observability/mute-until. Absent without it.
        # TYPE gitops_application_muted_until_timestamp_seconds gauge
        gitops_application_muted_until_timestamp_seconds{application="shop-prod"} 1795435200
        """,
    ),
    (
        state(application(deleted_at=NOON)),
        """
        # HELP gitops_application_deletion_timestamp_seconds metadata.deletionTimestamp. Absent unless the Application is being deleted.
        # TYPE gitops_application_deletion_timestamp_seconds gauge
        gitops_application_deletion_timestamp_seconds{application="shop-prod"} 1795435200
        """,
    ),
    (
        state(windows=WindowVerdict(can_sync_auto=False)),
        """
        # HELP gitops_application_sync_blocked 1 while the sync windows of its AppProject forbid a sync to start, automated or manual, 0 otherwise. Absent while the AppProject is not known.
        # TYPE gitops_application_sync_blocked gauge
        gitops_application_sync_blocked{application="shop-prod",by="automated"} 1
        gitops_application_sync_blocked{application="shop-prod",by="manual"} 0
        """,
    ),
    (
        state(windows=WindowVerdict(auto_changes_at=NOON, manual_changes_at=NOON + 60)),
        """
        # HELP gitops_application_sync_window_change_timestamp_seconds When gitops_application_sync_blocked changes next. Absent when not within 35 days.
        # TYPE gitops_application_sync_window_change_timestamp_seconds gauge
        gitops_application_sync_window_change_timestamp_seconds{application="shop-prod",by="automated"} 1795435200
        gitops_application_sync_window_change_timestamp_seconds{application="shop-prod",by="manual"} 1795435260
        """,
    ),
    (
        state(violations=(Policy.RISKY_OPTIONS, Policy.TARGET_REVISION)),
        """
        # HELP gitops_application_policy_violation 1 for each policy of its environment that the Application violates.
        # TYPE gitops_application_policy_violation gauge
        gitops_application_policy_violation{application="shop-prod",policy="risky_options"} 1
        gitops_application_policy_violation{application="shop-prod",policy="target_revision"} 1
        """,
    ),
    (
        state(application(hydrator=Hydrator("Hydrating"))),
        """
        # HELP gitops_application_hydrator_phase status.sourceHydrator.currentOperation.phase: 1 for that phase. Absent without a source hydrator.
        # TYPE gitops_application_hydrator_phase gauge
        gitops_application_hydrator_phase{application="shop-prod",phase="Hydrating"} 1
        """,
    ),
    (
        state(application(hydrator=Hydrator("Hydrated", NOON))),
        """
        # HELP gitops_application_hydrated_timestamp_seconds status.sourceHydrator.lastSuccessfulOperation.finishedAt.
        # TYPE gitops_application_hydrated_timestamp_seconds gauge
        gitops_application_hydrated_timestamp_seconds{application="shop-prod"} 1795435200
        """,
    ),
    (
        state(application(desired=Target(("c0ffee", "5")), history=()), deployed=Target(("bebe", "4"))),
        """
        # HELP gitops_application_revision_info status.sync.revision(s), and those of the newest entry of status.history; several sources are joined by commas. Exposed with exposition.revisions.
        # TYPE gitops_application_revision_info gauge
        gitops_application_revision_info{application="shop-prod",revision="c0ffee,5",deployed_revision="bebe,4"} 1
        """,
    ),
    (
        state(application(images=("shop:1.2.3", "proxy:2", "shop:1.2.3"))),
        """
        # HELP gitops_application_image 1 for each of status.summary.images. Exposed with exposition.images.
        # TYPE gitops_application_image gauge
        gitops_application_image{application="shop-prod",image="shop:1.2.3"} 1
        gitops_application_image{application="shop-prod",image="proxy:2"} 1
        """,
    ),
    (
        state(application(labels={"team": "shop"})),
        """
        # HELP gitops_application_labels Labels of the Application that exposition.application_labels names, as label_ and the key.
        # TYPE gitops_application_labels gauge
        gitops_application_labels{application="shop-prod"} 1
        """,
    ),
)


@pytest.mark.parametrize(("subject", "text"), APPLICATIONS, ids=names(APPLICATIONS))
def test_an_application(subject: ApplicationState, text: str) -> None:
    assert text_of(row(name_of(text)), subject, (("application", "shop-prod"),)) == golden(text)


def test_each_metric_has_its_golden_text_in_the_order_of_the_catalogue() -> None:
    assert names(APPLICATIONS) == [one.name for one in METRICS if one.name.startswith("gitops_application_")]


ABSENT: Final = (
    ("gitops_application_out_of_sync", state()),
    ("gitops_application_out_of_sync", state(OUT_OF_SYNC, cause=None)),
    ("gitops_application_out_of_sync_since_timestamp_seconds", state(out_of_sync_since=NOON)),
    ("gitops_application_operation_phase", state()),
    ("gitops_application_operation_phase", state(application(operation=Operation()))),
    ("gitops_application_operation_started_timestamp_seconds", state()),
    ("gitops_application_operation_finished_timestamp_seconds", state()),
    ("gitops_application_operation_finished_timestamp_seconds", state(application(operation=operation(Phase.RUNNING)))),
    ("gitops_application_reconciled_timestamp_seconds", state()),
    ("gitops_application_condition", state()),
    ("gitops_application_muted_until_timestamp_seconds", state()),
    ("gitops_application_deletion_timestamp_seconds", state()),
    ("gitops_application_sync_window_change_timestamp_seconds", state()),
    ("gitops_application_policy_violation", state()),
    ("gitops_application_hydrator_phase", state()),
    ("gitops_application_hydrator_phase", state(application(hydrator=Hydrator("", NOON)))),
    ("gitops_application_hydrated_timestamp_seconds", state()),
    ("gitops_application_hydrated_timestamp_seconds", state(application(hydrator=Hydrator("Failed")))),
    ("gitops_application_image", state()),
)


@pytest.mark.parametrize(("name", "subject"), ABSENT)
def test_what_is_not_so_has_no_line(name: str, subject: object) -> None:
    assert list(row(name).samples(subject)) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gitops_application_health_status", HealthStatus),
        ("gitops_application_sync_status", SyncStatus),
        ("gitops_application_operations_total", Result),
    ],
)
def test_each_word_has_its_line_whatever_is_so(name: str, words: type[HealthStatus | SyncStatus | Result]) -> None:
    assert [labels for labels, _ in row(name).samples(state())] == [(word.value,) for word in words]


@pytest.mark.parametrize("health", HealthStatus)
def test_one_health_status_holds(health: HealthStatus) -> None:
    samples = row("gitops_application_health_status").samples(state(application(health=health)))
    assert [labels for labels, value in samples if value == 1] == [(health.value,)]


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_its_word(cause: Cause) -> None:
    assert list(row("gitops_application_out_of_sync").samples(state(OUT_OF_SYNC, cause=cause))) == [
        ((cause.value,), 1.0)
    ]


def test_without_a_source_the_info_is_there_all_the_same() -> None:
    ((labels, value),) = row("gitops_application_info").samples(state(application(sources=())))
    assert (labels[:4], labels[-1], value) == (("", "", "", ""), "0", 1.0)


def test_labels_that_are_asked_for() -> None:
    metric = application_labels(("team", "app.kubernetes.io/part-of"))
    assert metric.labels == ("label_team", "label_app_kubernetes_io_part_of")
    assert list(metric.samples(state(application(labels={"team": "shop", "other": "x"})))) == [(("shop", ""), 1.0)]


def test_revisions_of_one_that_was_never_deployed() -> None:
    samples = REVISION_INFO.samples(state(application(desired=Target(("a",))), deployed=None))
    assert list(samples) == [(("a", ""), 1.0)]


@pytest.mark.parametrize("metric", [*APPLICATION_METRICS, REVISION_INFO, IMAGES], ids=attrgetter("name"))
def test_samples_depend_on_nothing_but_what_the_row_reads(metric: Metric[Any]) -> None:
    for subject, _ in APPLICATIONS:
        assert tuple(metric.samples(only(metric.reads, subject))) == tuple(metric.samples(subject))
