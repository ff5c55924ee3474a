"""Checks of alerting rules that know how Argo CD behaves: what waits on purpose, what flips, what is born late."""

from collections.abc import Iterator
from typing import Final

from observability.monitoring.checks.documents import Rule
from observability.monitoring.checks.durations import duration_of
from observability.monitoring.checks.rows import Check, Found, Severity
from observability.monitoring.promql import Matcher, Selector

_STATES: Final = ("health_status", "sync_status", "operation", "phase")
_PLACES: Final = {
    *("environment", "env", "stage", "cluster", "namespace", "exported_namespace"),
    *("name", "project", "dest_namespace", "dest_server"),
}
_PENDING: Final = ("autosync_enabled", "cause")
_KNOWS_PENDING: Final = ("gitops_application_out_of_sync", "gitops_promotion")
_KNOWS_WINDOWS: Final = ("sync_blocked", "sync_window", "out_of_sync")


def _first_increment(rule: Rule) -> Iterator[Found]:
    shape = rule.expression.reading.shape
    if not rule.alert or shape is None or shape.past:
        return
    for compared in shape.compared:
        if compared.operator not in {">", ">="} or compared.number > 1:
            continue
        for one in compared.ranged:
            metric = rule.expression.known.get(one.selector.name)
            if metric is not None and metric.born_late and one.function in {"increase", "rate", "irate", "delta"}:
                said = f"{metric.name} appears with its first increment, of which {one.function}() knows nothing"
                yield Found(said, rule.expression.line_of(metric.name))


def _dry_runs(rule: Rule) -> Iterator[Found]:
    for one in _ranged_and_plain(rule):
        if rule.alert and one.name == "argocd_app_sync_total" and not _matchers(one, "dry_run"):
            yield Found("argocd_app_sync_total counts dry runs too", rule.expression.line_of(one.name))


def _for_over_window(rule: Rule) -> Iterator[Found]:
    shape = rule.expression.reading.shape
    for compared in shape.compared if rule.alert and shape and rule.hold_seconds else ():
        for one in compared.ranged:
            counts = one.function in {"increase", "changes", "resets"} and compared.operator in {">", ">="}
            if counts and compared.number < 1 and one.seconds < (rule.hold_seconds or 0):
                window = duration_of(one.seconds)
                said = f"for {rule.hold} over {one.function}() of {window}: it must happen again and again"
                yield Found(said, rule.line("for"))


def _for_over_states(rule: Rule) -> Iterator[Found]:
    facts, shape = rule.expression.reading.facts, rule.expression.reading.shape
    if not rule.alert or not rule.hold_seconds or facts is None or shape is None or facts.labels is None:
        return
    for selector in shape.plain:
        metric = rule.expression.known.get(selector.name)
        own = metric.labels if metric is not None and metric.labels is not None else frozenset()
        open_states = [state for state in _STATES if state in facts.labels & own and not _is_pinned(selector, state)]
        if open_states:
            said = f"for {rule.hold} begins anew whenever {' or '.join(open_states)} of an alert changes"
            yield Found(said, rule.line("for"))
            return


def _is_pinned(selector: Selector, label: str) -> bool:
    return any(
        one.operator == "=" or (one.operator == "=~" and one.value.isalnum()) for one in _matchers(selector, label)
    )


def _suspended(rule: Rule) -> Iterator[Found]:
    for selector in _plain(rule):
        negative = [one for one in _matchers(selector, "health_status") if one.operator in {"!=", "!~"} and one.value]
        if negative and not any("Suspended" in one.value for one in negative):
            yield Found(
                "all but what is named alerts, and so does Suspended", rule.expression.line_of_matcher("health_status")
            )


def _mixed(rule: Rule) -> Iterator[Found]:
    for selector in _plain(rule):
        for label, worst in (("health_status", "Degraded"), ("sync_status", "Unknown")):
            for one in _matchers(selector, label):
                if one.value and one.operator in {"!=", "!~"} and worst not in one.value:
                    said = f"{label} {one.operator} {one.value} mixes {worst} with the others"
                    yield Found(said, rule.expression.line_of_matcher(label))


def _pending(rule: Rule) -> Iterator[Found]:
    if _is_about_out_of_sync(rule):
        knows = any(one.name.startswith(_KNOWS_PENDING) for one in _selectors(rule))
        if not knows and not any(_matchers(one, label) for one in _selectors(rule) for label in _PENDING):
            yield Found("what waits for a manual sync is OutOfSync too", rule.expression.line_of_matcher("sync_status"))


def _windows(rule: Rule) -> Iterator[Found]:
    knows = any(word in one.name for one in _selectors(rule) for word in _KNOWS_WINDOWS)
    if _is_about_out_of_sync(rule) and not knows:
        yield Found("what waits for a sync window is OutOfSync too", rule.expression.line_of_matcher("sync_status"))


def _is_about_out_of_sync(rule: Rule) -> bool:
    return any(
        (one.operator in {"=", "=~"} and "OutOfSync" in one.value)
        or (one.operator in {"!=", "!~"} and "Synced" in one.value)
        for selector in _plain(rule)
        for one in _matchers(selector, "sync_status")
        if "OutOfSync" not in one.value or one.operator in {"=", "=~"}
    )


