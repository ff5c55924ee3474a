"""What is counted of a group of Applications, and what is remembered in order to count it.

Written by `observability.state.tallies`, read by signals. All are values: an update makes new ones.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from msgspec import Struct, field

from observability.model.engines import ARGOCD

SYNC_SECONDS: Final = (1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Upper bounds of the buckets for how long a sync runs."""
QUEUE_SECONDS: Final = (0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
"""The same for how long it waits before."""
HEALTHY_SECONDS: Final = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""The same from a deployment until Healthy."""
DRIFT_SECONDS: Final = (60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 604_800.0)
"""The same for how long a drift stands."""
DEGRADED_SECONDS: Final = (60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
"""The same for an episode of Degraded."""
LEAD_SECONDS: Final = (900.0, 3600.0, 14_400.0, 86_400.0, 259_200.0, 604_800.0, 2_592_000.0)
"""The same from a commit until it is Healthy."""
RESTORE_SECONDS: Final = (300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 604_800.0)
"""The same from a change failure until Healthy."""


_NOTHING: Final[Mapping[str, Any]] = {}
"""One for all: a hundred thousand groups have little to say."""


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


class Group(NamedTuple):
    """Whose events are counted together: the Applications of a service in one environment and project."""

    environment: str
    project: str
    service: str
    engine: str = ARGOCD

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the labels in front of its series."""
        return ("engine", self.engine), *zip(GROUP_LABELS[1:], self[:-1], strict=True)


GROUP_LABELS: Final = ("engine", *Group._fields[:-1])
"""The labels in front of the series of a group."""


class Histogram(Struct, frozen=True, gc=False, array_like=True):
    """How many observations are in each bucket, the last one being without an upper bound, and their sum."""

    counts: tuple[int, ...]
    total: float = 0.0


class Counts(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """What is counted of a group. A histogram is None, and a kind or cause missing, until it is known to be used."""

    syncs: Mapping[str, tuple[int, ...]] = field(default_factory=_nothing)
    """By `SyncKind` how many ended with each `Result`, in the order of the enumeration."""
    sync_duration: Histogram | None = None
    sync_queue: Histogram | None = None
    time_to_healthy: Histogram | None = None
    drift: Mapping[str, Histogram] = field(default_factory=_nothing)
    """By `Cause`."""
    degraded: Histogram | None = None
    deployments: int = 0
    lead_time: Histogram | None = None
    change_failures: int = 0
    time_to_restore: Histogram | None = None
    rework: int = 0


class Deployed(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """The newest deployment of an Application. Times in seconds since the epoch."""

    revision: str
    at: float
    previous_at: float | None = None
    """When the deployment before it was made; None when that is not known."""
    leads: bool = True
    """It brought another revision than the one before, and is no rollback: it has a lead time."""
    failures: tuple[str, ...] = ()
    """Revisions that are known as change failures, the latest last; as many as `observability.state` keeps."""
    failing_since: float | None = None
    """When the failure began that is not restored yet; None when there is none."""


class Past(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """What is remembered of a group in order to count on."""

    applications: Mapping[str, Deployed] = field(default_factory=_nothing)
    """By uid."""
    failed: tuple[str, str] | None = None
    """Uid and revision of a change failure that no deployment followed yet."""
    seen: Mapping[str, float] = field(default_factory=_nothing)
    """When each of the latest revisions was first seen, oldest first."""
    recent: bytes = b""
    """Eight bytes of the id of each event that was counted lately, the latest last."""


class Tally(Struct, frozen=True, gc=False, array_like=True):
    """A group and what is counted of it."""

    group: Group
    counts: Counts = Counts()
    past: Past = Past()
