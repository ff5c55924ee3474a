"""Rows of rules: alerts, recording rules, and the groups that Prometheus evaluates together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from observability.errors import SpecError
from observability.monitoring.spec.environments import Differing

_NAME: Final = re.compile(r"GitOps([A-Z][a-z0-9]*)+|Watchdog")
_RECORD: Final = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*)?")
_DURATION: Final = re.compile(r"(?:\d+(?:ms|[smhdwy]))+|0")

RECONCILIATION_SECONDS: Final = "${reconciliation_seconds}"
"""Stands for the seconds of `monitoring.reconciliation_timeout`, in expressions and texts of alerts."""


class Severity(StrEnum):
    """How much an alert presses: `critical` wakes somebody up in prod, `warning` waits for the morning."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert, the same in each environment but for what is `PerEnvironment`. Its runbook has its name.

    `expr` is PromQL with selectors of `spec.queries`; None for an environment: it has no such alert there.
    `hold` is how long it must be true before it fires (Prometheus' `for`), `keep_firing` how long it goes on after
    that. `summary` and `description` are templates of Prometheus: `{{ $labels.service }}`. `dashboard` is the uid of
    the dashboard to look at, `variables` those of its variables that are set from labels of the alert. `labels` are
    added.
    `whole` holds for alerts that are not about one environment: they carry the one whose rules they stand in.

    Raises SpecError for a name that is not GitOps and CamelCase, or a duration that Prometheus does not read.
    """

    name: str
    expr: Differing[str | None]
    severity: Severity
    summary: str
    description: str
    dashboard: str
    hold: Differing[str] = "0s"
    keep_firing: str = ""
    variables: tuple[str, ...] = ("environment", "service")
    labels: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SpecError(self.name, "expected a name that begins with GitOps, in CamelCase")
        if isinstance(self.hold, str):
            check_duration(self.hold, f"{self.name}.hold")
        if self.keep_firing:
            check_duration(self.keep_firing, f"{self.name}.keep_firing")
        for text in ("summary", "description"):
            if not getattr(self, text).strip():
                raise SpecError(f"{self.name}.{text}", "expected a sentence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording rule. `labels` are all that its series have; `record` is level:metric:operations.

    Raises SpecError for another form of name.
    """

    record: str
    expr: str
    help: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _RECORD.fullmatch(self.record):
            raise SpecError(self.record, "expected level:metric:operations, as recording rules are named")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other. `interval` empty: that of the Prometheus that loads them."""

    name: str
    rules: tuple[Alert | Recording, ...]
    interval: str = ""

    def __post_init__(self) -> None:
        if self.interval:
            check_duration(self.interval, f"{self.name}.interval")


def check_duration(text: str, name: str) -> None:
    """Raises SpecError for what Prometheus does not read as a duration."""
    if not _DURATION.fullmatch(text):
        raise SpecError(name, f"expected a duration like 10m, got {text!r}")