def _no_autosync(rule: Rule) -> Iterator[Found]:
    for selector in _plain(rule):
        off = [
            one
            for one in _matchers(selector, "autosync_enabled")
            if (one.operator, one.value) in {("=", "false"), ("!=", "true"), ("=~", "false"), ("!~", "true"), ("=", "")}
        ]
        states = {one.label for one in selector.matchers} & set(_STATES)
        if off and not states and not {one.label for one in selector.matchers if _narrows(one)} & _PLACES:
            yield Found(
                "it fires for ever where syncs are manual on purpose",
                rule.expression.line_of_matcher("autosync_enabled"),
            )


def _narrows(matcher: Matcher) -> bool:
    """Whether it leaves out any series that has the label."""
    return matcher.value not in {"", ".*", ".+"} or (matcher.operator in {"=", "=~"} and not matcher.value)


def _plain(rule: Rule) -> tuple[Selector, ...]:
    return rule.expression.reading.shape.plain if rule.alert and rule.expression.reading.shape else ()


def _selectors(rule: Rule) -> tuple[Selector, ...]:
    return rule.expression.reading.facts.selectors if rule.expression.reading.facts else ()


def _ranged_and_plain(rule: Rule) -> Iterator[Selector]:
    yield from dict.fromkeys(_selectors(rule))


def _matchers(selector: Selector, label: str) -> tuple[Matcher, ...]:
    return tuple(one for one in selector.matchers if one.label == label)


CHECKS: Final = (
    Check(
        name="first-increment-missed",
        severity=Severity.WARNING,
        says="The first increment of a counter is not seen.",
        why=(
            "The series does not exist before it is 1. An increase from nothing is nothing: the first failure of "
            "an Application, the one that counts, alerts nobody."
        ),
        mend=(
            "Add `or (METRIC unless METRIC offset 10m) > 0`, or ask for a state that is there before, as "
            "gitops_application_operation_phase."
        ),
        of=Rule,
        find=_first_increment,
        source="Prometheus docs, instrumentation: avoid missing metrics",
    ),
    Check(
        name="dry-runs-counted",
        severity=Severity.WARNING,
        says="Dry runs are counted as syncs.",
        why="Somebody who tries out a sync that fails pages somebody else.",
        mend='Add the matcher dry_run!="true" (Argo CD 3.1 and newer).',
        of=Rule,
        find=_dry_runs,
    ),
    Check(
        name="for-over-window",
        severity=Severity.WARNING,
        says="for is longer than the window in which something is counted.",
        why=(
            "What happened once leaves the window before for has passed: it alerts only when it happens in each window."
        ),
        mend="Make the window longer than for, or leave for out.",
        of=Rule,
        find=_for_over_window,
    ),
    Check(
        name="for-over-states",
        severity=Severity.WARNING,
        says="for begins anew when a state changes.",
        why=(
            "Each value of the label is an alert of its own. What goes from Degraded to Missing and back every "
            "few minutes is ill for hours, and never alerts."
        ),
        mend="Aggregate the label away with max by (…), or ask for one state by =.",
        of=Rule,
        find=_for_over_states,
    ),
    Check(
        name="suspended-alerts",
        severity=Severity.WARNING,
        says="Suspended alerts.",
        why="A rollout that waits for somebody to look, or a CronJob that is paused, is Suspended on purpose.",
        mend='Name what is bad: health_status="Degraded".',
        of=Rule,
        find=_suspended,
    ),
    Check(
        name="states-mixed",
        severity=Severity.NOTE,
        says="States that mean different things share an alert.",
        why=(
            "Degraded is an outage, Missing may be a first sync, Unknown says that nobody knows: they need other "
            "people, and other severities."
        ),
        mend="Make an alert of each, with its own severity and runbook.",
        of=Rule,
        find=_mixed,
    ),
    Check(
        name="out-of-sync-awaits-approval",
        severity=Severity.WARNING,
        says="OutOfSync alerts while it waits for approval.",
        why=(
            "Where people sync by hand, every commit makes an Application OutOfSync until its release: the alert "
            "fires all day, and is muted by those who should see a real drift."
        ),
        mend=(
            'Ask for the cause (gitops_application_out_of_sync{cause="live_drift"}), or only where '
            'autosync_enabled="true".'
        ),
        of=Rule,
        find=_pending,
    ),
    Check(
        name="out-of-sync-awaits-window",
        severity=Severity.WARNING,
        says="OutOfSync alerts while a sync window is closed.",
        why="The window is closed so that nothing is deployed: that it works is no alert.",
        mend="Add `unless gitops_application_sync_blocked == 1`, with on() of the labels of the Application.",
        of=Rule,
        find=_windows,
    ),
    Check(
        name="autosync-off-everywhere",
        severity=Severity.WARNING,
        says="It fires for ever where automated sync is off on purpose.",
        why="A permanent alert is seen by nobody, and hides others in its group.",
        mend="Say where automated sync is expected: by environment, project or destination.",
        of=Rule,
        find=_no_autosync,
    ),
)
