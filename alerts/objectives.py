"""Service objectives of each environment, and how fast their error budgets burn.

| objective | dev | staging | prod |
|---|---|---|---|
| syncs from Git, automated or by hand, that succeed | 95 % | 98 % | 99 % |
| Applications, over time, that are not Degraded, Missing or Unknown | 95 % | 98 % | 99 % |

Over 30 days. A budget burns fast when 2 % of it go in an hour (14.4 times as fast as it may) or 5 % in six (6 times),
and slowly at 3 times for a day or 1 time for three days; a short window beside each long one ends the alert soon after
the cause. Few syncs end in an hour: at least three must have failed. Muted Applications, those that are being deleted
and those that were never deployed count nowhere.
"""

from typing import Final

from observability.monitoring.spec import Alert, Group, PerEnvironment, Recording, Severity, record, select
from observability.monitoring.spec.applications import HEALTH_AGE, applications
from observability.signals.aggregates import SYNCS
from observability.signals.applications import HEALTH_SINCE, OUT_OF_SYNC

_BY: Final = ("environment",)
_KINDS: Final = ("auto", "manual")
_BAD: Final = ("failure", "error", "timeout")
_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_FAST: Final = (("1h", "5m", 14.4), ("6h", "30m", 6.0))
_SLOW: Final = (("1d", "2h", 3.0), ("3d", "6h", 1.0))
_LEAST: Final = 3
_INTERVAL: Final = 60

SYNC_RATE: Final = Recording(
    record="environment_result:gitops_syncs:rate5m",
    expr=f"sum by (environment, result) (rate({select(SYNCS, kind=_KINDS, result=('success', *_BAD))}[5m]))",
    help="Syncs a second, by how they ended.",
    labels=("environment", "result"),
)
FAILED: Final = Recording(
    record="environment:gitops_syncs_failed:rate5m",
    expr=f"sum by (environment) ({record(SYNC_RATE, result=_BAD)})",
    help="Syncs a second that failed.",
    labels=_BY,
)
ENDED: Final = Recording(
    record="environment:gitops_syncs_ended:rate5m",
    expr=f"sum by (environment) ({record(SYNC_RATE)})",
    help="Syncs a second that succeeded or failed.",
    labels=_BY,
)
_NEW: Final = (f"{select(OUT_OF_SYNC, cause='never_deployed')} == 1",)
_ILL: Final = applications(record(HEALTH_AGE, health_status=("Degraded", "Missing", "Unknown")), unless=_NEW)
_ALL: Final = applications(select(HEALTH_SINCE), unless=_NEW)
KNOWN: Final = Recording(
    record="environment:gitops_applications:count",
    expr=f"count by (environment) (\n{_ALL}\n)",
    help="Applications that count for the objective of health.",
    labels=_BY,
)
UNHEALTHY: Final = Recording(
    record="environment:gitops_applications_unhealthy:ratio",
    expr=f"(\ncount by (environment) (\n{_ILL}\n)\nor\n{record(KNOWN)} * 0\n)\n/\n{record(KNOWN)}",
    help="Share of the Applications that are Degraded, Missing or Unknown now.",
    labels=_BY,
)


def _failures(window: str) -> Recording:
    return Recording(
        record=f"environment:gitops_syncs_failed:ratio{window}",
        expr=f"avg_over_time({record(FAILED)}[{window}])\n/\n(avg_over_time({record(ENDED)}[{window}]) > 0)",
        help=f"Share of the syncs that failed, over {window}. Absent without a sync.",
        labels=_BY,
    )


def _unhealthy(window: str) -> Recording:
    return Recording(
        record=f"environment:gitops_applications_unhealthy:ratio{window}",
        expr=f"avg_over_time({record(UNHEALTHY)}[{window}])",
        help=f"Share of the Applications that were Degraded, Missing or Unknown, over {window}.",
        labels=_BY,
    )


SYNC_FAILURES: Final = {window: _failures(window) for window in _WINDOWS}
UNHEALTHY_SHARES: Final = {window: _unhealthy(window) for window in _WINDOWS}


def _burns(
    shares: dict[str, Recording], rates: tuple[tuple[str, str, float], ...], budget: float, enough: bool = False
) -> str:
    """Both windows of a pair are above that many times the budget; `enough`: and enough failed in the long one."""
    pairs = [
        f"({record(shares[long])} > {factor * budget:.4g} and {record(shares[short])} > {factor * budget:.4g}"
        + (f" and {_enough(long)})" if enough else ")")
        for long, short, factor in rates
    ]
    return "\nor\n".join(pairs)


def _enough(window: str) -> str:
    """So many syncs failed in the window: each is counted once, as often as the group is evaluated."""
    return f"sum_over_time({record(FAILED)}[{window}]) * {_INTERVAL} >= {_LEAST}"


def _syncs(rates: tuple[tuple[str, str, float], ...]) -> PerEnvironment[str | None]:
    return PerEnvironment(
        dev=_burns(SYNC_FAILURES, rates, 0.05, enough=True),
        staging=_burns(SYNC_FAILURES, rates, 0.02, enough=True),
        prod=_burns(SYNC_FAILURES, rates, 0.01, enough=True),
        others=_burns(SYNC_FAILURES, rates, 0.01, enough=True),
    )


def _health(rates: tuple[tuple[str, str, float], ...]) -> PerEnvironment[str | None]:
    return PerEnvironment(
        dev=_burns(UNHEALTHY_SHARES, rates, 0.05),
        staging=_burns(UNHEALTHY_SHARES, rates, 0.02),
        prod=_burns(UNHEALTHY_SHARES, rates, 0.01),
        others=_burns(UNHEALTHY_SHARES, rates, 0.01),
    )


_SYNCS_FAIL = "{{ $value | humanizePercentage }} of the syncs in {{ $labels.environment }} fail: "
_ARE_ILL = "{{ $value | humanizePercentage }} of the Applications in {{ $labels.environment }} are not well: "

SYNCS_FAST = Alert(
    name="GitOpsSyncBudgetBurnsFast",
    expr=_syncs(_FAST),
    severity=Severity.CRITICAL,
    summary="Many syncs fail in {{ $labels.environment }}",
    description=_SYNCS_FAIL + "the error budget of 30 days is gone within five days or less.",
    dashboard="gitops-slo",
    variables=_BY,
)
SYNCS_SLOWLY = Alert(
    name="GitOpsSyncBudgetBurnsSlowly",
    expr=_syncs(_SLOW),
    severity=Severity.WARNING,
    summary="Too many syncs fail in {{ $labels.environment }}",
    description=_SYNCS_FAIL + "the error budget does not last for 30 days.",
    dashboard="gitops-slo",
    variables=_BY,
)
HEALTH_FAST = Alert(
    name="GitOpsHealthBudgetBurnsFast",
    expr=_health(_FAST),
    severity=Severity.CRITICAL,
    summary="Many Applications are unhealthy in {{ $labels.environment }}",
    description=_ARE_ILL + "the error budget of 30 days is gone within five days or less.",
    dashboard="gitops-slo",
    variables=_BY,
)
HEALTH_SLOWLY = Alert(
    name="GitOpsHealthBudgetBurnsSlowly",
    expr=_health(_SLOW),
    severity=Severity.WARNING,
    summary="Too many Applications are unhealthy in {{ $labels.environment }}",
    description=_ARE_ILL + "the error budget does not last for 30 days.",
    dashboard="gitops-slo",
    variables=_BY,
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
