"""Service objectives of each environment, and how fast their error budgets burn.

| objective | dev | staging | prod |
|---|---|---|---|
| syncs from Git, automated or by hand, that succeed | 95 % | 98 % | 99 % |
| Applications, over time, that are not Degraded, Missing or Unknown | 95 % | 98 % | 99 % |

Over 30 days, of each cluster for itself. A budget burns fast when 2 % of it go in an hour (14.4 times as fast as it
may) or 5 % in six (6 times), and slowly at 3 times for a day or 1 time for three days; a short window beside each long
one ends the alert soon after the cause. For health, Applications that are muted, being deleted or were never deployed
do not count; syncs are counted by service, and there all of them count.

Shares of little say little. Few syncs end in an hour: at least three must have failed in the long window. Of three
Applications one is a third: at least two must have been unhealthy at the same time, for half of the short window. What
befalls one Application is told by the alert of that Application; where there is no other, the budget adds nothing.
Above 200 Applications the budgets themselves ask for as much.
"""

from collections.abc import Callable
from typing import Final

from observability.monitoring.spec import Alert, Group, PerEnvironment, Recording, Severity, record
from observability.monitoring.spec.objectives import (
    BUDGET_OF_OTHERS,
    BUDGETS,
    BY,
    ENDED,
    FAILED,
    KNOWN,
    SYNC_RATE,
    UNHEALTHY,
)

_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_FAST: Final = (("1h", "5m", 14.4), ("6h", "30m", 6.0))
_SLOW: Final = (("1d", "2h", 3.0), ("3d", "6h", 1.0))
_LEAST_SYNCS: Final = 3
_LEAST_APPLICATIONS: Final = 2
_INTERVAL: Final = 60


def _failures(window: str) -> Recording:
    return Recording(
        record=f"environment:gitops_syncs_failed:ratio{window}",
        expr=f"avg_over_time({record(FAILED)}[{window}])\n/\n(avg_over_time({record(ENDED)}[{window}]) > 0)",
        help=f"Share of the syncs that failed, over {window}. Absent without a sync.",
        labels=BY,
    )


def _unhealthy(window: str) -> Recording:
    return Recording(
        record=f"environment:gitops_applications_unhealthy:ratio{window}",
        expr=f"avg_over_time({record(UNHEALTHY)}[{window}])\n/\navg_over_time({record(KNOWN)}[{window}])",
        help=f"Share of the Applications that were Degraded, Missing or Unknown, over {window}.",
        labels=BY,
    )


SYNC_FAILURES: Final = {window: _failures(window) for window in _WINDOWS}
UNHEALTHY_SHARES: Final = {window: _unhealthy(window) for window in _WINDOWS}


def _burns(
    shares: dict[str, Recording],
    rates: tuple[tuple[str, str, float], ...],
    budget: float,
    enough: Callable[[str, str], str],
) -> str:
    """Both windows of a pair are above that many times the budget, and there is `enough` in the long and short one."""
    pairs = [
        f"({record(shares[long])} > {factor * budget:.4g} and {record(shares[short])} > {factor * budget:.4g}"
        f" and {enough(long, short)})"
        for long, short, factor in rates
    ]
    return "\nor\n".join(pairs)


def _enough_syncs(long: str, _: str) -> str:
    """So many syncs failed in the long window: each is counted once, as often as the group is evaluated."""
    return f"sum_over_time({record(FAILED)}[{long}]) * {_INTERVAL} >= {_LEAST_SYNCS}"


def _enough_applications(_: str, short: str) -> str:
    """So many Applications were unhealthy at the same time, for half of the short window."""
    return f"quantile_over_time(0.5, {record(UNHEALTHY)}[{short}]) >= {_LEAST_APPLICATIONS}"


def _syncs(rates: tuple[tuple[str, str, float], ...]) -> PerEnvironment[str | None]:
    return _each(lambda budget: _burns(SYNC_FAILURES, rates, budget, _enough_syncs))


def _health(rates: tuple[tuple[str, str, float], ...]) -> PerEnvironment[str | None]:
    return _each(lambda budget: _burns(UNHEALTHY_SHARES, rates, budget, _enough_applications))


def _each(expression: Callable[[float], str]) -> PerEnvironment[str | None]:
    budgets: dict[str, str | None] = {name: expression(budget) for name, budget in BUDGETS.items()}
    return PerEnvironment(others=expression(BUDGET_OF_OTHERS), **budgets)


_OF_CLUSTER = "{{ with $labels.cluster }} of the cluster {{ . }}{{ end }}"
_SYNCS_FAIL = "{{ $value | humanizePercentage }} of the syncs in {{ $labels.environment }}" + _OF_CLUSTER + " fail: "
_ARE_ILL = (
    "{{ $value | humanizePercentage }} of the Applications in {{ $labels.environment }}"
    + _OF_CLUSTER
    + " are not well: "
)

SYNCS_FAST = Alert(
    name="GitOpsSyncBudgetBurnsFast",
    expr=_syncs(_FAST),
    severity=Severity.CRITICAL,
    summary="Many syncs fail in {{ $labels.environment }}",
    description=_SYNCS_FAIL + "the error budget of 30 days is gone within five days or less.",
    dashboard="gitops-slo",
    variables=("environment",),
)
SYNCS_SLOWLY = Alert(
    name="GitOpsSyncBudgetBurnsSlowly",
    expr=_syncs(_SLOW),
    severity=Severity.WARNING,
    summary="Too many syncs fail in {{ $labels.environment }}",
    description=_SYNCS_FAIL + "the error budget does not last for 30 days.",
    dashboard="gitops-slo",
    variables=("environment",),
)
HEALTH_FAST = Alert(
    name="GitOpsHealthBudgetBurnsFast",
    expr=_health(_FAST),
    severity=Severity.CRITICAL,
    summary="Many Applications are unhealthy in {{ $labels.environment }}",
    description=_ARE_ILL + "the error budget of 30 days is gone within five days or less.",
    dashboard="gitops-slo",
    variables=("environment",),
)
HEALTH_SLOWLY = Alert(
    name="GitOpsHealthBudgetBurnsSlowly",
    expr=_health(_SLOW),
    severity=Severity.WARNING,
    summary="Too many Applications are unhealthy in {{ $labels.environment }}",
    description=_ARE_ILL + "the error budget does not last for 30 days.",
    dashboard="gitops-slo",
    variables=("environment",),
)

GROUP = Group(
    name="gitops-objectives",
    interval=f"{_INTERVAL}s",
    rules=(
        SYNC_RATE,
        FAILED,
        ENDED,
        KNOWN,
        UNHEALTHY,
        *SYNC_FAILURES.values(),
        *UNHEALTHY_SHARES.values(),
        SYNCS_FAST,
        SYNCS_SLOWLY,
        HEALTH_FAST,
        HEALTH_SLOWLY,
    ),
)
