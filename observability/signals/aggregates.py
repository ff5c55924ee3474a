"""The metrics of groups of Applications, which are counted from events: syncs, drift and delivery performance. Pure."""

from collections.abc import Callable
from typing import Final

from observability.model.status import Result
from observability.model.tally import (
    DEGRADED_SECONDS,
    DRIFT_SECONDS,
    HEALTHY_SECONDS,
    LEAD_SECONDS,
    QUEUE_SECONDS,
    RESTORE_SECONDS,
    SYNC_SECONDS,
    Histogram,
    Tally,
)
from observability.signals.catalogue import Distribution, Histograms, Metric, Samples, Type, number

_RESULTS: Final = tuple(result.value for result in Result)


def _syncs(tally: Tally) -> Samples:
    return [
        ((kind, result), float(times))
        for kind, ended in tally.counts.syncs.items()
        for result, times in zip(_RESULTS, ended, strict=True)
    ]


def _drift(tally: Tally) -> Histograms:
    return [((cause,), histogram) for cause, histogram in tally.counts.drift.items()]


def _one(of: Callable[[Tally], Histogram | None]) -> Callable[[Tally], Histograms]:
    """The samples of a family of one histogram a group; none before it is used."""

    def samples(tally: Tally) -> Histograms:
        histogram = of(tally)
        return () if histogram is None else (((), histogram),)

    return samples


SYNCS: Final[Metric[Tally]] = Metric(
    name="gitops_syncs_total",
    type=Type.COUNTER,
    help="Sync operations that ended, dry runs aside. All results of a kind start at 0: of auto or manual with the "
    "first Application that has or lacks automated sync, of the other kinds when such a sync is seen to begin.",
    labels=("kind", "result"),
    samples=_syncs,
    reads=("counts.syncs",),
)
SYNC_DURATION: Final[Distribution[Tally]] = Distribution(
    name="gitops_sync_duration_seconds",
    help="How long syncs ran, retries included: status.operationState.startedAt to finishedAt. "
    "Starts at 0 with the first sync that is seen to begin.",
    bounds=SYNC_SECONDS,
    samples=_one(lambda tally: tally.counts.sync_duration),
    reads=("counts.sync_duration",),
)
SYNC_QUEUE: Final[Distribution[Tally]] = Distribution(
    name="gitops_sync_queue_seconds",
    help="How long syncs waited: from when operation was seen to appear until status.operationState.startedAt. "
    "Starts at 0 with the first sync that is seen to begin.",
    bounds=QUEUE_SECONDS,
    samples=_one(lambda tally: tally.counts.sync_queue),
    reads=("counts.sync_queue",),
)
TIME_TO_HEALTHY: Final[Distribution[Tally]] = Distribution(
    name="gitops_time_to_healthy_seconds",
    help="From the end of a deployment until status.health.status was Healthy. Starts at 0 with the first deployment.",
    bounds=HEALTHY_SECONDS,
    samples=_one(lambda tally: tally.counts.time_to_healthy),
    reads=("counts.time_to_healthy",),
)
DRIFT_DURATION: Final[Distribution[Tally]] = Distribution(
    name="gitops_drift_duration_seconds",
    help="How long a drift stood until it was resolved, by cause. Pending work is no drift. "
    "Starts at 0 when a drift is detected.",
    bounds=DRIFT_SECONDS,
    labels=("cause",),
    samples=_drift,
    reads=("counts.drift",),
)
DEGRADED_DURATION: Final[Distribution[Tally]] = Distribution(
    name="gitops_degraded_duration_seconds",
    help="From Degraded until Healthy, Suspended or gone; Progressing in between does not end an episode. "
    "Starts at 0 when the first one begins.",
    bounds=DEGRADED_SECONDS,
    samples=_one(lambda tally: tally.counts.degraded),
    reads=("counts.degraded",),
)
DEPLOYMENTS: Final[Metric[Tally]] = number(
    "gitops_deployments_total",
    Type.COUNTER,
    "Deployments: full syncs from Git that succeeded and changed the content.",
    "counts.deployments",
)
LEAD_TIME: Final[Distribution[Tally]] = Distribution(
    name="gitops_lead_time_seconds",
    help="From the commit until it is deployed and Healthy. Where the time of the commit is not known, from when "
    "its revision was first seen in any environment of the service. Without rollbacks.",
    bounds=LEAD_SECONDS,
    samples=_one(lambda tally: tally.counts.lead_time),
    reads=("counts.lead_time",),
)
CHANGE_FAILURES: Final[Metric[Tally]] = number(
    "gitops_change_failures_total",
    Type.COUNTER,
    "Revisions that became Degraded soon after their deployment (3600 s), or were rolled back; each counts once "
    "an Application.",
    "counts.change_failures",
)
TIME_TO_RESTORE: Final[Distribution[Tally]] = Distribution(
    name="gitops_time_to_restore_seconds",
    help="From a change failure until Healthy: from Degraded, or from the deployment when it was rolled back "
    "without having been Degraded.",
    bounds=RESTORE_SECONDS,
    samples=_one(lambda tally: tally.counts.time_to_restore),
    reads=("counts.time_to_restore",),
)
REWORK_DEPLOYMENTS: Final[Metric[Tally]] = number(
    "gitops_rework_deployments_total",
    Type.COUNTER,
    "Deployments that repair: the one that follows a change failure, rollbacks included.",
    "counts.rework",
)
AGGREGATE_METRICS: Final[tuple[Metric[Tally] | Distribution[Tally], ...]] = (
    SYNCS,
    SYNC_DURATION,
    SYNC_QUEUE,
    TIME_TO_HEALTHY,
    DRIFT_DURATION,
    DEGRADED_DURATION,
    DEPLOYMENTS,
    LEAD_TIME,
    CHANGE_FAILURES,
    TIME_TO_RESTORE,
    REWORK_DEPLOYMENTS,
)
"""What is exposed of a group: an environment, project and service."""
