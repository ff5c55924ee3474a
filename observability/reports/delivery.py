"""The report `delivery`: the DORA metrics by environment and service. Pure.

The events are counted by the very rules that count them for the metrics, `observability.state.tallies`: a report and a
dashboard never differ but in the time that they look at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from statistics import median
from typing import Final, NamedTuple

from observability.model.event import Event
from observability.model.tally import Counts, Histogram
from observability.model.tally import Group as Whose
from observability.reports import instants
from observability.reports.facts import application
from observability.reports.selection import Selection
from observability.reports.stages import order
from observability.reports.table import Column, Table, read, tabulate
from observability.state.measures import counts_for
from observability.state.tallies import Tallies

FAILURE_WINDOW_SECONDS: Final = 3600.0
"""A Degraded that begins later after a deployment is not blamed on it."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "deployments": (
        "successful full syncs from Git, no dry runs, that changed what is deployed; per day where it is one at least"
    ),
    "lead time": (
        "from the commit until Healthy with it; where the commit's time is not known, from when the service was first "
        "seen with that revision, in any environment; not of rollbacks"
    ),
    "failures": (
        "revisions with which an application became Degraded within {window} after their deployment, or that were "
        "rolled back; once for each revision and application; as a share of the deployments"
    ),
    "restore": "from the first Degraded of such a failure, else from its deployment, until Healthy again",
    "rework": "deployments that repair: the first of the service after a failure; as a share of the deployments",
}
"""What the columns mean, by their headings in lower case."""

NAMES: Final = tuple(
    f"gitops.application.{name}"
    for name in (
        "deployed",
        "health.changed",
        "healthy_after_deploy",
        "revision.pending",
        "rolled_back",
        "sync.finished",
        "sync.requested",
        "sync.started",
    )
)
"""The events that it reads: those that are counted, and those that show a revision early."""

_DAY: Final = 86_400.0
_WHOLE: Final = 1.0 - 1e-6
"""A day, as differences of times tell it."""
_NONE: Final = Counts()


class Measure(NamedTuple):
    """What one event adds. `at` in seconds since the epoch; lengths of time in seconds, None where it tells none."""

    at: float
    application: str
    environment: str
    service: str
    deployments: int
    failures: int
    reworks: int
    lead: float | None
    restore: float | None


def measures(events: Iterable[Event], window: float = FAILURE_WINDOW_SECONDS) -> Iterator[Measure]:
    """What each event adds that adds anything. `window`: how long a Degraded is blamed on a deployment, in seconds."""
    tallies = Tallies(window)
    for event in events:
        whose = counts_for(event)
        before = _counts(tallies, whose)
        tallies.take((event,))
        after = _counts(tallies, whose)
        measure = Measure(
            event.at,
            "/".join(application(event)),
            whose.environment,
            whose.service,
            after.deployments - before.deployments,
            after.change_failures - before.change_failures,
            after.rework - before.rework,
            _observed(before.lead_time, after.lead_time),
            _observed(before.time_to_restore, after.time_to_restore),
        )
        if any(measure[4:]) or measure.lead is not None or measure.restore is not None:
            yield measure


def _counts(tallies: Tallies, whose: Whose) -> Counts:
    tally = tallies.tallies().get(whose)
    return _NONE if tally is None else tally.counts


def _observed(before: Histogram | None, after: Histogram | None) -> float | None:
    """What was observed between the two; None when nothing was. To the millisecond: it comes from a sum."""
    if after is None or sum(after.counts) == (0 if before is None else sum(before.counts)):
        return None
    return round(after.total - (0.0 if before is None else before.total), 3)


