# ruff: noqa: E501 - lines of /metrics are as long as they are
"""Every metric, as Prometheus reads it: an object in, its lines out."""

from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from observability.delivery.own import OwnMetrics
from observability.model.application import Condition, Destination, Hydrator, Operation, Source, Target
from observability.model.applicationset import SetCondition
from observability.model.state import ApplicationSetState, ApplicationState, ProjectState, WindowState, WindowVerdict
from observability.model.status import Cause, HealthStatus, Phase, Policy, Result, SyncStatus
from observability.signals import reference
from observability.signals.aggregates import AGGREGATE_METRICS
from observability.signals.applications import APPLICATION_METRICS, IMAGES, REVISION_INFO, application_labels
from observability.signals.catalogue import Distribution, Metric, OwnMetric, Type
from observability.signals.exporter import EXPORTER_METRICS
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.metrics import METRICS
from observability.signals.promotions import PROMOTION_METRICS
from tests.builders import NOON, application, applicationset, operation, project, state, window
from tests.rendering import golden, text_of

OUT_OF_SYNC: Final = application(sync=SyncStatus.OUT_OF_SYNC)
WINDOWS: Final = ProjectState(
    project(
        "shop",
        window("deny", "0 13 * * *", "2h"),
        window("allow", "* * * * *", "1h", time_zone="Europe/Paris"),
        window("deny", "often", "1h"),
    ),
    (WindowState(False), WindowState(True), WindowState(None)),
)

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

APPLICATIONSETS: Final[tuple[tuple[ApplicationSetState, str], ...]] = (
    (
        ApplicationSetState(applicationset(generators=("git", "list"), strategy="RollingSync")),
        """
        # HELP gitops_applicationset_info spec.generators (their kinds, joined by commas) and spec.strategy.type.
        # TYPE gitops_applicationset_info gauge
        gitops_applicationset_info{applicationset="shops",generators="git,list",strategy="RollingSync"} 1
        """,
    ),
    (
        ApplicationSetState(
            applicationset(
                conditions=(
                    SetCondition("ErrorOccurred", "False"),
                    SetCondition("ResourcesUpToDate", "True"),
                    SetCondition("RolloutProgressing", "Unknown"),
                )
            )
        ),
        """
        # HELP gitops_applicationset_condition status.conditions: 1 for each type of condition whose status is True.
        # TYPE gitops_applicationset_condition gauge
        gitops_applicationset_condition{applicationset="shops",condition="ResourcesUpToDate"} 1
        """,
    ),
    (
        ApplicationSetState(applicationset(applications=12)),
        """
        # HELP gitops_applicationset_applications Applications that it owns: status.resourcesCount, else the length of status.resources.
        # TYPE gitops_applicationset_applications gauge
        gitops_applicationset_applications{applicationset="shops"} 12
        """,
    ),
    (
        ApplicationSetState(applicationset(), step=2, step_since=NOON),
        """
        # HELP gitops_applicationset_step The step of a progressive sync that is worked on: the lowest with an Application in status.applicationStatus that is not Healthy, the last one when all are. Absent without steps.
        # TYPE gitops_applicationset_step gauge
        gitops_applicationset_step{applicationset="shops"} 2
        """,
    ),
    (
        ApplicationSetState(applicationset(), step=2, step_since=NOON),
        """
        # HELP gitops_applicationset_step_since_timestamp_seconds When that step began: when the steps before it were done. Of a finished progressive sync its end.
        # TYPE gitops_applicationset_step_since_timestamp_seconds gauge
        gitops_applicationset_step_since_timestamp_seconds{applicationset="shops"} 1795435200
        """,
    ),
)

