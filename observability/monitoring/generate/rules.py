"""Rule files of Prometheus from groups of alerts and recording rules: one file a group and environment. Pure.

Only what Prometheus 2.42 reads is written: no labels of groups, no query_offset.
"""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import dedent
from typing import Any, Final

import yaml

from observability.monitoring.generate.series import Series, known, of_environment
from observability.monitoring.load import Sourced
from observability.monitoring.spec import RECONCILIATION_SECONDS, Alert, Group, Recording
from observability.monitoring.spec.environments import value_in
from observability.monitoring.spec.queries import scoped
from observability.settings import Monitoring

_APPLICATION: Final = ("application_namespace", "application")
_MARK_OF_APPLICATION: Final = "application"


def rule_files(groups: Sequence[Sourced[Group]], environment: str, links: Monitoring) -> Mapping[str, str]:
    """The rule files of an environment, by their names. Groups without a rule in it have none.

    Raises SpecError for a value that was forgotten for the environment.
    """
    series = known(rule for source in groups for rule in source.row.rules if isinstance(rule, Recording))
    files: dict[str, str] = {}
    for source in groups:
        group = group_of(source.row, environment, links, series)
        if group["rules"]:
            head = f"# Generated from {source.file} for {environment}: change that file, and generate again.\n"
            files[f"{source.row.name}.yml"] = head + text_of({"groups": [group]})
    return files


def group_of(group: Group, environment: str, links: Monitoring, series: Mapping[str, Series]) -> dict[str, Any]:
    """A group as Prometheus reads it, in an environment; `series`: all that `series.known` knows."""
    written = [_rule(rule, environment, links, series) for rule in group.rules]
    interval = {"interval": group.interval} if group.interval else {}
    return {"name": group.name, **interval, "rules": [rule for rule in written if rule]}


def text_of(document: Mapping[str, Any]) -> str:
    """YAML in the order that is given; texts of several lines as blocks."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def _rule(rule: Alert | Recording, environment: str, links: Monitoring, series: Mapping[str, Series]) -> dict[str, Any]:
    """Empty for an alert that the environment does not have."""
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": _settled(_expression(rule.expr, environment, series), links)}
    expression = value_in(environment, rule.expr, f"{rule.name}.expr")
    if expression is None:
        return {}
    hold = value_in(environment, rule.hold, f"{rule.name}.hold")
    return {
        "alert": rule.name,
        "expr": _settled(_expression(expression, environment, series), links),
        **({"for": hold} if hold not in {"0", "0s"} else {}),
        **({"keep_firing_for": rule.keep_firing} if rule.keep_firing else {}),
        "labels": {
            "severity": rule.severity.value,
            **({"environment": environment} if rule.whole else {}),
            **rule.labels,
        },
        "annotations": dict(_annotations(rule, links)),
    }


def _expression(expression: str, environment: str, series: Mapping[str, Series]) -> str:
    return dedent(scoped(expression, of_environment(environment, series))).strip()


def _settled(text: str, monitoring: Monitoring) -> str:
    """The text with what the settings say."""
    return text.replace(RECONCILIATION_SECONDS, f"{monitoring.reconciliation_seconds:.15g}")


def _annotations(alert: Alert, links: Monitoring) -> Iterable[tuple[str, str]]:
    yield "summary", _settled(alert.summary, links)
    yield "description", _settled(alert.description, links)
    yield "runbook_url", f"{(links.runbooks_url or 'alerts/runbooks').rstrip('/')}/{alert.name}.md"
    variables = "&".join(f"var-{label}={{{{ urlquery $labels.{label} }}}}" for label in alert.variables)
    grafana = (links.grafana_url or "").rstrip("/")
    yield "dashboard_url", f"{grafana}/d/{alert.dashboard}" + (f"?{variables}" if variables else "")
    if links.argocd_url and _MARK_OF_APPLICATION in alert.variables:
        path = "/".join(f"{{{{ $labels.{label} }}}}" for label in _APPLICATION)
        yield "application_url", f"{links.argocd_url.rstrip('/')}/applications/{path}"


class _Dumper(yaml.SafeDumper):
    """Writes lists indented, and texts of several lines as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """As SafeDumper, but for lists."""
        super().increase_indent(flow, indentless=False)


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)
