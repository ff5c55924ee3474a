"""Checks of how all documents fit together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from observability.monitoring.checks import routes
from observability.monitoring.checks.documents import Corpus, Routing, Rule
from observability.monitoring.checks.rows import Check, Found, Place, Severity
from observability.monitoring.promql import Selector

_PROD: Final = "prod"
_NAMES_OF_PROD: Final = {"prod", "production", "prd", "live"}
_ENVIRONMENTS: Final = ("environment", "env", "stage")
_FAMILIES: Final = (("argocd_", "Argo CD"), ("gitops_", "the exporter"))
_SHOWN: Final = 3
_MANY: Final = 5
"""So few alerts may well be equally urgent."""


def _unreadable(corpus: Corpus) -> Iterator[Found]:
    for one in corpus.unreadable:
        yield Found(one.said, place=one.place)


def _same_alerts(corpus: Corpus) -> Iterator[Found]:
    first: dict[tuple[object, ...], Rule] = {}
    for rule in corpus.rules:
        if not rule.alert:
            continue
        expression = " ".join(rule.expression.text.split())
        labels = tuple(sorted(rule.labels.items()))
        for key in ((rule.place.file, rule.name, labels), ("", rule.name, labels, expression)):
            other = first.setdefault(key, rule)
            if other is not rule:
                where = f"line {other.place.first}" if key[0] else f"{other.place.file}:{other.place.first}"
                yield Found(f"{rule.name} is in {where} too, with the same labels", place=rule.place)
                break


def _same_uids(corpus: Corpus) -> Iterator[Found]:
    first: dict[tuple[str, object], Place] = {}
    for board in corpus.boards:
        uid, folder = board.value.get("uid"), board.place.file.rpartition("/")[0]
        other = first.setdefault((folder, uid), board.place) if isinstance(uid, str) and uid else board.place
        if other is not board.place:
            yield Found(f"the uid {uid} is that of {other.file}:{other.first} too", place=board.place)


def _no_absent(corpus: Corpus) -> Iterator[Found]:
    alerts = [rule for rule in corpus.rules if rule.alert and rule.expression.reading.shape]
    told = {one.name for rule in alerts for one in _absent(rule)}
    if "up" in told:
        return
    for prefix, name in _FAMILIES:
        asks = [rule for rule in alerts if any(one.name.startswith(prefix) for one in _selectors(rule))]
        if asks and not any(one.startswith(prefix) for one in told):
            first = asks[0].place
            place = Place(first.file, 1, first.first - 1, name)
            yield Found(f"{len(asks)} alerts ask for {prefix}* and none tells when there is no {prefix}*", place=place)


def _absent(rule: Rule) -> Iterator[Selector]:
    shape = rule.expression.reading.shape
    if shape is not None:
        yield from shape.absent
        yield from (one for one in shape.plain if one.name == "up")


def _selectors(rule: Rule) -> Sequence[Selector]:
    return rule.expression.reading.facts.selectors if rule.expression.reading.facts else ()


def _one_severity(corpus: Corpus) -> Iterator[Found]:
    alerts = [rule for rule in corpus.rules if rule.alert and rule.labels.get("severity")]
    severities = {rule.labels["severity"] for rule in alerts}
    if len(alerts) >= _MANY and len(severities) == 1:
        first = alerts[0].place
        place = Place(first.file, 1, first.first - 1, "severities")
        yield Found(f"all {len(alerts)} alerts have the severity {severities.pop()}", place=place)


def _unrouted(corpus: Corpus) -> Iterator[Found]:
    alerts = list(_critical(corpus)) or [{"severity": "critical", "environment": _PROD}]
    for routing in corpus.routings:
        lost = [labels.get("alertname", "any") for labels in alerts if not _reaches(routing, labels)]
        if lost:
            shown = ", ".join(lost[:_SHOWN]) + (f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else "")
            first = routing.line("route")
            place = Place(routing.place.file, first, first, "alertmanager")
            yield Found(f"critical alerts of {_PROD} that nobody gets: {shown}", place=place)


def _critical(corpus: Corpus) -> Iterator[Mapping[str, str]]:
    for rule in corpus.rules:
        if rule.alert and rule.labels.get("severity") in {"critical", "page"}:
            environment = rule.labels.get("environment") or _environment(rule)
            if environment in _NAMES_OF_PROD:
                plain = {label: value for label, value in rule.labels.items() if "{{" not in value}
                yield {**plain, "alertname": rule.name, "environment": environment}


def _environment(rule: Rule) -> str:
    """The environment that an alert selects; prod when it selects none."""
    for selector in _selectors(rule):
        for one in selector.matchers:
            if one.label in _ENVIRONMENTS and one.operator == "=":
                return one.value
    return _PROD


def _reaches(routing: Routing, labels: Mapping[str, str]) -> bool:
    route, receivers = routing.value.get("route"), routing.value.get("receivers")
    if not isinstance(route, Mapping) or not isinstance(receivers, list):
        return True  # other checks say so
    known = {str(one.get("name")): one for one in receivers if isinstance(one, Mapping)}
    names = routes.receivers_of(route, labels)
    return any(name in known and routes.reaches_somebody(known[name]) for name in names)


def _bad_comment(corpus: Corpus) -> Iterator[Found]:
    for file, comments in corpus.comments.items():
        for one in comments:
            place = Place(file, one.line, one.line, "comment")
            if one.check not in corpus.names:
                yield Found(f"there is no check {one.check or 'without a name'}", place=place)
            elif not one.reason:
                yield Found(f"it does not say why {one.check} is to be ignored", place=place)


CHECKS: Final = (
    Check(
        name="unreadable",
        severity=Severity.ERROR,
        says="It cannot be read.",
        why="What cannot be read is not checked, and mostly not loaded by Prometheus, Grafana or Alertmanager either.",
        mend=(
            "Mend the syntax. Templates (Helm, Jsonnet) are checked as what they render: `helm template … > "
            "rendered.yaml`."
        ),
        of=Corpus,
        find=_unreadable,
    ),
    Check(
        name="alert-duplicate",
        severity=Severity.WARNING,
        says="Two alerts have the same name and the same labels.",
        why="One page tells of two things, and one resolves while the other still fires.",
        mend="Give them different names, or labels that tell them apart.",
        of=Corpus,
        find=_same_alerts,
        source="pint rule/duplicate",
    ),
    Check(
        name="dashboard-uid-duplicate",
        severity=Severity.ERROR,
        says="Two dashboards of a folder have the same uid.",
        why="Grafana shows one of them, now this and now that.",
        mend="Give each its own.",
        of=Corpus,
        find=_same_uids,
    ),
    Check(
        name="absent-missing",
        severity=Severity.WARNING,
        says="No alert tells when the metrics are gone.",
        why="Without metrics no other alert fires: that nothing is scraped looks as if all were well.",
        mend="Add an alert with absent(), or with up == 0, of the target that exposes them.",
        of=Corpus,
        find=_no_absent,
        source="pint alerts/absent",
    ),
    Check(
        name="severity-flat",
        severity=Severity.NOTE,
        says="All alerts have the same severity.",
        why="Either nobody is woken by an outage of prod, or everybody by everything.",
        mend="Make critical what people feel, warning what can wait until the morning, info what only explains.",
        of=Corpus,
        find=_one_severity,
    ),
    Check(
        name="critical-unrouted",
        severity=Severity.ERROR,
        says="No route takes a critical alert of prod to a human.",
        why="It fires, and nobody hears of it.",
        mend=(
            'Add a route with the matchers severity="critical" and environment="prod" to a receiver that reaches '
            "somebody."
        ),
        of=Corpus,
        find=_unrouted,
    ),
    Check(
        name="ignore-invalid",
        severity=Severity.WARNING,
        says="A comment that ignores a check has no reason, or names no check.",
        why="It ignores nothing; and without a reason nobody dares to remove it.",
        mend="Write `# gitops-obs: ignore CHECK REASON`.",
        of=Corpus,
        find=_bad_comment,
    ),
)
