"""What authored rows may ask for, and that all that is wrong is told at once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from observability.errors import SpecError
from observability.monitoring.generate import references
from observability.monitoring.load import Authored, Sourced
from observability.monitoring.spec import (
    Alert,
    Dashboard,
    Group,
    Kind,
    Panel,
    PerEnvironment,
    PromQuery,
    Recording,
    Section,
    Severity,
    Unit,
    select,
)
from observability.signals.applications import HEALTH_STATUS
from observability.signals.exporter import READY

ENVIRONMENTS = ("dev", "prod")
RUNBOOK = "".join(f"## {section}\n\ntext\n" for section in references.SECTIONS)
HEALTHY = select(HEALTH_STATUS, health_status="Healthy")
SLOW = "histogram_quantile(0.9, sum by (le, environment, service) (rate(gitops_sync_duration_seconds_bucket[5m])))"


def alert(expr: Any = HEALTHY, **other: Any) -> Alert:
    values = {
        "severity": Severity.INFO,
        "summary": "s",
        "description": "d",
        "dashboard": "gitops-overview",
        "name": "GitOpsOne",
    }
    return Alert(expr=expr, **{**values, **other})


def authored(
    *rules: Alert | Recording, own: bool = True, runbooks: Mapping[str, str] | None = None, group: str = "a"
) -> Authored:
    texts = {rule.name: RUNBOOK for rule in rules if isinstance(rule, Alert)} if runbooks is None else runbooks
    return Authored(groups=(Sourced(row=Group(name=group, rules=rules), file="alerts/a.py", own=own, runbooks=texts),))


def panel(expr: Any) -> Authored:
    shown = Panel(title="p", kind=Kind.STAT, description="d", unit=Unit.NONE, queries=(PromQuery(expr=expr),))
    row = Dashboard(uid="gitops-a", title="t", description="d", sections=(Section(title="", panels=(shown,)),))
    return Authored(dashboards=(Sourced(row=row, file="dashboards/a.py"),))


def said(found: Authored) -> list[str]:
    return [str(one) for one in references.problems(found, ENVIRONMENTS)]


def test_what_is_there_may_be_asked_for() -> None:
    recording = Recording(
        record="environment:ready:sum", expr=f"sum by (environment) ({HEALTHY})", help="h", labels=("environment",)
    )
    fine = (
        alert(f"max by (application, application_namespace, environment, service) ({HEALTHY})"),
        alert(select(READY), name="GitOpsTwo", whole=True, variables=("instance",)),
        alert('absent(up{job="x"}) or ALERTS{a="b"} and environment:ready:sum', name="GitOpsThree"),
        recording,
    )
    assert said(authored(*fine)) == []
    assert said(panel(f"sum by (service) (rate({select(HEALTH_STATUS)}[$__rate_interval]))")) == []
    references.check(authored(*fine), ENVIRONMENTS)


@pytest.mark.parametrize(
    ("expr", "wrong"),
    [
        (
            "gitops_application_helth",
            "expected a metric of the catalogue or a recording rule, got gitops_application_helth",
        ),
        ("http_requests_total", "expected a metric of the catalogue or a recording rule, got http_requests_total"),
        ('{job="x"}', "expected a metric of the catalogue or a recording rule, got no name"),
        ("gitops_sync_duration_seconds", "expected a metric of the catalogue or a recording rule, got gitops_sync_dur"),
        ('gitops_exporter_ready{who="x"}', "expected a label that gitops_exporter_ready has (none), got who"),
        (
            'gitops_application_sync_status{sync_status="Sinced"}',
            "expected sync_status of gitops_application_sync_status to be one of Synced, OutOfSync, Unknown, "
            "got Sinced",
        ),
        (
            'gitops_application_sync_status{sync_status!~"Synced|Outofsync"}',
            "expected sync_status of gitops_application_sync_status to be one of Synced, OutOfSync, Unknown, "
            "got Outofsync",
        ),
        (f"sum by (environment, service, team) ({HEALTHY})", "expected by(team) to name a label that is there ("),
        (f"{HEALTHY} and on (service, le) {HEALTHY}", "expected on(le) to name a label that is there ("),
        (f"{HEALTHY} and ignoring (le) {HEALTHY}", "expected ignoring(le) to name a label that is there ("),
        (
            f"sum by (environment, service) ({HEALTHY}) unless on (service, project) {HEALTHY}",
            "expected on(project) to name a label that is there (environment, service)",
        ),
        (
            f"sum by (environment, service, application) ({HEALTHY})",
            "expected by() to keep application_namespace where it keeps application",
        ),
        (f"{HEALTHY} and on (application) {HEALTHY}", "expected on() to keep application_namespace where it keeps app"),
        (
            f"sum without (application_namespace) ({HEALTHY})",
            "expected without() to keep application_namespace where it keeps application",
        ),
        (
            f"{SLOW} > 3600",
            "expected a threshold below 3600, the highest finite bound of gitops_sync_duration_seconds_bucket: a "
            "quantile is never above it, so that 3600 is never passed",
        ),
        ("sum(", "expected PromQL: "),
        (f"sum({HEALTHY})", "expected the label environment to be kept, or whole=True"),
        (f"sum by (environment) ({HEALTHY})", "expected labels that its series have (environment), got service"),
    ],
)
def test_what_is_not_there(expr: str, wrong: str) -> None:
    found = said(authored(alert(expr)))
    assert any(one.startswith(f"alerts/a.py: GitOpsOne: {wrong}") for one in found), found
    if "environment to be kept" not in wrong and "its series" not in wrong:
        assert any(one.startswith(f"dashboards/a.py: gitops-a: p: {wrong}") for one in said(panel(expr)))


def test_a_threshold_that_can_be_passed_is_fine() -> None:
    for test in ("> 3599", ">= 3600", "< 9000"):
        assert said(authored(alert(f"{SLOW} {test}"))) == []


def test_all_that_is_wrong_is_told_at_once() -> None:
    rules = (
        alert("nothing"),
        alert('gitops_exporter_ready{a="b"} + gitops_x', name="GitOpsTwo", whole=True, variables=()),
    )
    found = said(authored(*rules, runbooks={}))
    assert [one.split(": ")[1] for one in found] == ["GitOpsOne"] * 2 + ["GitOpsTwo"] * 3
    with pytest.raises(SpecError) as caught:
        references.check(authored(*rules, runbooks={}), ENVIRONMENTS)
    assert str(caught.value).splitlines() == found


def test_one_finding_keeps_its_file_and_name() -> None:
    with pytest.raises(SpecError) as caught:
        references.check(authored(alert("nothing")), ENVIRONMENTS)
    assert (caught.value.file, caught.value.name) == ("alerts/a.py", "GitOpsOne")


def test_users_may_ask_for_metrics_of_others_but_not_for_ours_that_are_none() -> None:
    assert said(authored(alert("http_requests_total", whole=True, variables=()), own=False)) == []
    assert len(said(authored(alert("gitops_x", whole=True, variables=()), own=False))) == 1


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (None, "expected a runbook runbooks/GitOpsOne.md"),
        ("# GitOpsOne", "expected the runbook to have the sections What it means, What to look at, "),
        ("".join(f"## {one}\n" for one in reversed(references.SECTIONS)), "expected the runbook to have the sections "),
    ],
)
def test_runbooks(text: str | None, wrong: str) -> None:
    found = said(authored(alert(), runbooks={} if text is None else {"GitOpsOne": text}))
    assert len(found) == 1
    assert found[0].startswith(f"alerts/a.py: GitOpsOne: {wrong}")


def test_names_are_unique() -> None:
    recording = Recording(record="a:b", expr="vector(1)", help="h", labels=())
    once = authored(alert(), recording)
    twice = (
        once + Authored(groups=(replace(once.groups[0], file="alerts/b.py"),)) + panel("vector(1)") + panel("vector(1)")
    )
    assert said(twice) == [
        "alerts/b.py: a: expected each group once, there is one in alerts/a.py",
        "alerts/b.py: GitOpsOne: expected each alert once, there is one in alerts/a.py",
        "alerts/b.py: a:b: expected each recording rule once, there is one in alerts/a.py",
        "dashboards/a.py: gitops-a: expected each dashboard once, there is one in dashboards/a.py",
    ]


@pytest.mark.parametrize(
    ("expr", "wrong"),
    [
        (PerEnvironment(prod=HEALTHY), "expected a value for the environment dev, there are those for prod"),
        (PerEnvironment(dev=HEALTHY, live=HEALTHY), "expected environments among dev, prod, got live"),
    ],
)
def test_no_environment_is_forgotten_or_made_up(expr: PerEnvironment[str | None], wrong: str) -> None:
    assert said(authored(alert(expr))) == [f"alerts/a.py: GitOpsOne.expr: {wrong}"]
    assert said(panel(expr)) == [f"dashboards/a.py: gitops-a: p: {wrong}"]


def test_each_environment_is_looked_at() -> None:
    assert said(authored(alert(PerEnvironment[str | None](dev=None, prod="nothing")))) == [
        "alerts/a.py: GitOpsOne: expected a metric of the catalogue or a recording rule, got nothing"
    ]
    hold = PerEnvironment(dev="1m", prod="a minute")
    assert said(authored(alert(hold=hold))) == [
        "alerts/a.py: GitOpsOne.hold: expected a duration like 10m, got 'a minute'"
    ]


def test_labels_in_texts_are_those_of_the_series() -> None:
    found = said(
        authored(alert(summary="{{ $labels.team }}", labels={"owner": "x"}, description="{{ $labels.owner }}"))
    )
    assert len(found) == 1
    assert found[0].endswith("got team")


def test_recordings_have_the_labels_that_they_say() -> None:
    rule = Recording(record="a:b", expr=f"sum by (environment) ({HEALTHY})", help="h", labels=("service",))
    assert said(authored(rule)) == ["alerts/a.py: a:b: expected the labels environment, as its expression has"]
    assert said(authored(replace(rule, expr="vector(1)"))) == [
        "alerts/a.py: a:b: expected the labels to be none, as its expression has"
    ]