PROJECTS: Final[tuple[tuple[ProjectState, str], ...]] = (
    (
        WINDOWS,
        """
        # HELP gitops_project_sync_window_active 1 while a window of spec.syncWindows is active, 0 otherwise. Absent for one that cannot be read.
        # TYPE gitops_project_sync_window_active gauge
        gitops_project_sync_window_active{project="shop",kind="deny",schedule="0 13 * * *",duration="2h",time_zone="UTC"} 0
        gitops_project_sync_window_active{project="shop",kind="allow",schedule="* * * * *",duration="1h",time_zone="Europe/Paris"} 1
        """,
    ),
    (
        WINDOWS,
        """
        # HELP gitops_project_sync_window_invalid 1 for a window of spec.syncWindows with a schedule or duration that cannot be read: Argo CD then refuses every sync of the Applications that it matches.
        # TYPE gitops_project_sync_window_invalid gauge
        gitops_project_sync_window_invalid{project="shop",kind="deny",schedule="often",duration="1h",time_zone="UTC"} 1
        """,
    ),
)

EXPORTER: Final[tuple[tuple[Callable[[OwnMetrics, OwnMetric], None], str], ...]] = (
    (
        lambda own, row: own.set(row, ("0.1.0", "3.11.2"), 1),
        """
        # HELP gitops_exporter_build_info The version of the exporter and of Python.
        # TYPE gitops_exporter_build_info gauge
        gitops_exporter_build_info{python_version="3.11.2",version="0.1.0"} 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), NOON),
        """
        # HELP gitops_exporter_start_timestamp_seconds When the exporter started; without a journal file it remembers nothing that is older.
        # TYPE gitops_exporter_start_timestamp_seconds gauge
        gitops_exporter_start_timestamp_seconds 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1),
        """
        # HELP gitops_exporter_ready 1 once the first list of each kind that can be had is in, 0 before.
        # TYPE gitops_exporter_ready gauge
        gitops_exporter_ready 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("Application",), 1),
        """
        # HELP gitops_exporter_kind_available 1 while a kind can be listed and watched in all its namespaces, 0 while it is forbidden, not installed or out of reach. What is exposed of it is then as last known.
        # TYPE gitops_exporter_kind_available gauge
        gitops_exporter_kind_available{kind="Application"} 1.0
        gitops_exporter_kind_available{kind="ApplicationSet"} 0.0
        gitops_exporter_kind_available{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("Application",), 100_000),
        """
        # HELP gitops_exporter_objects Objects of a kind that are known.
        # TYPE gitops_exporter_objects gauge
        gitops_exporter_objects{kind="Application"} 100000.0
        gitops_exporter_objects{kind="ApplicationSet"} 0.0
        gitops_exporter_objects{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("AppProject",)),
        """
        # HELP gitops_exporter_watch_restarts_total Watches that ended and were begun again, the planned ends included.
        # TYPE gitops_exporter_watch_restarts_total counter
        gitops_exporter_watch_restarts_total{kind="Application"} 0.0
        gitops_exporter_watch_restarts_total{kind="ApplicationSet"} 0.0
        gitops_exporter_watch_restarts_total{kind="AppProject"} 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("Application", "expired")),
        """
        # HELP gitops_exporter_relists_total Lists after the first one, by reason.
        # TYPE gitops_exporter_relists_total counter
        gitops_exporter_relists_total{kind="Application",reason="expired"} 1.0
        gitops_exporter_relists_total{kind="Application",reason="outage"} 0.0
        gitops_exporter_relists_total{kind="Application",reason="malformed"} 0.0
        gitops_exporter_relists_total{kind="Application",reason="restored"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="expired"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="outage"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="malformed"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="restored"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="expired"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="outage"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="malformed"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="restored"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("Application",), NOON),
        """
        # HELP gitops_exporter_last_event_timestamp_seconds When the last object, bookmark or list of a kind was received. Its age is the age of what is exposed.
        # TYPE gitops_exporter_last_event_timestamp_seconds gauge
        gitops_exporter_last_event_timestamp_seconds{kind="Application"} 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.increment(row, ("ApplicationSet",)),
        """
        # HELP gitops_exporter_decode_failures_total Fields and whole objects that could not be read; of a field that cannot be read the rest is used.
        # TYPE gitops_exporter_decode_failures_total counter
        gitops_exporter_decode_failures_total{kind="Application"} 0.0
        gitops_exporter_decode_failures_total{kind="ApplicationSet"} 1.0
        gitops_exporter_decode_failures_total{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1_400_000),
        """
        # HELP gitops_exporter_series Series on the last page that was served, those of the exporter itself aside.
        # TYPE gitops_exporter_series gauge
        gitops_exporter_series 1.4e+06
        """,
    ),
    (
        lambda own, row: own.set(row, ("gzip",), 2_000_000),
        """
        # HELP gitops_exporter_body_bytes Size of the last page that was served, by encoding.
        # TYPE gitops_exporter_body_bytes gauge
        gitops_exporter_body_bytes{encoding="gzip"} 2e+06
        gitops_exporter_body_bytes{encoding="identity"} 0.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("gitops_application_info",), 3),
        """
        # HELP gitops_exporter_series_dropped_total Series that were not exposed because the family is full (exposition.series_per_family).
        # TYPE gitops_exporter_series_dropped_total counter
        gitops_exporter_series_dropped_total{family="gitops_application_info"} 3.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("gitops_application_info",), 2),
        """
        # HELP gitops_exporter_objects_hidden Objects that a family does not show now for want of room (exposition.series_per_family).
        # TYPE gitops_exporter_objects_hidden gauge
        gitops_exporter_objects_hidden{family="gitops_application_info"} 2.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("gitops_application_info",)),
        """
        # HELP gitops_exporter_render_failures_total Objects whose samples of a family could not be computed: a defect of the exporter.
        # TYPE gitops_exporter_render_failures_total counter
        gitops_exporter_render_failures_total{family="gitops_application_info"} 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row),
        """
        # HELP gitops_exporter_label_values_truncated_total Label values that were cut and end in a hash (exposition.label_value_bytes).
        # TYPE gitops_exporter_label_values_truncated_total counter
        gitops_exporter_label_values_truncated_total 1.0
        """,
    ),
    (
        lambda own, row: own.observe(row, (), 0.02),
        """
        # HELP gitops_exporter_exposed_delay_seconds From the receipt of a change to the moment from which a scrape shows it.
        # TYPE gitops_exporter_exposed_delay_seconds histogram
        gitops_exporter_exposed_delay_seconds_bucket{le="0.001"} 0.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.005"} 0.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.01"} 0.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.025"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.05"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.1"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.25"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.5"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="1.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="2.5"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="5.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="10.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="30.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="+Inf"} 1.0
        gitops_exporter_exposed_delay_seconds_count 1.0
        gitops_exporter_exposed_delay_seconds_sum 0.02
        """,
    ),
    (
        lambda own, row: own.observe(row, (), 0.02),
        """
        # HELP gitops_exporter_loop_stall_seconds How much later than asked the event loop woke up.
        # TYPE gitops_exporter_loop_stall_seconds histogram
        gitops_exporter_loop_stall_seconds_bucket{le="0.005"} 0.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.01"} 0.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.025"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.05"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.1"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.25"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.5"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="1.0"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="2.5"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="+Inf"} 1.0
        gitops_exporter_loop_stall_seconds_count 1.0
        gitops_exporter_loop_stall_seconds_sum 0.02
        """,
    ),
    (
        lambda own, row: own.increment(row, ("Application",)),
        """
        # HELP gitops_exporter_judge_failures_total Observations of a kind that could not be taken in: a defect of the exporter.
        # TYPE gitops_exporter_judge_failures_total counter
        gitops_exporter_judge_failures_total{kind="Application"} 1.0
        gitops_exporter_judge_failures_total{kind="ApplicationSet"} 0.0
        gitops_exporter_judge_failures_total{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("scrape_cap",)),
        """
        # HELP gitops_exporter_http_refusals_total Clients that did not get what they asked for, by reason.
        # TYPE gitops_exporter_http_refusals_total counter
        gitops_exporter_http_refusals_total{reason="header_timeout"} 0.0
        gitops_exporter_http_refusals_total{reason="write_timeout"} 0.0
        gitops_exporter_http_refusals_total{reason="connection_cap"} 0.0
        gitops_exporter_http_refusals_total{reason="scrape_cap"} 1.0
        gitops_exporter_http_refusals_total{reason="handshake"} 0.0
        gitops_exporter_http_refusals_total{reason="bad_request"} 0.0
        gitops_exporter_http_refusals_total{reason="unauthenticated"} 0.0
        gitops_exporter_http_refusals_total{reason="forbidden"} 0.0
        gitops_exporter_http_refusals_total{reason="authentication_busy"} 0.0
        gitops_exporter_http_refusals_total{reason="review_failed"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1),
        """
        # HELP gitops_exporter_web_config_last_reload_successful 1 when the last change of the web configuration was taken over, 0 when it was bad: the last good one stays. Absent without a web configuration.
        # TYPE gitops_exporter_web_config_last_reload_successful gauge
        gitops_exporter_web_config_last_reload_successful 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), NOON),
        """
        # HELP gitops_exporter_web_config_last_reload_success_timestamp_seconds When a web configuration was last taken over. Absent without one.
        # TYPE gitops_exporter_web_config_last_reload_success_timestamp_seconds gauge
        gitops_exporter_web_config_last_reload_success_timestamp_seconds 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.set(row, (), NOON),
        """
        # HELP gitops_exporter_certificate_expiry_timestamp_seconds Until when the certificate of the exporter is valid, the earliest of its chain. Absent without TLS.
        # TYPE gitops_exporter_certificate_expiry_timestamp_seconds gauge
        gitops_exporter_certificate_expiry_timestamp_seconds 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.set(row, (), 524_288),
        """
        # HELP gitops_exporter_journal_bytes Size of the journal, with all its files.
        # TYPE gitops_exporter_journal_bytes gauge
        gitops_exporter_journal_bytes 524288.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1),
        """
        # HELP gitops_exporter_journal_full 1 while the journal is full, or cannot be written: events wait in memory as far as there is room, and are folded then; metrics go on. 0 otherwise.
        # TYPE gitops_exporter_journal_full gauge
        gitops_exporter_journal_full 1.0
        """,
    ),
    (
        lambda own, row: own.advance(row, (), 3),
        """
        # HELP gitops_exporter_events_folded_total Events and spans that a full journal did not take. What changed meanwhile is recorded as one step later. Counted since the journal was begun.
        # TYPE gitops_exporter_events_folded_total counter
        gitops_exporter_events_folded_total 3.0
        """,
    ),
    (
        lambda own, row: own.advance(row, (), 2000),
        """
        # HELP gitops_exporter_events_cut_early_total Delivered events that went from the journal before journal.retention_days, because it had reached its size.
        # TYPE gitops_exporter_events_cut_early_total counter
        gitops_exporter_events_cut_early_total 2000.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("collector",), 7),
        """
        # HELP gitops_exporter_outbox_rows Events and spans in the journal that an endpoint or sink does not have yet.
        # TYPE gitops_exporter_outbox_rows gauge
        gitops_exporter_outbox_rows{endpoint="collector"} 7.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("collector",), NOON),
        """
        # HELP gitops_exporter_outbox_oldest_timestamp_seconds When the oldest of them was observed; now when there is none.
        # TYPE gitops_exporter_outbox_oldest_timestamp_seconds gauge
        gitops_exporter_outbox_oldest_timestamp_seconds{endpoint="collector"} 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.increment(row, ("collector", "delivered")),
        """
        # HELP gitops_exporter_deliveries_total Events and spans that were handed to an endpoint or sink, by what became of them: delivered, refused, or to be tried again.
        # TYPE gitops_exporter_deliveries_total counter
        gitops_exporter_deliveries_total{endpoint="collector",outcome="delivered"} 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("collector",), 2),
        """
        # HELP gitops_exporter_dead_letters Events and spans that an endpoint or sink will never take: `gitops-obs journal dead-letters` lists them.
        # TYPE gitops_exporter_dead_letters gauge
        gitops_exporter_dead_letters{endpoint="collector"} 2.0
        """,
    ),
    (
        lambda own, row: own.increment(row),
        """
        # HELP gitops_exporter_record_failures_total Changes and events that could not be recorded: a defect of the exporter.
        # TYPE gitops_exporter_record_failures_total counter
        gitops_exporter_record_failures_total 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row),
        """
        # HELP gitops_exporter_journal_unreadable_total What was saved in the journal and could not be read at the start: it begins anew.
        # TYPE gitops_exporter_journal_unreadable_total counter
        gitops_exporter_journal_unreadable_total 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("found",)),
        """
        # HELP gitops_exporter_commits_total Commits that were asked for, by what came of it; failed ones are asked for again, dropped ones were too many at once. All 0 without argocd.metadata.
        # TYPE gitops_exporter_commits_total counter
        gitops_exporter_commits_total{outcome="found"} 1.0
        gitops_exporter_commits_total{outcome="missing"} 0.0
        gitops_exporter_commits_total{outcome="forbidden"} 0.0
        gitops_exporter_commits_total{outcome="failed"} 0.0
        gitops_exporter_commits_total{outcome="given_up"} 0.0
        gitops_exporter_commits_total{outcome="dropped"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 2),
        """
        # HELP gitops_exporter_commits_waiting Commits that were asked for and have no answer yet.
        # TYPE gitops_exporter_commits_waiting gauge
        gitops_exporter_commits_waiting 2.0
        """,
    ),
)


