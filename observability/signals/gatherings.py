"""The events of what groups Applications: ApplicationSets and AppProjects. Pure."""

from collections.abc import Iterable
from typing import Final

from observability.model.applicationset import SetCondition
from observability.model.event import Attribute, Severity
from observability.model.project import SyncWindow
from observability.model.state import ApplicationSetState, ProjectState
from observability.signals.catalogue import EventRow, Occurrence
from observability.signals.transitions import Grouping, changed, known

_BAD: Final = frozenset({"ErrorOccurred", "InvalidRolloutConfig"})
"""Conditions of an ApplicationSet that are trouble."""


def _name(g: Grouping) -> str:
    state = g.after if g.after is not None else g.before
    return state.facts.name if state is not None else ""


def _created(g: Grouping) -> Iterable[Occurrence]:
    if g.born and g.before is None:
        yield Occurrence(at=g.at, key=(), body=f"{_name(g)}: the {g.kind} was created")


def _deleted(g: Grouping) -> Iterable[Occurrence]:
    if g.after is None:
        yield Occurrence(at=g.at, key=(), body=f"{_name(g)}: the {g.kind} was deleted")


def _sets(g: Grouping) -> tuple[ApplicationSetState | None, ApplicationSetState | None]:
    return (
        g.before if isinstance(g.before, ApplicationSetState) else None,
        g.after if isinstance(g.after, ApplicationSetState) else None,
    )


def _true(state: ApplicationSetState | None) -> dict[str, tuple[str, str, float | None]]:
    """Conditions that hold: reason, message, since when."""
    if state is None:
        return {}
    return {one.type: (one.reason, one.message, one.since) for one in state.facts.conditions if one.status == "True"}


def _raised(g: Grouping) -> Iterable[Occurrence]:
    before, after = map(_true, _sets(g))
    for name, (reason, message, since) in after.items():
        if name in before:
            continue
        at = g.at if since is None else since
        attributes = known({"gitops.condition": name, "gitops.condition.reason": reason})
        said = f": {message}" if message else ""
        severity = Severity.WARN if name in _BAD else Severity.INFO
        body = f"{_name(g)}: {name}{said}"
        key = (name, *_since(g, name, since))
        yield Occurrence(at=at, key=key, body=body, attributes=attributes, severity=severity)


def _cleared(g: Grouping) -> Iterable[Occurrence]:
    if g.after is None:
        return
    before, after = map(_true, _sets(g))
    for name in [name for name in before if name not in after]:
        since = next((one.since for one in _conditions(g.after) if one.type == name and one.status != "True"), None)
        attributes: dict[str, Attribute] = {"gitops.condition": name}
        at = g.at if since is None else since
        key = (name, *_since(g, name, since))
        yield Occurrence(at=at, key=key, body=f"{_name(g)}: {name} is over", attributes=attributes)


def _since(g: Grouping, condition: str, since: float | None) -> tuple[str | float, ...]:
    """What tells it from others of its type: when it turned, and the version too when it turned before in that second.

    Times of conditions are whole seconds.
    """
    if since is None:
        return (_version(g),)
    turned = any(one.type == condition and one.since == since for one in _conditions(g.before))
    return (since, _version(g)) if turned else (since,)


def _conditions(state: ApplicationSetState | ProjectState | None) -> Iterable[SetCondition]:
    return state.facts.conditions if isinstance(state, ApplicationSetState) else ()


def _step(g: Grouping) -> Iterable[Occurrence]:
    before, after = _sets(g)
    if after is None or after.step is None:
        return
    if before is not None and (before.step, before.step_since) == (after.step, after.step_since):
        return
    at = g.at if after.step_since is None else after.step_since
    attributes = known(
        {
            "gitops.applicationset.step": after.step,
            "gitops.applicationset.previous_step": before.step if before is not None else None,
        }
    )
    body = f"{_name(g)}: step {after.step} of its progressive sync"
    key = (after.step, _version(g) if after.step_since is None else after.step_since)
    yield Occurrence(at=at, key=key, body=body, attributes=attributes)


def _applications(g: Grouping) -> Iterable[Occurrence]:
    before, after = _sets(g)
    if before is None or after is None or before.facts.applications == after.facts.applications:
        return
    count, known_before = after.facts.applications, before.facts.applications
    attributes: dict[str, Attribute] = {
        "gitops.applicationset.applications": count,
        "gitops.applicationset.previous_applications": known_before,
    }
    body = f"{_name(g)}: {count} Applications, were {known_before}"
    yield Occurrence(at=g.at, key=(_version(g),), body=body, attributes=attributes)


def _projects(g: Grouping) -> tuple[ProjectState | None, ProjectState | None]:
    return (
        g.before if isinstance(g.before, ProjectState) else None,
        g.after if isinstance(g.after, ProjectState) else None,
    )


