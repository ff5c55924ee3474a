"""EVENTS: every row of the catalogue of events, and what of them a change brings about. Pure.

What Argo CD only compared again does not get here. What was read and says nothing new is recognised before any row is
asked.
"""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from observability.model.application import Key
from observability.model.engines import ARGOCD
from observability.model.event import Attribute, Event, Severity
from observability.model.observation import Kind
from observability.model.state import ApplicationState, Change, State
from observability.signals.catalogue import EventRow, Occurrence
from observability.signals.conditions import CONDITION_EVENTS, CREATED, DELETED
from observability.signals.gatherings import APPLICATIONSET_EVENTS, PROJECT_EVENTS
from observability.signals.promotions import PROMOTION_EVENTS
from observability.signals.syncs import SYNC_EVENTS
from observability.signals.transitions import (
    Context,
    Grouping,
    Seeing,
    Subject,
    Transition,
    application_event,
    blank,
    event,
)

APPLICATION_EVENTS: Final[tuple[EventRow[Transition], ...]] = (CREATED, *SYNC_EVENTS, *CONDITION_EVENTS, DELETED)
"""Events of an Application, in the order in which one update tells them."""


class Gap(Struct, frozen=True, gc=False):
    """A time in which the exporter did not see, or did not record, what happened: from `began_at` to `ended_at`.

    `kind`: whose; empty: of all. `reason`: `outage`, `expired`, `restart`, `journal_full` or whatever it was.
    `folded`: how many updates were taken together because of it; None when nobody can know.
    """

    began_at: float
    ended_at: float
    reason: str
    kind: str = ""
    namespace: str = ""
    folded: int | None = None
    engine: str = ARGOCD


def _gap(gap: Gap) -> Iterable[Occurrence]:
    seconds = max(0.0, gap.ended_at - gap.began_at)
    attributes: dict[str, Attribute] = {"gitops.gap.reason": gap.reason, "gitops.gap.duration_seconds": seconds}
    if gap.kind:
        attributes["gitops.gap.kind"] = gap.kind
    if gap.folded is not None:
        attributes["gitops.gap.folded"] = gap.folded
    whom = f" to {gap.kind}s" if gap.kind else ""
    where = f" in {gap.namespace}" if gap.namespace else ""
    missed = "seen" if gap.folded is None else "recorded"
    body = (
        f"what happened{whom}{where} for {seconds:.0f} s was not {missed} ({gap.reason}); what can be told is rebuilt"
    )
    key = (gap.kind, gap.namespace, gap.reason, gap.began_at)
    yield Occurrence(at=gap.began_at, key=key, body=body, attributes=attributes, severity=Severity.WARN)


EXPORTER_EVENTS: Final[tuple[EventRow[Gap], ...]] = (
    EventRow(
        name="gitops.exporter.gap",
        help="The exporter did not see what happened for a while; what could be rebuilt follows, with gitops.catch_up.",
        occurrences=_gap,
        attributes=("gitops.gap.kind", "gitops.gap.reason", "gitops.gap.duration_seconds", "gitops.gap.folded"),
    ),
)
"""Events of the exporter itself."""

EVENTS: Final[tuple[EventRow[Any], ...]] = (
    *APPLICATION_EVENTS,
    *APPLICATIONSET_EVENTS,
    *PROJECT_EVENTS,
    *PROMOTION_EVENTS,
    *EXPORTER_EVENTS,
)
"""Every event."""


def events_of(change: Change, context: Context) -> list[Event]:
    """What a change brings about, in order; nothing for what was there before we came."""
    before, after = change.before, change.after
    if before is None and not change.born:
        return []
    if change.kind is not Kind.APPLICATION:
        return _of_grouping(change, context)
    if isinstance(before, ApplicationState):
        if isinstance(after, ApplicationState) and _is_the_same(before, after):
            return []
    elif isinstance(after, ApplicationState):
        before = blank(after)
    else:
        return []
    transition = Transition(
        before=before,
        after=after if isinstance(after, ApplicationState) else None,
        at=change.received_at,
        catch_up=change.catch_up,
        born=change.before is None,
        context=context,
    )
    return [
        application_event(row, occurrence, transition)
        for row in APPLICATION_EVENTS
        for occurrence in row.occurrences(transition)
    ]


def gap_events(gap: Gap, context: Context) -> list[Event]:
    """The event of a gap."""
    subject = Subject("Exporter", Key(gap.namespace, gap.kind), "")
    seeing = Seeing(gap.ended_at, True, context)
    return [
        event(row.name, occurrence, subject, {"gitops.engine": gap.engine, **occurrence.attributes}, seeing)
        for row in EXPORTER_EVENTS
        for occurrence in row.occurrences(gap)
    ]


def _is_the_same(before: ApplicationState, after: ApplicationState) -> bool:
    """Nothing is different that any row looks at."""
    old, new = before.facts, after.facts
    return (
        (after.memory is before.memory or after.memory == before.memory)
        and new.health is old.health
        and new.sync is old.sync
        and (new.conditions is old.conditions or new.conditions == old.conditions)
        and after.violations == before.violations
        and new.desired == old.desired
        and new.automated is old.automated
        and new.requested is old.requested
        and new.skip_reconcile is old.skip_reconcile
        and new.self_heal is old.self_heal
        and (after.windows is before.windows or after.windows == before.windows)
    )


def _of_grouping(change: Change, context: Context) -> list[Event]:
    state: State | None = change.after if change.after is not None else change.before
    if state is None or isinstance(state, ApplicationState):
        return []
    of_sets = change.kind is Kind.APPLICATIONSET
    grouping = Grouping(
        kind=change.kind,
        before=None if isinstance(change.before, ApplicationState) else change.before,
        after=None if isinstance(change.after, ApplicationState) else change.after,
        at=change.received_at,
        catch_up=change.catch_up,
        born=change.born,
        context=context,
    )
    facts = state.facts
    word = "applicationset" if of_sets else "project"
    common: dict[str, Attribute] = {"gitops.engine": facts.engine, f"gitops.{word}.name": facts.name}
    common |= {f"gitops.{word}.namespace": facts.namespace, f"gitops.{word}.uid": facts.uid}
    subject = Subject(change.kind, facts.key, facts.uid)
    seeing = Seeing(change.received_at, change.catch_up, context)
    return [
        event(row.name, occurrence, subject, common | dict(occurrence.attributes), seeing)
        for row in (APPLICATIONSET_EVENTS if of_sets else PROJECT_EVENTS)
        for occurrence in row.occurrences(grouping)
    ]
