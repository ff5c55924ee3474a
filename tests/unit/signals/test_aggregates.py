# ruff: noqa: E501 - lines of /metrics are as long as they are
"""Every metric of a group of Applications, as Prometheus reads it: a tally in, its lines out."""

from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from observability.app.exposed import TALLIES, exposed
from observability.model.tally import Counts, Group, Histogram, Tally
from observability.settings import Cluster, Exposition
from observability.signals.aggregates import AGGREGATE_METRICS
from observability.signals.catalogue import Distribution, Metric
from tests.rendering import golden, page, text_of

SHOP: Final = Group("prod", "shop", "shop")
FULL: Final = Tally(
    SHOP,
    Counts(
        syncs={"auto": (3, 1, 0, 0, 0), "rollback": (0, 0, 0, 0, 2)},
        sync_duration=Histogram((1, 0, 2, 0, 0, 0, 0, 0, 1), 4021.25),
        sync_queue=Histogram((3, 0, 0, 0, 0, 0, 0, 0), 0.125),
        time_to_healthy=Histogram((0, 0, 1, 0, 0, 0, 0, 0, 0), 21.0),
        drift={
            "live_drift": Histogram((0, 1, 0, 0, 0, 0, 0, 0), 90.0),
            "unconverged": Histogram((0, 0, 0, 0, 0, 0, 0, 0), 0.0),
        },
        degraded=Histogram((0, 0, 1, 0, 0, 0, 0), 600.5),
        deployments=4,
        lead_time=Histogram((0, 1, 0, 0, 0, 0, 0, 0), 1000.0),
        change_failures=2,
        time_to_restore=Histogram((0, 1, 0, 0, 0, 0, 0), 300.5),
        rework=1,
    ),
)

