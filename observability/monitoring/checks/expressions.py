"""Checks of any expression, of a rule or of a panel."""

from collections.abc import Iterator
from typing import Final

from observability.monitoring.checks.documents import Expression
from observability.monitoring.checks.durations import duration_of
from observability.monitoring.checks.rows import Check, Found, Severity
from observability.monitoring.checks.series import ON_TARGETS, PEOPLE, REMOVED, Metric, has, possible
from observability.monitoring.promql import Grouping, Selector
from observability.monitoring.shapes import Ranged
from observability.signals.catalogue import Type

_OF_COUNTERS: Final = {"rate", "irate", "increase", "resets"}
_OF_WINDOWS: Final = {*_OF_COUNTERS, "delta", "idelta", "deriv"}
_SCRAPES: Final = 4
_NAMESPACES: Final = (
    ("application", ("application_namespace",)),
    ("applicationset", ("applicationset_namespace",)),
    ("name", ("namespace", "exported_namespace")),
)
_KEEPS_NAME: Final = ("argocd_app_", "argocd_appset_")


def _invalid(expression: Expression) -> Iterator[Found]:
    if expression.reading.wrong:
        yield Found(expression.reading.wrong, expression.line)


def _unknown_metric(expression: Expression) -> Iterator[Found]:
    for name in dict.fromkeys(one.name for one in _selectors(expression)):
        if name.startswith("gitops_") and name not in expression.known:
            yield Found(f"{name} is no metric of the exporter", expression.line_of(name))


def _removed_metric(expression: Expression) -> Iterator[Found]:
    for name in dict.fromkeys(one.name for one in _selectors(expression)):
        if name in REMOVED:
            yield Found(f"{name} is gone since Argo CD 3.0: use {REMOVED[name]}", expression.line_of(name))


def _unknown_label(expression: Expression) -> Iterator[Found]:
    for selector in _selectors(expression):
        metric = expression.known.get(selector.name)
        if metric is None:
            continue
        for one in selector.matchers:
            if not has(metric, one.label, expression.added) and one.value:
                yield Found(_lacks(metric, one.label), expression.line_of_matcher(one.label))
    for grouping in _groupings(expression):
        for label in _missing(expression, grouping):
            yield Found(f"{grouping.word}({label}): no series here has that label", expression.line_of(label))


def _missing(expression: Expression, grouping: Grouping) -> Iterator[str]:
    sides = [side for side in grouping.sides if side is not None]
    for label in grouping.labels:
        if label in ON_TARGETS | PEOPLE | expression.added or not sides or grouping.word in {"ignoring", "without"}:
            continue
        if any(label not in side for side in sides):
            yield label


def _lacks(metric: Metric, label: str) -> str:
    there = ", ".join(sorted(metric.labels or ())) or "none of its own"
    return f"{metric.name} has no label {label}; it has {there}"


def _unknown_value(expression: Expression) -> Iterator[Found]:
    for selector in _selectors(expression):
        for one in selector.matchers:
            values = possible(selector.name, one.label)
            for value in () if not values or "$" in one.value else _words(one.operator, one.value):
                if value not in values:
                    said = f"{one.label} of {selector.name} is never {value}; it is one of {', '.join(values)}"
                    yield Found(said, expression.line_of(value))


def _words(operator: str, value: str) -> tuple[str, ...]:
    """The words that a matcher names; none of a regular expression that is more than words."""
    words = (value,) if operator in {"=", "!="} else tuple(value.strip("()").split("|"))
    return tuple(word for word in words if word.isidentifier())


def _namespace_dropped(expression: Expression) -> Iterator[Found]:
    of_argocd = any(one.name.startswith(_KEEPS_NAME) for one in _selectors(expression))
    for grouping in _groupings(expression):
        for name, namespaces in _NAMESPACES:
            if name == "name" and not of_argocd:
                continue
            keeps = grouping.word in {"by", "on"} and name in grouping.labels and _had(grouping, namespaces)
            if keeps and not set(namespaces) & set(grouping.labels):
                said = f"{grouping.word}() keeps {name} and drops {' and '.join(namespaces)}"
                yield Found(said, expression.line_of(grouping.word))


