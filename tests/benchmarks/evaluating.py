"""A real Prometheus that is measured: what its rules and queries take while it scrapes."""

import re
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.benchmarks.mixin import Query
from tests.benchmarks.processes import until
from tests.integration.servers import Prometheus

CLOCK: Final = time.time  # noqa: TID251 - that of the Prometheus, on the same machine
_PATIENCE_SECONDS: Final = 120.0
_GROUP: Final = r'\{rule_group="([^"]+)"\} (\S+)$'
_DURATION: Final = re.compile(f"^prometheus_rule_group_last_duration_seconds{_GROUP}", re.MULTILINE)
_EVALUATED: Final = re.compile(f"^prometheus_rule_group_last_evaluation_timestamp_seconds{_GROUP}", re.MULTILINE)
_FAILED: Final = re.compile(f"^prometheus_rule_evaluation_failures_total{_GROUP}", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How the Prometheus is busy: it scrapes and evaluates every `interval` seconds and is watched for `seconds`.

    `events`: so many a second come to the exporter; `rounds`: so often is a query asked.
    """

    interval: int
    seconds: float
    events: float
    rounds: int


class Span(NamedTuple):
    """What a query over time asks for, in seconds since 1970; `step` between its points."""

    start: float
    end: float
    step: float


class Slowest(NamedTuple):
    """The query that took longest, and how many seconds."""

    seconds: float
    query: Query


@dataclass(frozen=True, kw_only=True)
class Evaluations:
    """Seconds of each evaluation that was seen, by group as Prometheus names it: FILE;GROUP."""

    groups: Mapping[str, Sequence[float]]
    failed: int
    """How many evaluations of single rules failed, of all groups."""

    def where(self, holds: Callable[[str], bool]) -> "Evaluations":
        """Those of the groups for whose name it holds."""
        return Evaluations(groups={name: seen for name, seen in self.groups.items() if holds(name)}, failed=self.failed)

    @property
    def slowest(self) -> tuple[str, Sequence[float]]:
        """The group with the longest evaluation, and its evaluations."""
        return max(self.groups.items(), key=lambda group: max(group[1]))

    @property
    def slowest_median(self) -> float:
        """Seconds that the slowest group mostly takes."""
        return max(map(statistics.median, self.groups.values()))

    @property
    def together(self) -> float:
        """Seconds of all groups, once: the median of each."""
        return sum(map(statistics.median, self.groups.values()))


class Measured(Prometheus):
    """A Prometheus that scrapes `targets`, HOST:PORT by job, and evaluates the rules-*.yml of its folder."""

    def __init__(self, folder: Path, pace: Pace, targets: Mapping[str, str]) -> None:
        every = f"{pace.interval}s"
        jobs: list[Mapping[str, Any]] = [
            {"job_name": name, "honor_labels": True, "static_configs": [{"targets": [target]}]}
            for name, target in targets.items()
        ]
        times = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
        super().__init__(folder, jobs, **{"global": times, "rule_files": ["rules-*.yml"]})
        self._pace = pace

    def count(self, selector: str) -> int:
        """How many series there are now."""
        return sum(int(one["value"][1]) for one in self.query(f"count({selector})"))

    def watch(self) -> Evaluations:
        """Every evaluation that begins and ends from now on, one of each group at least."""
        seen: dict[str, dict[str, float]] = {}
        started = CLOCK()

        def complete() -> bool:
            text = self._own()
            at = dict(_EVALUATED.findall(text))
            for group, seconds in _DURATION.findall(text):
                if float(at[group]) > started:
                    seen.setdefault(group, {})[at[group]] = float(seconds)
            return CLOCK() > started + self._pace.seconds and seen.keys() == at.keys()

        until(
            complete, self._pace.seconds + _PATIENCE_SECONDS, "every group is evaluated", every=self._pace.interval / 2
        )
        failed = sum(int(float(count)) for _, count in _FAILED.findall(self._own()))
        return Evaluations(groups={name: list(durations.values()) for name, durations in seen.items()}, failed=failed)

    def slowest(self, queries: Sequence[Query], span: Span, rounds: int) -> Slowest:
        """Of the medians of each query. Raises OSError when one is refused."""
        taken = [
            Slowest(statistics.median(self._seconds(query, span) for _ in range(rounds)), query) for query in queries
        ]
        return max(taken, key=lambda one: one.seconds)

    def _seconds(self, query: Query, span: Span) -> float:
        """Until the last byte of the answer."""
        over = {"time": span.end} if query.instant else span._asdict()
        data = urllib.parse.urlencode({"query": query.text, **over}).encode()
        path = "query" if query.instant else "query_range"
        started = time.perf_counter()
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", data, timeout=120) as answer:  # noqa: S310 - loopback
            answer.read()
        return time.perf_counter() - started

    def _own(self) -> str:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=60) as answer:  # noqa: S310 - loopback
            text: str = answer.read().decode()
        return text