GOLDEN: Final = """
    # HELP gitops_syncs_total Sync operations that ended, dry runs aside. All results of a kind start at 0: of auto or manual with the first Application that has or lacks automated sync, of the other kinds when such a sync is seen to begin.
    # TYPE gitops_syncs_total counter
    gitops_syncs_total{service="shop",kind="auto",result="success"} 3
    gitops_syncs_total{service="shop",kind="auto",result="failure"} 1
    gitops_syncs_total{service="shop",kind="auto",result="error"} 0
    gitops_syncs_total{service="shop",kind="auto",result="timeout"} 0
    gitops_syncs_total{service="shop",kind="auto",result="cancellation"} 0
    gitops_syncs_total{service="shop",kind="rollback",result="success"} 0
    gitops_syncs_total{service="shop",kind="rollback",result="failure"} 0
    gitops_syncs_total{service="shop",kind="rollback",result="error"} 0
    gitops_syncs_total{service="shop",kind="rollback",result="timeout"} 0
    gitops_syncs_total{service="shop",kind="rollback",result="cancellation"} 2
    # HELP gitops_sync_duration_seconds How long syncs ran, retries included: status.operationState.startedAt to finishedAt. Starts at 0 with the first sync that is seen to begin.
    # TYPE gitops_sync_duration_seconds histogram
    gitops_sync_duration_seconds_bucket{service="shop",le="1.0"} 1
    gitops_sync_duration_seconds_bucket{service="shop",le="5.0"} 1
    gitops_sync_duration_seconds_bucket{service="shop",le="15.0"} 3
    gitops_sync_duration_seconds_bucket{service="shop",le="30.0"} 3
    gitops_sync_duration_seconds_bucket{service="shop",le="60.0"} 3
    gitops_sync_duration_seconds_bucket{service="shop",le="300.0"} 3
    gitops_sync_duration_seconds_bucket{service="shop",le="900.0"} 3
    gitops_sync_duration_seconds_bucket{service="shop",le="3600.0"} 3
    gitops_sync_duration_seconds_bucket{service="shop",le="+Inf"} 4
    gitops_sync_duration_seconds_sum{service="shop"} 4021.25
    gitops_sync_duration_seconds_count{service="shop"} 4
    # HELP gitops_sync_queue_seconds How long syncs waited: from when operation was seen to appear until status.operationState.startedAt. Starts at 0 with the first sync that is seen to begin.
    # TYPE gitops_sync_queue_seconds histogram
    gitops_sync_queue_seconds_bucket{service="shop",le="0.1"} 3
    gitops_sync_queue_seconds_bucket{service="shop",le="1.0"} 3
    gitops_sync_queue_seconds_bucket{service="shop",le="5.0"} 3
    gitops_sync_queue_seconds_bucket{service="shop",le="15.0"} 3
    gitops_sync_queue_seconds_bucket{service="shop",le="60.0"} 3
    gitops_sync_queue_seconds_bucket{service="shop",le="300.0"} 3
    gitops_sync_queue_seconds_bucket{service="shop",le="1800.0"} 3
    gitops_sync_queue_seconds_bucket{service="shop",le="+Inf"} 3
    gitops_sync_queue_seconds_sum{service="shop"} 0.125
    gitops_sync_queue_seconds_count{service="shop"} 3
    # HELP gitops_time_to_healthy_seconds From the end of a deployment until status.health.status was Healthy. Starts at 0 with the first deployment.
    # TYPE gitops_time_to_healthy_seconds histogram
    gitops_time_to_healthy_seconds_bucket{service="shop",le="5.0"} 0
    gitops_time_to_healthy_seconds_bucket{service="shop",le="15.0"} 0
    gitops_time_to_healthy_seconds_bucket{service="shop",le="30.0"} 1
    gitops_time_to_healthy_seconds_bucket{service="shop",le="60.0"} 1
    gitops_time_to_healthy_seconds_bucket{service="shop",le="120.0"} 1
    gitops_time_to_healthy_seconds_bucket{service="shop",le="300.0"} 1
    gitops_time_to_healthy_seconds_bucket{service="shop",le="900.0"} 1
    gitops_time_to_healthy_seconds_bucket{service="shop",le="3600.0"} 1
    gitops_time_to_healthy_seconds_bucket{service="shop",le="+Inf"} 1
    gitops_time_to_healthy_seconds_sum{service="shop"} 21
    gitops_time_to_healthy_seconds_count{service="shop"} 1
    # HELP gitops_drift_duration_seconds How long a drift stood until it was resolved, by cause. Pending work is no drift. Starts at 0 when a drift is detected.
    # TYPE gitops_drift_duration_seconds histogram
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="60.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="300.0"} 1
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="900.0"} 1
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="3600.0"} 1
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="14400.0"} 1
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="86400.0"} 1
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="604800.0"} 1
    gitops_drift_duration_seconds_bucket{service="shop",cause="live_drift",le="+Inf"} 1
    gitops_drift_duration_seconds_sum{service="shop",cause="live_drift"} 90
    gitops_drift_duration_seconds_count{service="shop",cause="live_drift"} 1
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="60.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="300.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="900.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="3600.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="14400.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="86400.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="604800.0"} 0
    gitops_drift_duration_seconds_bucket{service="shop",cause="unconverged",le="+Inf"} 0
    gitops_drift_duration_seconds_sum{service="shop",cause="unconverged"} 0
    gitops_drift_duration_seconds_count{service="shop",cause="unconverged"} 0
    # HELP gitops_degraded_duration_seconds From Degraded until Healthy, Suspended or gone; Progressing in between does not end an episode. Starts at 0 when the first one begins.
    # TYPE gitops_degraded_duration_seconds histogram
    gitops_degraded_duration_seconds_bucket{service="shop",le="60.0"} 0
    gitops_degraded_duration_seconds_bucket{service="shop",le="300.0"} 0
    gitops_degraded_duration_seconds_bucket{service="shop",le="900.0"} 1
    gitops_degraded_duration_seconds_bucket{service="shop",le="3600.0"} 1
    gitops_degraded_duration_seconds_bucket{service="shop",le="14400.0"} 1
    gitops_degraded_duration_seconds_bucket{service="shop",le="86400.0"} 1
    gitops_degraded_duration_seconds_bucket{service="shop",le="+Inf"} 1
    gitops_degraded_duration_seconds_sum{service="shop"} 600.5
    gitops_degraded_duration_seconds_count{service="shop"} 1
    # HELP gitops_deployments_total Deployments: full syncs from Git that succeeded and changed the content.
    # TYPE gitops_deployments_total counter
    gitops_deployments_total{service="shop"} 4
    # HELP gitops_lead_time_seconds From the commit until it is deployed and Healthy. Where the time of the commit is not known, from when its revision was first seen in any environment of the service. Without rollbacks.
    # TYPE gitops_lead_time_seconds histogram
    gitops_lead_time_seconds_bucket{service="shop",le="900.0"} 0
    gitops_lead_time_seconds_bucket{service="shop",le="3600.0"} 1
    gitops_lead_time_seconds_bucket{service="shop",le="14400.0"} 1
    gitops_lead_time_seconds_bucket{service="shop",le="86400.0"} 1
    gitops_lead_time_seconds_bucket{service="shop",le="259200.0"} 1
    gitops_lead_time_seconds_bucket{service="shop",le="604800.0"} 1
    gitops_lead_time_seconds_bucket{service="shop",le="2.592e+06"} 1
    gitops_lead_time_seconds_bucket{service="shop",le="+Inf"} 1
    gitops_lead_time_seconds_sum{service="shop"} 1000
    gitops_lead_time_seconds_count{service="shop"} 1
    # HELP gitops_change_failures_total Revisions that became Degraded soon after their deployment (3600 s), or were rolled back; each counts once an Application.
    # TYPE gitops_change_failures_total counter
    gitops_change_failures_total{service="shop"} 2
    # HELP gitops_time_to_restore_seconds From a change failure until Healthy: from Degraded, or from the deployment when it was rolled back without having been Degraded.
    # TYPE gitops_time_to_restore_seconds histogram
    gitops_time_to_restore_seconds_bucket{service="shop",le="300.0"} 0
    gitops_time_to_restore_seconds_bucket{service="shop",le="900.0"} 1
    gitops_time_to_restore_seconds_bucket{service="shop",le="3600.0"} 1
    gitops_time_to_restore_seconds_bucket{service="shop",le="14400.0"} 1
    gitops_time_to_restore_seconds_bucket{service="shop",le="86400.0"} 1
    gitops_time_to_restore_seconds_bucket{service="shop",le="604800.0"} 1
    gitops_time_to_restore_seconds_bucket{service="shop",le="+Inf"} 1
    gitops_time_to_restore_seconds_sum{service="shop"} 300.5
    gitops_time_to_restore_seconds_count{service="shop"} 1
    # HELP gitops_rework_deployments_total Deployments that repair: the one that follows a change failure, rollbacks included.
    # TYPE gitops_rework_deployments_total counter
    gitops_rework_deployments_total{service="shop"} 1
"""