def _had(grouping: Grouping, labels: tuple[str, ...]) -> bool:
    return all(side is not None and set(labels) & side for side in grouping.sides)


def _above_buckets(expression: Expression) -> Iterator[Found]:
    for quantile in expression.reading.facts.quantiles if expression.reading.facts else ():
        for name in quantile.buckets:
            bounds = _bounds(expression, name)
            if not bounds or quantile.operator not in {">", ">=", "=="}:
                continue
            top = bounds[-1]
            if quantile.number > top or (quantile.operator == ">" and quantile.number == top):
                said = f"the highest finite bucket of {name} is {top:g}: no quantile is above {quantile.number:g}"
                yield Found(said, expression.line_of(name))


def _between_buckets(expression: Expression) -> Iterator[Found]:
    for quantile in expression.reading.facts.quantiles if expression.reading.facts else ():
        for name in quantile.buckets:
            bounds = _bounds(expression, name)
            below = [bound for bound in bounds if bound < quantile.number]
            above = [bound for bound in bounds if bound >= quantile.number]
            if above and quantile.number > 0 and quantile.number not in bounds:
                low = below[-1] if below else 0
                said = f"{quantile.number:g} is between {low:g} and {above[0]:g}, the next buckets of {name}"
                yield Found(said, expression.line_of(name))


def _bounds(expression: Expression, name: str) -> tuple[float, ...]:
    metric = expression.known.get(name)
    return metric.bounds if metric else ()


def _short_window(expression: Expression) -> Iterator[Found]:
    least = _SCRAPES * expression.scrape_seconds
    if "$" in expression.text:
        return
    for one in _ranged(expression):
        if one.function in _OF_WINDOWS and one.seconds < least:
            said = (
                f"{one.function}() looks at {duration_of(one.seconds)}, which is less than {_SCRAPES} scrapes "
                f"of {duration_of(expression.scrape_seconds)}"
            )
            yield Found(said, expression.line_of(one.selector.name))


def _rate_of_gauge(expression: Expression) -> Iterator[Found]:
    for one in _ranged(expression):
        metric = expression.known.get(one.selector.name)
        if (
            metric
            and metric.type is Type.GAUGE
            and one.function in _OF_COUNTERS
            and not one.computed
            and ":" not in metric.name
        ):
            yield Found(f"{one.function}() of {metric.name}, which is a gauge", expression.line_of(metric.name))


def _rate_of_sum(expression: Expression) -> Iterator[Found]:
    for one in _ranged(expression):
        if one.computed and one.function in _OF_COUNTERS:
            said = f"{one.function}() of what was computed from {one.selector.name}"
            yield Found(said, expression.line_of(one.selector.name))


def _needless_group(expression: Expression) -> Iterator[Found]:
    for labels in expression.reading.shape.needless if expression.reading.shape else ():
        yield Found(f"both sides have one series for each {', '.join(labels)}", expression.line_of("group_"))


def _selectors(expression: Expression) -> tuple[Selector, ...]:
    return expression.reading.facts.selectors if expression.reading.facts else ()


def _groupings(expression: Expression) -> tuple[Grouping, ...]:
    return expression.reading.facts.groupings if expression.reading.facts else ()


def _ranged(expression: Expression) -> tuple[Ranged, ...]:
    return expression.reading.shape.ranged if expression.reading.shape else ()