def name_of(text: str) -> str:
    """The family that a golden text is about."""
    return text.split()[2]


def row(name: str) -> Metric[Any]:
    found = {one.name: one for one in METRICS}[name]
    assert isinstance(found, Metric)
    return found


def names(cases: tuple[tuple[Any, str], ...]) -> list[str]:
    return [name_of(text) for _, text in cases]


@pytest.mark.parametrize(("subject", "text"), APPLICATIONS, ids=names(APPLICATIONS))
def test_an_application(subject: ApplicationState, text: str) -> None:
    assert text_of(row(name_of(text)), subject, (("application", "shop-prod"),)) == golden(text)


@pytest.mark.parametrize(("subject", "text"), APPLICATIONSETS, ids=names(APPLICATIONSETS))
def test_an_applicationset(subject: ApplicationSetState, text: str) -> None:
    assert text_of(row(name_of(text)), subject, (("applicationset", "shops"),)) == golden(text)


@pytest.mark.parametrize(("subject", "text"), PROJECTS, ids=names(PROJECTS))
def test_a_project(subject: ProjectState, text: str) -> None:
    assert text_of(row(name_of(text)), subject, (("project", "shop"),)) == golden(text)


@pytest.mark.parametrize(("happens", "text"), EXPORTER, ids=names(EXPORTER))
def test_the_exporter(happens: Callable[[OwnMetrics, OwnMetric], None], text: str) -> None:
    (metric,) = (one for one in EXPORTER_METRICS if one.name == name_of(text))
    own = OwnMetrics((metric,))
    happens(own, metric)
    assert own.render().decode() == golden(text)


