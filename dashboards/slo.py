"""Whether the objectives of delivery are met, and how fast their budgets are spent."""

from collections.abc import Callable
from typing import NamedTuple

from observability.monitoring.spec import (
    Dashboard,
    Kind,
    Link,
    Panel,
    PromQuery,
    Section,
    Threshold,
    Unit,
    buckets,
    count,
    select,
    views,
)
from observability.signals import aggregates, applications

_TO_OVERVIEW = Link(title="Open the overview", dashboard="gitops-overview")
_TO_APPLICATIONS = Link(title="Open the applications", dashboard="gitops-application")
_BURNING = (
    Threshold(value=None, color="green"),
    Threshold(value=1, color="yellow"),
    Threshold(value=6, color="orange"),
    Threshold(value=14.4, color="red"),
)


class Objective(NamedTuple):
    """What is promised: at least this `share` of all. `ratio`: what is reached within a window, by environment."""

    title: str
    says: str
    ratio: Callable[[str], str]
    share: float


def _of(good: str, every: str) -> Callable[[str], str]:
    """The share of what was counted as good."""

    def ratio(window: str) -> str:
        return (
            f"sum by (environment) (increase({good}[{window}])) / "
            f"(sum by (environment) (increase({every}[{window}])) > 0)"
        )

    return ratio


def _well(window: str) -> str:
    """The share at each step of the chart, averaged: all samples would be too many."""
    ill = select(applications.HEALTH_STATUS, health_status=("Degraded", "Missing", "Unknown"))
    every = select(applications.HEALTH_STATUS)
    return f"avg_over_time((1 - sum by (environment) ({ill}) / sum by (environment) ({every}))[{window}:$__interval])"


_FROM_GIT = ("auto", "manual")
_ENDED = ("success", "failure", "error", "timeout")

OBJECTIVES = (
    Objective(
        "Applications are well",
        "Applications are not Degraded, Missing or Unknown, by the time that they spend so.",
        _well,
        0.99,
    ),
    Objective(
        "Syncs succeed",
        "Syncs from Git succeed, automated or by hand. Those that somebody cancelled do not count.",
        _of(
            select(aggregates.SYNCS, kind=_FROM_GIT, result="success"),
            select(aggregates.SYNCS, kind=_FROM_GIT, result=_ENDED),
        ),
        0.99,
    ),
    Objective(
        "Healthy within 5 minutes",
        "An Application is Healthy within 5 minutes after its deployment.",
        _of(buckets(aggregates.TIME_TO_HEALTHY, le="300.0"), count(aggregates.TIME_TO_HEALTHY)),
        0.95,
    ),
    Objective(
        "Drift is gone within an hour",
        "What differs from Git and should not is resolved within an hour.",
        _of(buckets(aggregates.DRIFT_DURATION, le="3600.0"), count(aggregates.DRIFT_DURATION)),
        0.9,
    ),
)


def _burn(objective: Objective, window: str) -> str:
    return f"(1 - {objective.ratio(window)}) / {1 - objective.share:.3g}"


def _reached(objective: Objective) -> tuple[Threshold, ...]:
    middle = objective.share + (1 - objective.share) / 4
    return (
        Threshold(value=None, color="red"),
        Threshold(value=objective.share, color="yellow"),
        Threshold(value=round(middle, 4), color="green"),
    )


def _panels(objective: Objective) -> tuple[Panel, Panel, Panel]:
    promised = f"{objective.says} Promised where people use it: {objective.share:.0%}."
    return (
        Panel(
            title=f"{objective.title}: reached",
            kind=Kind.STAT,
            description=f"{promised} What was reached in the time that is shown, by environment.",
            queries=(PromQuery(expr=objective.ratio("$__range"), instant=True, legend="{{environment}}"),),
            width=6,
            height=7,
            unit=Unit.RATIO,
            decimals=2,
            thresholds=_reached(objective),
            links=(_TO_OVERVIEW,),
            empty="Nothing of the kind happened in this time.",
        ),
        Panel(
            title=f"{objective.title}: budget left",
            kind=Kind.STAT,
            description=f"{promised} The share of what may go wrong in the time that is shown that is left; below 0 "
            "the promise is broken.",
            queries=(PromQuery(expr=f"1 - {_burn(objective, '$__range')}", instant=True, legend="{{environment}}"),),
            width=6,
            height=7,
            unit=Unit.RATIO,
            decimals=0,
            thresholds=(
                Threshold(value=None, color="red"),
                Threshold(value=0, color="yellow"),
                Threshold(value=0.25, color="green"),
            ),
            links=(_TO_OVERVIEW,),
            empty="Nothing of the kind happened in this time.",
        ),
        Panel(
            title=f"{objective.title}: how fast the budget is spent",
            kind=Kind.TIME_SERIES,
            description=f"{promised} 1: the budget lasts just as long as it should. At 14.4 in an hour a fiftieth of "
            "the budget of 30 days is gone.",
            queries=(
                PromQuery(expr=_burn(objective, "1h"), legend="1 h, {{environment}}"),
                PromQuery(expr=_burn(objective, "6h"), legend="6 h, {{environment}}"),
            ),
            height=7,
            unit=Unit.NONE,
            minimum=0,
            thresholds=_BURNING,
            links=(_TO_APPLICATIONS,),
            empty="Nothing of the kind happened in this time.",
        ),
    )


DASHBOARD = Dashboard(
    uid="gitops-slo",
    title="GitOps / Service objectives",
    description="Whether the objectives of delivery are met in each environment, what is left of their error budgets, "
    "and how fast these are spent.",
    variables=(views.ENVIRONMENT, views.PROJECT, views.SERVICE),
    annotations=views.DEPLOYED_ANYWHERE,
    sections=tuple(Section(title=one.title, panels=_panels(one)) for one in OBJECTIVES),
    refresh="5m",
    since="now-7d",
)