CHECKS: Final = (
    Check(
        name="promql-invalid",
        severity=Severity.ERROR,
        says="The expression is no PromQL.",
        why="Prometheus refuses the whole file, so that no rule in it is loaded; a panel shows an error.",
        mend="Try it in Prometheus, or with `promtool check rules`.",
        of=Expression,
        find=_invalid,
        source="pint promql/syntax, dashboard-linter target-promql-rule",
    ),
    Check(
        name="unknown-metric",
        severity=Severity.ERROR,
        says="The exporter has no metric of this name.",
        why=(
            "It gives nothing for ever: the alert never fires, the panel is empty, and nobody sees a difference "
            "to health."
        ),
        mend="Take a name of the reference of signals.",
        of=Expression,
        find=_unknown_metric,
        source="pint promql/series",
    ),
    Check(
        name="removed-metric",
        severity=Severity.ERROR,
        says="Argo CD no longer has a metric of this name.",
        why="It gives nothing for ever, as if all were well.",
        mend="Use what came in its place.",
        of=Expression,
        find=_removed_metric,
        source="Argo CD docs, upgrading/2.14-3.0",
    ),
    Check(
        name="unknown-label",
        severity=Severity.ERROR,
        says="The metric does not have this label.",
        why="A matcher of a label that is not there selects nothing, and what is grouped by it becomes one.",
        mend="Use a label that it has; what you add to targets is known when the scrape configuration is checked too.",
        of=Expression,
        find=_unknown_label,
        source="pint promql/series",
    ),
    Check(
        name="unknown-value",
        severity=Severity.ERROR,
        says="The label never has this value.",
        why="The matcher selects nothing, or excludes nothing: spelling counts.",
        mend="Spell it as Argo CD does.",
        of=Expression,
        find=_unknown_value,
    ),
    Check(
        name="namespace-dropped",
        severity=Severity.WARNING,
        says="It keeps the name of an Application and drops its namespace.",
        why=(
            "Two Applications of one name in two namespaces become one: one's trouble is hidden, or pages for the "
            "other."
        ),
        mend=(
            "Keep the namespace beside the name: application_namespace of ours, exported_namespace or namespace "
            "of Argo CD."
        ),
        of=Expression,
        find=_namespace_dropped,
    ),
    Check(
        name="threshold-above-buckets",
        severity=Severity.ERROR,
        says="A quantile is compared with more than its highest finite bucket.",
        why="histogram_quantile gives the highest finite bound for all that is slower, so that it never fires.",
        mend="Take a threshold below it, or count what is slower: the rate of all minus that of the highest bucket.",
        of=Expression,
        find=_above_buckets,
        source="Prometheus docs, histogram_quantile",
    ),
    Check(
        name="threshold-between-buckets",
        severity=Severity.NOTE,
        says="A quantile is compared with a number that is no bound of its buckets.",
        why=(
            "Between bounds Prometheus interpolates: the alert follows a guess, by far more than the threshold is "
            "exact."
        ),
        mend="Take a bound as the threshold, or compare the share that is slower than a bound.",
        of=Expression,
        find=_between_buckets,
        source="Prometheus docs, histograms and summaries",
    ),
    Check(
        name="short-window",
        severity=Severity.WARNING,
        says="A rate over less than four scrapes.",
        why=(
            "It needs two samples: one scrape that fails leaves none, and the alert resolves in the middle of the "
            "trouble."
        ),
        mend="Make the window at least four scrape intervals long, or say what they are with --scrape-interval.",
        of=Expression,
        find=_short_window,
        source="pint promql/rate",
    ),
    Check(
        name="rate-of-gauge",
        severity=Severity.ERROR,
        says="A rate of a gauge.",
        why="Each time that it falls is taken for a restart of a counter, and added.",
        mend="Use delta(), deriv() or changes(), or the value itself.",
        of=Expression,
        find=_rate_of_gauge,
        source="pint promql/rate",
    ),
    Check(
        name="rate-of-sum",
        severity=Severity.ERROR,
        says="A rate of something that was computed.",
        why="A restart of one of its parts looks like a fall of the whole, and gives a peak that never was.",
        mend="Take the rate first, then the sum.",
        of=Expression,
        find=_rate_of_sum,
        source="pint promql/rate, dashboard-linter target-counter-agg-rule",
    ),
    Check(
        name="group-left-needless",
        severity=Severity.NOTE,
        says="group_left or group_right, where both sides have one series each.",
        why="It hides it when one side has several series one day: the join would then double what it counts.",
        mend="Leave it out.",
        of=Expression,
        find=_needless_group,
        source="pint promql/vector_matching",
    ),
)