def test_each_metric_has_its_golden_text_in_the_order_of_the_catalogue() -> None:
    written = [*names(APPLICATIONS), *names(APPLICATIONSETS), *names(PROJECTS), *names(EXPORTER)]
    elsewhere = {*AGGREGATE_METRICS, *PROMOTION_METRICS}
    assert written == [one.name for one in METRICS if one not in elsewhere]


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
    ("gitops_applicationset_condition", ApplicationSetState(applicationset())),
    ("gitops_applicationset_step", ApplicationSetState(applicationset())),
    ("gitops_applicationset_step_since_timestamp_seconds", ApplicationSetState(applicationset(), step=1)),
    ("gitops_project_sync_window_active", ProjectState(project("shop", window("deny")), (WindowState(None),))),
    ("gitops_project_sync_window_invalid", ProjectState(project("shop", window("deny")), (WindowState(True),))),
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


def test_windows_that_differ_only_in_whom_they_match_share_a_line() -> None:
    windows = window("deny"), window("deny", applications=("a",))
    subject = ProjectState(project("shop", *windows), (WindowState(True), WindowState(True)))
    assert len(list(row("gitops_project_sync_window_active").samples(subject))) == 1


# The catalogue as a whole


SUBJECTS: Final[tuple[tuple[Metric[Any], object], ...]] = (
    *((row, subject) for row in (*APPLICATION_METRICS, REVISION_INFO, IMAGES) for subject, _ in APPLICATIONS),
    *((row, subject) for row in APPLICATIONSET_METRICS for subject, _ in APPLICATIONSETS),
    *((row, subject) for row in PROJECT_METRICS for subject, _ in PROJECTS),
)


