"""Whether authored rows ask only for what there is: metrics, labels, values, buckets, runbooks, environments. Pure.

All that is wrong is told at once, each with its file and row.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Final, NamedTuple, TypeVar

from observability.errors import SpecError
from observability.monitoring.generate.series import ADDED, OF_PROMETHEUS, Series, known, of_environment
from observability.monitoring.load import Authored, Sourced
from observability.monitoring.promql import Facts, Grouping, Labels, Quantile, Selector, facts
from observability.monitoring.spec import Alert, Dashboard, Group, PerEnvironment, PromQuery, Recording
from observability.monitoring.spec.environments import value_in
from observability.monitoring.spec.queries import scoped, top_bound
from observability.monitoring.spec.rules import check_duration
from observability.signals.metrics import words

SECTIONS: Final = ("What it means", "What to look at", "What to do", "How it ends", "When it is wrong")
"""The headings that each runbook has, in this order."""

_TEMPLATE_LABEL: Final = re.compile(r"\$labels\.(\w+)")
_PLAIN_ALTERNATIVES: Final = re.compile(r"[\w -]+(?:\|[\w -]+)*")
_NAMESPACES: Final = (
    ("application", "application_namespace"),
    ("applicationset", "applicationset_namespace"),
)
"""A name alone does not tell objects apart: labels of names, and those of their namespaces."""

Row = TypeVar("Row", Alert, Recording)


class _Place(NamedTuple):
    """What is looked at: a row of a file, and the series that it may ask for."""

    file: str
    name: str
    own: bool
    series: Mapping[str, Series]

    def wrong(self, expected: str) -> SpecError:
        return SpecError(self.name, expected, self.file)


def check(authored: Authored, environments: Sequence[str]) -> None:
    """Raises SpecError with all that `problems` finds, a line each."""
    found = problems(authored, environments)
    if found:
        raise SpecError("\n".join(map(str, found)), "") if len(found) > 1 else found[0]


def problems(authored: Authored, environments: Sequence[str]) -> tuple[SpecError, ...]:
    """All that is wrong with what is authored, for these environments, in the order of the files."""
    series = known(rule for _, rule in _rules(authored.groups, Recording))
    found = [
        *_of_names(authored),
        *(one for source in authored.groups for one in _of_group(source, environments, series)),
        *(one for source in authored.dashboards for one in _of_dashboard(source, environments, series)),
    ]
    return tuple({str(one): one for one in found}.values())


def _rules(groups: Iterable[Sourced[Group]], kind: type[Row]) -> Iterator[tuple[Sourced[Group], Row]]:
    for source in groups:
        for rule in source.row.rules:
            if isinstance(rule, kind):
                yield source, rule


def _of_names(authored: Authored) -> Iterator[SpecError]:
    named = [
        *(("group", source.row.name, source.file) for source in authored.groups),
        *(("alert", rule.name, source.file) for source, rule in _rules(authored.groups, Alert)),
        *(("recording rule", rule.record, source.file) for source, rule in _rules(authored.groups, Recording)),
        *(("dashboard", source.row.uid, source.file) for source in authored.dashboards),
    ]
    first: dict[tuple[str, str], str] = {}
    for kind, name, file in named:
        if (kind, name) in first:
            yield SpecError(name, f"expected each {kind} once, there is one in {first[kind, name]}", file)
        first.setdefault((kind, name), file)


def _of_group(source: Sourced[Group], environments: Sequence[str], series: Mapping[str, Series]) -> Iterator[SpecError]:
    for rule in source.row.rules:
        name = rule.name if isinstance(rule, Alert) else rule.record
        place = _Place(source.file, name, source.own, series)
        if isinstance(rule, Alert):
            yield from _of_runbook(place, source.runbooks)
        forgotten = tuple(_of_environments(place, rule, environments))
        yield from forgotten
        for environment in () if forgotten else environments:
            yield from _of_rule(place, rule, environment)


def _of_runbook(place: _Place, runbooks: Mapping[str, str]) -> Iterator[SpecError]:
    if place.name not in runbooks:
        yield place.wrong(f"expected a runbook runbooks/{place.name}.md")
        return
    headings = re.findall(r"^## (.+?) *$", runbooks[place.name], re.MULTILINE)
    if [one for one in headings if one in SECTIONS] != list(SECTIONS):
        yield place.wrong(f"expected the runbook to have the sections {', '.join(SECTIONS)}, in this order")


def _of_environments(place: _Place, rule: Alert | Recording, environments: Sequence[str]) -> Iterator[SpecError]:
    for field in fields(rule):
        value = getattr(rule, field.name)
        if isinstance(value, PerEnvironment):
            try:
                value.check(environments, f"{place.name}.{field.name}")
            except SpecError as error:
                yield SpecError(error.name, error.expected, place.file)


def _of_rule(place: _Place, rule: Alert | Recording, environment: str) -> Iterator[SpecError]:
    expression = value_in(environment, rule.expr, place.name)
    if expression is None:
        return
    text = scoped(expression, of_environment(environment, place.series))
    try:
        if isinstance(rule, Alert):
            check_duration(value_in(environment, rule.hold, place.name), f"{place.name}.hold")
        found = facts(text, _labels_of(place.series), place.name)
    except SpecError as error:
        yield SpecError(error.name, error.expected, place.file)
        return
    yield from _of_facts(place, found)
    if found.labels is not None:
        yield from (
            _of_alert(place, rule, found.labels)
            if isinstance(rule, Alert)
            else _of_recording(place, rule, found.labels)
        )


def _labels_of(series: Mapping[str, Series]) -> Callable[[str], Labels]:
    def labels(name: str) -> Labels:
        return series[name].labels | ADDED if name in series else None

    return labels


def _of_alert(place: _Place, alert: Alert, result: frozenset[str]) -> Iterator[SpecError]:
    given = result | alert.labels.keys() | ({"environment"} if alert.whole else set())
    if "environment" not in given:
        yield place.wrong("expected the label environment to be kept, or whole=True")
    used = {*alert.variables, *_TEMPLATE_LABEL.findall(alert.summary + alert.description)}
    for label in sorted(used - given):
        yield place.wrong(f"expected labels that its series have ({', '.join(sorted(given - ADDED))}), got {label}")


def _of_recording(place: _Place, rule: Recording, result: frozenset[str]) -> Iterator[SpecError]:
    if result - ADDED != set(rule.labels) - ADDED:
        yield place.wrong(
            f"expected the labels {', '.join(sorted(result - ADDED)) or 'to be none'}, as its expression has"
        )


def _of_dashboard(
    source: Sourced[Dashboard], environments: Sequence[str], series: Mapping[str, Series]
) -> Iterator[SpecError]:
    for title, query in _queries(source.row):
        place = _Place(source.file, f"{source.row.uid}: {title}", source.own, series)
        try:
            if isinstance(query.expr, PerEnvironment):
                query.expr.check(environments, place.name)
            texts = {value_in(environment, query.expr, place.name) for environment in environments}
            found = [facts(scoped(text, lambda _: {}), _labels_of(series), place.name) for text in sorted(texts)]
        except SpecError as error:
            yield SpecError(error.name, error.expected, place.file)
            continue
        for one in found:
            yield from _of_facts(place, one)


def _queries(dashboard: Dashboard) -> Iterator[tuple[str, PromQuery]]:
    for section in dashboard.sections:
        for panel in section.panels:
            yield from ((panel.title, query) for query in panel.queries if isinstance(query, PromQuery))
    for mark in dashboard.annotations:
        if isinstance(mark.query, PromQuery):
            yield mark.title, mark.query


def _of_facts(place: _Place, found: Facts) -> Iterator[SpecError]:
    for selector in found.selectors:
        yield from _of_selector(place, selector)
    for grouping in found.groupings:
        yield from _of_grouping(place, grouping)
    for quantile in found.quantiles:
        yield from _of_quantile(place, quantile)


def _of_selector(place: _Place, selector: Selector) -> Iterator[SpecError]:
    series = place.series.get(selector.name)
    if series is None:
        if selector.name in OF_PROMETHEUS or (not place.own and not selector.name.startswith("gitops_")):
            return
        yield place.wrong(f"expected a metric of the catalogue or a recording rule, got {selector.name or 'no name'}")
        return
    for label, operator, value in selector.matchers:
        if label not in series.labels | ADDED:
            there = ", ".join(sorted(series.labels)) or "none"
            yield place.wrong(f"expected a label that {selector.name} has ({there}), got {label}")
        elif series.row is not None and label in series.row.labels:
            yield from _of_values(place, selector.name, label, words(series.row, label), _values(operator, value))


def _of_values(
    place: _Place, name: str, label: str, possible: tuple[str, ...] | None, values: Iterable[str]
) -> Iterator[SpecError]:
    for value in values:
        if possible is not None and value not in possible:
            yield place.wrong(f"expected {label} of {name} to be one of {', '.join(possible)}, got {value}")


def _values(operator: str, value: str) -> tuple[str, ...]:
    """The words that a matcher names; none of a regular expression that is more than words."""
    if operator in {"=", "!="}:
        return (value,) if value else ()
    return tuple(value.split("|")) if _PLAIN_ALTERNATIVES.fullmatch(value) else ()


def _of_grouping(place: _Place, grouping: Grouping) -> Iterator[SpecError]:
    sides = [side for side in grouping.sides if side is not None]
    for label in grouping.labels:
        missing = [side for side in sides if label not in side | ADDED]
        if missing and (grouping.word != "ignoring" or len(missing) == len(grouping.sides)):
            there = ", ".join(sorted(missing[0] - ADDED)) or "none"
            yield place.wrong(f"expected {grouping.word}({label}) to name a label that is there ({there})")
    if grouping.word in {"by", "on", "without"}:
        yield from _of_namespaces(place, grouping, sides)


def _of_namespaces(place: _Place, grouping: Grouping, sides: Sequence[frozenset[str]]) -> Iterator[SpecError]:
    """Applications of the same name in two namespaces must not become one."""
    for name, namespace in _NAMESPACES:
        if not all({name, namespace} <= side for side in sides) or not sides:
            continue
        kept = (name in grouping.labels, namespace in grouping.labels)
        if kept == ((True, False) if grouping.word != "without" else (False, True)):
            yield place.wrong(f"expected {grouping.word}() to keep {namespace} where it keeps {name}")


def _of_quantile(place: _Place, quantile: Quantile) -> Iterator[SpecError]:
    for name in quantile.buckets:
        row = place.series[name].row if name in place.series else None
        top = None if row is None else top_bound(row)
        if top is None or quantile.operator not in {">", ">=", "=="}:
            continue
        if quantile.number > top or (quantile.operator == ">" and quantile.number == top):
            yield place.wrong(
                f"expected a threshold below {top:g}, the highest finite bound of {name}: a quantile is never above "
                f"it, so that {quantile.number:g} is never passed"
            )