class Group(NamedTuple):
    """What is known of one environment, and of one service unless that is empty, within so many days."""

    environment: str
    service: str
    measures: tuple[Measure, ...]
    days: float

    @property
    def deployments(self) -> int:
        """How many there were."""
        return sum(one.deployments for one in self.measures)

    @property
    def failures(self) -> int:
        """Changes that failed."""
        return sum(one.failures for one in self.measures)

    @property
    def reworks(self) -> int:
        """Deployments that repaired."""
        return sum(one.reworks for one in self.measures)

    @property
    def lead_times(self) -> list[float]:
        """In seconds, where known."""
        return [one.lead for one in self.measures if one.lead is not None]

    @property
    def restores(self) -> list[float]:
        """Times to restore in seconds, of the failures that are over."""
        return [one.restore for one in self.measures if one.restore is not None]

    @property
    def per_day(self) -> float | None:
        """Deployments a day; None within less than a day: one in a minute is not a thousand a day."""
        return round(self.deployments / self.days, 3) if self.days > _WHOLE else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of `values` that so large a share of them does not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[max(ceil(round(len(values) * share, 6)), 1) - 1]


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else instants.span(seconds)


def _share(part: int, group: Group) -> float | None:
    """Of the deployments; None without any."""
    return round(part / group.deployments, 4) if group.deployments else None


def _percent(part: int, group: Group) -> str:
    share = _share(part, group)
    return f"- ({part})" if share is None else f"{100 * share:.0f}% ({part})"


COLUMNS: Final[tuple[Column[Group], ...]] = (
    Column("environment", lambda one: one.environment, "ENV", narrowest=8),
    Column("service", lambda one: one.service or None, "SERVICE", lambda one: one.service or "all", 12),
    Column("deployments", lambda one: one.deployments, "DEPLOYMENTS"),
    Column("deployments_per_day", lambda one: one.per_day, "PER DAY", lambda one: read(one.per_day)),
    Column(
        "lead_time_median_seconds",
        lambda one: _median(one.lead_times),
        "LEAD TIME",
        lambda one: _span(_median(one.lead_times)),
    ),
    Column(
        "lead_time_p90_seconds",
        lambda one: percentile(one.lead_times, 0.9),
        "P90",
        lambda one: _span(percentile(one.lead_times, 0.9)),
    ),
    Column("lead_times_known", lambda one: len(one.lead_times)),
    Column("change_failures", lambda one: one.failures),
    Column(
        "change_failure_rate",
        lambda one: _share(one.failures, one),
        "FAILURES",
        lambda one: _percent(one.failures, one),
    ),
    Column(
        "time_to_restore_median_seconds",
        lambda one: _median(one.restores),
        "RESTORE",
        lambda one: _span(_median(one.restores)),
    ),
    Column("reworks", lambda one: one.reworks),
    Column("rework_rate", lambda one: _share(one.reworks, one), "REWORK", lambda one: _percent(one.reworks, one)),
)


def report(
    events: Iterable[Event], selection: Selection, now: float, *, by_service: bool = True, window: float | None = None
) -> Table:
    """The metrics of the deployments in the selection. `events` are those of all environments, and of all times.

    Without a beginning the time reported on begins with the first deployment of the selection.
    """
    blamed = FAILURE_WINDOW_SECONDS if window is None else window
    found = [
        one
        for one in measures(events, blamed)
        if selection.holds(one.at) and selection.admits(one.application, one.environment, one.service)
    ]
    begin = selection.since if selection.since is not None else min((one.at for one in found), default=now)
    end = min(now if selection.until is None else selection.until, now)
    days = (end - begin) / _DAY
    groups: dict[tuple[str, str], list[Measure]] = {}
    for one in found:
        groups.setdefault((one.environment, one.service if by_service else ""), []).append(one)
    names = sorted(groups, key=lambda name: (order(name[0]), name[1]))
    entries = [Group(*name, tuple(groups[name]), days) for name in names]
    definitions = {name: said.format(window=instants.span(blamed)) for name, said in DEFINITIONS.items()}
    return tabulate(
        COLUMNS,
        entries,
        "no deployment in this time",
        (
            f"{instants.rfc_3339(begin, 0)} to {instants.rfc_3339(end, 0)}; times are medians and 90th percentiles",
            *(f"{name}: {said}" for name, said in definitions.items()),
        ),
        {"since": instants.rfc_3339(begin), "until": instants.rfc_3339(end), "definitions": definitions},
    )
