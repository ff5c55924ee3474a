"""The words of Argo CD for the state of an Application, and ours for why it differs from Git.

Source: argo-cd pkg/apis/application/v1alpha1/types.go, gitops-engine pkg/health and pkg/sync/common (3.6-dev).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class SyncStatus(StrEnum):
    """`status.sync.status`: does the live state equal the target state?"""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class HealthStatus(StrEnum):
    """`status.health.status`."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    SUSPENDED = "Suspended"
    MISSING = "Missing"
    UNKNOWN = "Unknown"


class Phase(StrEnum):
    """`status.operationState.phase`: how far a sync operation is."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"
    TERMINATING = "Terminating"


class Result(StrEnum):
    """How an operation ended, in the words of OpenTelemetry's `cicd.pipeline.result`."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLATION = "cancellation"


class SyncKind(StrEnum):
    """What kind of sync an operation is, told in this order."""

    SELF_HEAL = "self_heal"
    AUTO = "auto"
    LOCAL = "local"
    PARTIAL = "partial"
    ROLLBACK = "rollback"
    MANUAL = "manual"


class Cause(StrEnum):
    """Why an Application is OutOfSync. Pending work is not drift."""

    DELETING = "deleting"
    STALE_VERDICT = "stale_verdict"
    NEVER_DEPLOYED = "never_deployed"
    ROLLED_BACK = "rolled_back"
    PENDING_SOURCE_CHANGE = "pending_source_change"
    PENDING_REVISION = "pending_revision"
    PRUNE_PENDING = "prune_pending"
    UNCONVERGED = "unconverged"
    LIVE_DRIFT = "live_drift"


CAUSES_EXPLAINED: Final[Mapping[Cause, str]] = {
    Cause.DELETING: "it is being deleted: no drift, no page",
    Cause.STALE_VERDICT: "the verdict is about another source than the spec has now",
    Cause.NEVER_DEPLOYED: "it has no history and was never Synced",
    Cause.ROLLED_BACK: (
        "the newest deployment repeats an older one, was behind Git when it arrived, and nothing was Synced since"
    ),
    Cause.PENDING_SOURCE_CHANGE: (
        "desired is neither deployed nor what was settled last, and its source differs from both"
    ),
    Cause.PENDING_REVISION: (
        "desired is neither deployed nor what was settled last, and only the revision differs: a new commit waits"
    ),
    Cause.PRUNE_PENDING: "only resources that wait to be pruned are OutOfSync",
    Cause.UNCONVERGED: (
        "not settled since the newest deployment, or OutOfSync again within the settle time after a sync: "
        "something rewrites what was synced, or applying failed"
    ),
    Cause.LIVE_DRIFT: "desired is what was deployed or settled: somebody changed the cluster by hand",
}
"""When each holds, in the order in which they are tried. Words as in the reference of signals."""


class Policy(StrEnum):
    """What an environment may require or forbid of its Applications."""

    AUTOMATED_SYNC = "automated_sync"
    SELF_HEAL = "self_heal"
    OUTSIDE_WINDOW = "outside_window"
    ROLLBACK_IN_CLUSTER = "rollback_in_cluster"
    LOCAL_MANIFESTS = "local_manifests"
    RISKY_OPTIONS = "risky_options"
    PARAMETER_OVERRIDES = "parameter_overrides"
    TARGET_REVISION = "target_revision"
    SKIP_RECONCILE = "skip_reconcile"
    FOUR_EYES = "four_eyes"