def _windows_changed(g: Grouping) -> Iterable[Occurrence]:
    before, after = _projects(g)
    if before is None or after is None or before.facts.windows == after.facts.windows:
        return
    came, went = changed(map(_told, before.facts.windows), map(_told, after.facts.windows))
    attributes = known({"gitops.windows.added": tuple(came) or None, "gitops.windows.removed": tuple(went) or None})
    counted = [f"{len(some)} {done}" for some, done in ((came, "added"), (went, "removed")) if some]
    body = f"{_name(g)}: its sync windows were changed: {', '.join(counted) or 'other details'}"
    yield Occurrence(at=g.at, key=(_version(g),), body=body, attributes=attributes)


def _opened(g: Grouping) -> Iterable[Occurrence]:
    return _turned(g, active=True)


def _closed(g: Grouping) -> Iterable[Occurrence]:
    return _turned(g, active=False)


def _turned(g: Grouping, *, active: bool) -> Iterable[Occurrence]:
    """Windows that are active now, or no longer, and were known before; those that were edited are another event's."""
    before, after = _projects(g)
    if before is None or after is None:
        return
    old = dict(zip(map(_told, before.facts.windows), before.windows, strict=True))
    for window, now in zip(after.facts.windows, after.windows, strict=True):
        told = _told(window)
        was = old.get(told)
        if now.active is not active or was is None or was.active is not (not active):
            continue
        old[told] = now
        verb = "opened" if active else "closed"
        attributes: dict[str, Attribute] = {"gitops.window.kind": window.kind, "gitops.window": told}
        body = f"{_name(g)}: the {window.kind} window {window.schedule!r} of {window.duration} {verb}"
        turned_at = was.changes_at if was.changes_at is not None and was.changes_at <= g.at else g.at
        yield Occurrence(at=g.at, key=(told, int(turned_at // 60)), body=body, attributes=attributes)


def _told(window: SyncWindow) -> str:
    whom = ",".join((*window.applications, *window.namespaces, *window.clusters))
    return f"{window.kind} {window.schedule} {window.duration} {window.time_zone or 'UTC'} for {whom}"


def _version(g: Grouping) -> str:
    state = g.after if g.after is not None else g.before
    return state.facts.resource_version if state is not None else ""


APPLICATIONSET_EVENTS: Final[tuple[EventRow[Grouping], ...]] = (
    EventRow(
        name="gitops.applicationset.created",
        help="An ApplicationSet was created since the first list.",
        occurrences=_created,
    ),
    EventRow(
        name="gitops.applicationset.condition.raised",
        help="A condition of status.conditions is True that was not: of ErrorOccurred and InvalidRolloutConfig a WARN.",
        occurrences=_raised,
        attributes=("gitops.condition", "gitops.condition.reason"),
    ),
    EventRow(
        name="gitops.applicationset.condition.cleared",
        help="A condition of status.conditions is no longer True.",
        occurrences=_cleared,
        attributes=("gitops.condition",),
    ),
    EventRow(
        name="gitops.applicationset.applications.changed",
        help="It owns another number of Applications.",
        occurrences=_applications,
        attributes=("gitops.applicationset.applications", "gitops.applicationset.previous_applications"),
    ),
    EventRow(
        name="gitops.applicationset.step.changed",
        help="Another step of its progressive sync is worked on, or the same anew.",
        occurrences=_step,
        attributes=("gitops.applicationset.step", "gitops.applicationset.previous_step"),
    ),
    EventRow(
        name="gitops.applicationset.deleted",
        help="An ApplicationSet is gone.",
        occurrences=_deleted,
    ),
)
"""Events of an ApplicationSet, in the order in which one update tells them."""

PROJECT_EVENTS: Final[tuple[EventRow[Grouping], ...]] = (
    EventRow(
        name="gitops.project.created",
        help="An AppProject was created since the first list.",
        occurrences=_created,
    ),
    EventRow(
        name="gitops.project.windows.changed",
        help="spec.syncWindows was edited.",
        occurrences=_windows_changed,
        attributes=("gitops.windows.added", "gitops.windows.removed"),
    ),
    EventRow(
        name="gitops.project.window.opened",
        help="A sync window is active from now on.",
        occurrences=_opened,
        attributes=("gitops.window", "gitops.window.kind"),
    ),
    EventRow(
        name="gitops.project.window.closed",
        help="A sync window is no longer active.",
        occurrences=_closed,
        attributes=("gitops.window", "gitops.window.kind"),
    ),
    EventRow(
        name="gitops.project.deleted",
        help="An AppProject is gone.",
        occurrences=_deleted,
    ),
)
"""Events of an AppProject, in the order in which one update tells them."""
