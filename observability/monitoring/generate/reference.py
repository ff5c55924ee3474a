"""The page of all alerts, as Markdown, from the rows. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from observability.monitoring.generate.series import known
from observability.monitoring.load import Sourced
from observability.monitoring.promql import facts
from observability.monitoring.spec import Alert, Group, PerEnvironment, Recording
from observability.monitoring.spec.environments import value_in

_INTRODUCTION: Final = """\
# Alerts

All alerts and recording rules. This page is generated from the rows: `make generate`.

- The rules of `generated/<environment>` select `environment="<environment>"`: loading all of them is safe. What is not
  about one environment carries the one whose rules it stands in.
- Rules and severities are the same everywhere, but for the times below; the route differs by `environment`.
- Most alerts count from when something began, as the exporter knows it: they need no `for`, and no restart delays them.
- Applications that are being deleted, or muted, fire nothing. To mute one:
  `kubectl -n NAMESPACE annotate application NAME gitops-observability/mute-until=2030-01-31T18:00:00Z`
- While GitOpsFactsStale (of Applications) fires, alerts about Applications of that cluster may be wrong, and are to be
  inhibited; by GitOpsExporterDown all others of its cluster, and by GitOpsReconciliationStopped GitOpsStaleVerdict and
  GitOpsAutomatedSyncStalled.
- Cases are those of promtool in tests/rules: so many fire the alert, so many must not.
- To add one: a row in a module here, a runbook of its name in runbooks/, cases in tests/rules.
"""


class Cases(NamedTuple):
    """How many cases fire an alert, and in how many it must stay silent."""

    fire: int
    silent: int


def page(groups: Sequence[Sourced[Group]], environments: Sequence[str], cases: Mapping[str, Cases]) -> str:
    """The page. `cases`: by the name of the alert. Raises SpecError for an expression that is no PromQL."""
    series = known(rule for source in groups for rule in source.row.rules if isinstance(rule, Recording))
    parts = [_INTRODUCTION]
    for source in groups:
        alerts = [rule for rule in source.row.rules if isinstance(rule, Alert)]
        recordings = [rule for rule in source.row.rules if isinstance(rule, Recording)]
        parts.append(f"## {source.row.name}\n\nFrom [{source.file}]({source.file.rpartition('/')[2]}).\n")
        if alerts:
            parts.append(_table(_HEAD, (_row(alert, environments, cases, series) for alert in alerts)))
        if recordings:
            parts.append(_table(("recording rule", "meaning"), ((f"`{one.record}`", one.help) for one in recordings)))
    return "\n".join(parts)


_HEAD: Final = ("alert", "severity", "environments", "for", "metrics", "cases", "summary")


def _row(
    alert: Alert, environments: Sequence[str], cases: Mapping[str, Cases], series: Mapping[str, object]
) -> tuple[str, ...]:
    expressions = {one: value_in(one, alert.expr, alert.name) for one in environments}
    there = [one for one, expression in expressions.items() if expression is not None]
    names = {name for text in expressions.values() if text is not None for name in _names(text, alert.name)}
    metrics = ", ".join(f"`{name}`" for name in sorted(names) if name in series)
    counted = cases.get(alert.name, Cases(0, 0))
    return (
        f"[{alert.name}](runbooks/{alert.name}.md)",
        alert.severity.value,
        "all" if len(there) == len(environments) else ", ".join(there),
        _hold(alert, there),
        metrics,
        f"{counted.fire} / {counted.silent}",
        alert.summary.replace("|", "\\|"),
    )


def _names(expression: str, name: str) -> Iterator[str]:
    for selector in facts(expression, lambda _: None, name).selectors:
        yield selector.name


def _hold(alert: Alert, environments: Iterable[str]) -> str:
    if not isinstance(alert.hold, PerEnvironment):
        return alert.hold
    return ", ".join(f"{one} {alert.hold.value(one, alert.name)}" for one in environments)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