def only(paths: tuple[str, ...], subject: object) -> SimpleNamespace:
    """Of `subject` nothing but what is at these paths: to read anything else is an AttributeError."""
    bare = SimpleNamespace()
    for path in paths:
        *parents, name = path.split(".")
        place = bare
        for parent in parents:
            if not hasattr(place, parent):
                setattr(place, parent, SimpleNamespace())
            place = getattr(place, parent)
        setattr(place, name, attrgetter(path)(subject))
    return bare


@pytest.mark.parametrize("name", sorted({row.name for row, _ in SUBJECTS}))
def test_samples_depend_on_nothing_but_what_the_row_reads(name: str) -> None:
    metric = next(row for row, _ in SUBJECTS if row.name == name)
    subjects = [subject for row, subject in SUBJECTS if row is metric]
    assert subjects
    for subject in subjects:
        assert tuple(metric.samples(only(metric.reads, subject))) == tuple(metric.samples(subject))


def test_names_are_unique() -> None:
    assert [name for name, times in Counter(one.name for one in METRICS).items() if times > 1] == []


def test_every_row_is_in_the_catalogue() -> None:
    assert set(METRICS) >= {*APPLICATION_METRICS, IMAGES, REVISION_INFO, *APPLICATIONSET_METRICS, *PROJECT_METRICS}
    assert set(METRICS) >= {*EXPORTER_METRICS, *AGGREGATE_METRICS, *PROMOTION_METRICS}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_help_is_a_sentence_on_one_line(metric: Metric[Any] | Distribution[Any] | OwnMetric) -> None:
    assert metric.help.endswith(".")
    assert "\n" not in metric.help
    assert "  " not in metric.help


@pytest.mark.parametrize("metric", EXPORTER_METRICS, ids=lambda metric: metric.name)
def test_the_exporter_speaks_of_itself(metric: OwnMetric) -> None:
    assert metric.name.startswith("gitops_exporter_")
    assert bool(metric.buckets) is (metric.type is Type.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert all(len(known) == len(metric.labels) for known in metric.known)


def test_facts_are_not_said_of_the_exporter() -> None:
    facts = [one.name for one in METRICS if not isinstance(one, OwnMetric)]
    assert not [name for name in facts if name.startswith("gitops_exporter_")]


# The reference page


def test_the_reference_page_is_up_to_date() -> None:
    page = Path(reference.__file__).with_name("README.md").read_text()
    assert page == reference.render()


def test_the_reference_page_mentions_every_metric_and_every_word() -> None:
    page = reference.render()
    mentioned = [one.name for one in METRICS] + [
        word.value for words in (Cause, Policy, Result, Phase) for word in words
    ]
    assert [name for name in mentioned if f"`{name}`" not in page] == []
    assert [one.help for one in METRICS if one.help not in page] == []
    assert page == reference.render()
