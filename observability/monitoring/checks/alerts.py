"""Checks of how alerting rules are written."""

import re
from collections.abc import Iterator
from typing import Final

from observability.monitoring.checks.documents import Rule
from observability.monitoring.checks.rows import Check, Found, Severity
from observability.monitoring.checks.series import ON_TARGETS, PEOPLE
from observability.monitoring.promql import Selector

_LABEL: Final = re.compile(r"(?:\$labels|\.Labels)\.(\w+)")
_WEB: Final = re.compile(r"https?://[^\s/]+\S*")
_PATH: Final = re.compile(r"(?!https?:)[\w./-]*/\S+")


def _no_severity(rule: Rule) -> Iterator[Found]:
    if rule.alert and not rule.labels.get("severity"):
        yield Found("it has no label severity", rule.line("labels"))


def _no_summary(rule: Rule) -> Iterator[Found]:
    if rule.alert and not any(rule.annotations.get(key) for key in ("summary", "message")):
        yield Found("it has no annotation summary", rule.line("annotations"))


def _no_runbook(rule: Rule) -> Iterator[Found]:
    if rule.alert and not any(rule.annotations.get(key) for key in ("runbook_url", "runbook")):
        yield Found("it has no annotation runbook_url", rule.line("annotations"))


def _no_link(rule: Rule) -> Iterator[Found]:
    for key, value in rule.annotations.items():
        if not rule.alert or not key.endswith(("_url", "_link")) or not value:
            continue
        without = re.sub(r"\{\{.*?\}\}", "x", value, flags=re.DOTALL).strip()
        if not _WEB.fullmatch(without) and not _PATH.fullmatch(without) and without != "x":
            yield Found(f"{key} is no address: {value.strip()[:60]}", rule.line(f"annotations.{key}"))


def _bad_for(rule: Rule) -> Iterator[Found]:
    if rule.hold and rule.hold_seconds is None:
        yield Found(f"for is no duration: {rule.hold}", rule.line("for"))


def _no_comparison(rule: Rule) -> Iterator[Found]:
    shape, facts = rule.expression.reading.shape, rule.expression.reading.facts
    if not rule.alert or shape is None or facts is None or shape.conditional or shape.constant:
        return
    if not any(_is_there_while_true(one) for one in facts.selectors):
        yield Found("the expression gives a value whatever the value is", rule.line("expr"))


def _is_there_while_true(selector: Selector) -> bool:
    """Series that exist only as long as something holds."""
    return selector.name.endswith(("_info", "_timestamp_seconds")) or selector.name in {
        "ALERTS",
        "argocd_app_condition",
    }


def _template(rule: Rule) -> Iterator[Found]:
    facts = rule.expression.reading.facts
    if not rule.alert or facts is None or facts.labels is None:
        return
    whole = "instance" in facts.labels
    there = facts.labels | rule.labels.keys() | rule.expression.added | {"alertname"}
    there |= PEOPLE | ON_TARGETS if whole else frozenset()
    for part, texts in (("annotations", rule.annotations), ("labels", rule.labels)):
        for key, text in texts.items():
            for label in dict.fromkeys(_LABEL.findall(text)):
                if label not in there:
                    yield Found(
                        f"{key} shows the label {label}, which the expression drops", rule.line(f"{part}.{key}")
                    )


CHECKS: Final = (
    Check(
        name="severity-missing",
        severity=Severity.WARNING,
        says="The alert has no severity.",
        why="Routes and inhibitions go by it: it reaches nobody, or everybody.",
        mend="Add the label severity: critical, warning or info.",
        of=Rule,
        find=_no_severity,
        source="pint rule/label",
    ),
    Check(
        name="summary-missing",
        severity=Severity.WARNING,
        says="The alert has no summary.",
        why="A page without one tells a person who was asleep a name and nothing else.",
        mend="Add the annotation summary: what is wrong, with whom, where.",
        of=Rule,
        find=_no_summary,
        source="pint alerts/annotation",
    ),
    Check(
        name="runbook-missing",
        severity=Severity.WARNING,
        says="The alert has no runbook.",
        why="Everybody who is paged finds out anew what to look at.",
        mend="Write down what it means, what to look at and what to do, and link it as runbook_url.",
        of=Rule,
        find=_no_runbook,
        source="pint alerts/annotation",
    ),
    Check(
        name="link-invalid",
        severity=Severity.WARNING,
        says="A link of the alert is no address.",
        why="The page has a link that leads nowhere.",
        mend="Write an address with https://, or a path below the address of Grafana or of the runbooks.",
        of=Rule,
        find=_no_link,
        source="pint rule/link",
    ),
    Check(
        name="for-invalid",
        severity=Severity.ERROR,
        says="for is no duration.",
        why="Prometheus refuses the whole file, so that no rule in it is loaded.",
        mend="Write a number and a unit: 30s, 15m, 1h30m.",
        of=Rule,
        find=_bad_for,
        source="pint alerts/for",
    ),
    Check(
        name="comparison-missing",
        severity=Severity.ERROR,
        says="The alert has no condition.",
        why="It fires as long as the series is there, also at 0.",
        mend="Compare it with something, as in == 1 or > 0.",
        of=Rule,
        find=_no_comparison,
        source="pint alerts/comparison",
    ),
    Check(
        name="template-label-dropped",
        severity=Severity.ERROR,
        says="A text shows a label that the expression drops.",
        why="The page has a hole where the name of what is wrong should stand.",
        mend="Keep the label in by(), or do not show it.",
        of=Rule,
        find=_template,
        source="pint alerts/template",
    ),
)
