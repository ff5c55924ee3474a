"""Whether the objectives of delivery are met, and how fast their budgets are spent."""

from collections.abc import Callable
from typing import NamedTuple

from observability.monitoring.spec import (
    Dashboard,
    Kind,
    Link,
    Panel,
    PromQuery,
    Recording,
    Section,
    Threshold,
    Unit,
    buckets,
    count,
    record,
    views,
)
from observability.monitoring.spec.objectives import BUDGET_OF_OTHERS, BUDGETS, ENDED, FAILED, KNOWN, UNHEALTHY
from observability.signals import aggregates

_TO_OVERVIEW = Link(title="Open the overview", dashboard="gitops-overview")
_TO_APPLICATIONS = Link(title="Open the applications", dashboard="gitops-application")
_BURNING = (
    Threshold(value=None, color="green"),
    Threshold(value=1, color="yellow"),
    Threshold(value=6, color="orange"),
    Threshold(value=14.4, color="red"),
)


class Objective(NamedTuple):
    """What is promised. `bad`: the share that went wrong within a window, by environment.

    `budget`: the share that may go wrong; None: that of the environment, as the alerts have it.
    `empty`: when there is nothing to show.
    """

    title: str
    says: str
    bad: Callable[[str], str]
    budget: float | None = None
    empty: str = "Nothing of the kind happened in this time."


def _late(soon: str, every: str) -> Callable[[str], str]:
    """The share of what was not in time."""

    def share(window: str) -> str:
        within = f"sum by (environment) (increase({soon}[{window}]))"
        return f"1 - {within} / (sum by (environment) (increase({every}[{window}])) > 0)"

    return share


def _share(part: Recording, whole: Recording) -> Callable[[str], str]:
    """The share of all clusters together: these have a series each."""

    def share(window: str) -> str:
        some, every = (f"sum by (environment) (avg_over_time({record(one)}[{window}]))" for one in (part, whole))
        return f"{some} / ({every} > 0)"

    return share


OBJECTIVES = (
    Objective(
        "Applications are well",
        "Applications are not Degraded, Missing or Unknown, by the time that they spend so. Muted ones, those that are "
        "being deleted and those that were never deployed do not count.",
        _share(UNHEALTHY, KNOWN),
        empty="",
    ),
    Objective(
        "Syncs succeed",
        "Syncs from Git succeed, automated or by hand. Those that somebody cancelled do not count.",
        _share(FAILED, ENDED),
    ),
    Objective(
        "Healthy within 5 minutes",
        "An Application is Healthy within 5 minutes after its deployment.",
        _late(buckets(aggregates.TIME_TO_HEALTHY, le="300.0"), count(aggregates.TIME_TO_HEALTHY)),
        0.05,
    ),
    Objective(
        "Drift is gone within an hour",
        "What differs from Git and should not is resolved within an hour.",
        _late(buckets(aggregates.DRIFT_DURATION, le="3600.0"), count(aggregates.DRIFT_DURATION)),
        0.1,
    ),
)


def _burn(objective: Objective, window: str) -> str:
    """How many times as fast as it may the budget is spent."""
    bad = objective.bad(window)
    if objective.budget is not None:
        return f"({bad}) / {objective.budget:g}"
    own = " or ".join(
        f'label_replace(vector({budget:g}), "environment", "{name}", "", "")' for name, budget in BUDGETS.items()
    )
    return f"({bad}) / on (environment) ({own}) or ({bad}) / {BUDGET_OF_OTHERS:g}"


def _promised(objective: Objective) -> str:
    if objective.budget is not None:
        return f"{objective.says} Promised: {1 - objective.budget:.0%}."
    shares = ", ".join(f"{1 - budget:.0%} in {name}" for name, budget in BUDGETS.items())
    return f"{objective.says} Promised: {shares}, {1 - BUDGET_OF_OTHERS:.0%} in others; so the alerts have it."


def _panels(objective: Objective) -> tuple[Panel, Panel, Panel]:
    promised = _promised(objective)
    return (
        Panel(
            title=f"{objective.title}: reached",
            kind=Kind.STAT,
            description=f"{promised} What was reached in the time that is shown, by environment.",
            queries=(PromQuery(expr=f"1 - ({objective.bad('$__range')})", instant=True, legend="{{environment}}"),),
            width=6,
            height=7,
            unit=Unit.RATIO,
            decimals=2,
            thresholds=(Threshold(value=None, color="blue"),),
            links=(_TO_OVERVIEW,),
            empty=objective.empty,
        ),
        Panel(
            title=f"{objective.title}: budget left",
            kind=Kind.STAT,
            description=f"{promised} The share of what may go wrong in the time that is shown that is left; below 0 "
            "the promise is broken.",
            queries=(PromQuery(expr=f"1 - ({_burn(objective, '$__range')})", instant=True, legend="{{environment}}"),),
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
            empty=objective.empty,
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
            empty=objective.empty,
        ),
    )


DASHBOARD = Dashboard(
    uid="gitops-slo",
    title="GitOps / Service objectives",
    description="Whether the objectives of delivery are met in each environment, what is left of their error budgets, "
    "and how fast these are spent. Of several clusters together; alerts look at each of them.",
    variables=(views.ENVIRONMENT,),
    annotations=views.DEPLOYED_ANYWHERE,
    sections=tuple(Section(title=one.title, panels=_panels(one)) for one in OBJECTIVES),
    refresh="5m",
    since="now-7d",
)