EMPTY: Final = Tally(SHOP)


def test_each_metric_in_the_order_of_the_catalogue() -> None:
    assert page(AGGREGATE_METRICS, FULL, [("service", "shop")]) == golden(GOLDEN)


def test_a_group_of_which_nothing_is_known_says_that_nothing_was_deployed_and_no_more() -> None:
    lines = [line for line in page(AGGREGATE_METRICS, EMPTY, [("service", "shop")]).splitlines() if line[0] != "#"]
    assert lines == [
        'gitops_deployments_total{service="shop"} 0',
        'gitops_change_failures_total{service="shop"} 0',
        'gitops_rework_deployments_total{service="shop"} 0',
    ]


def test_all_series_of_a_group_have_its_identity_and_are_read_back() -> None:
    of_groups = next(one for one in exposed(Exposition(), Cluster(name="eu-1", label=True)) if one.kind is TALLIES)
    text = page(of_groups.metrics, FULL, of_groups.identity(FULL))
    families = {family.name: family for family in text_string_to_metric_families(text)}
    # The parser takes `_total` off, and tells the type of what it knows as one family.
    assert [one.name.removesuffix("_total") for one in AGGREGATE_METRICS] == list(families)
    assert [one.type.value for one in AGGREGATE_METRICS] == [family.type for family in families.values()]
    samples = [sample for family in families.values() for sample in family.samples]
    identity = {"cluster": "eu-1", "engine": "argocd", "environment": "prod", "project": "shop", "service": "shop"}
    assert all(identity.items() <= sample.labels.items() for sample in samples)
    assert len({(sample.name, *sorted(sample.labels.items())) for sample in samples}) == len(samples) == 93


@pytest.mark.parametrize("metric", AGGREGATE_METRICS, ids=lambda metric: metric.name)
def test_another_tally_with_the_same_that_a_row_reads_has_the_same_lines(
    metric: Metric[Any] | Distribution[Any],
) -> None:
    (path,) = metric.reads
    field = path.removeprefix("counts.")
    bare = Tally(SHOP, Counts(**{field: getattr(FULL.counts, field)}))
    assert text_of(metric, bare, [("service", "shop")]) == text_of(metric, FULL, [("service", "shop")])
    assert text_of(metric, EMPTY, [("service", "shop")]) != text_of(metric, FULL, [("service", "shop")])
