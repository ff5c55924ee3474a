"""What is checked, as values: rules, expressions, dashboards, panels, routes, scrapes, and all together. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from observability.monitoring.checks.rows import Place
from observability.monitoring.checks.series import Known
from observability.monitoring.promql import Facts
from observability.monitoring.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file, or a document in it, that cannot be understood."""

    place: Place
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an expression says; `facts` and `shape` are None when it is no PromQL, and `wrong` says why."""

    facts: Facts | None = None
    shape: Shape | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A query of a rule or of a panel. `panel`: of a dashboard, where Grafana's variables stand for windows.

    `known`: the metrics that are known; `scrape_seconds`: how often targets are asked; `added`: labels that
    scrape configurations put on them.
    """

    place: Place
    text: str
    line: int
    reading: Reading
    known: Known
    scrape_seconds: float
    added: frozenset[str] = frozenset()
    panel: bool = False

    def line_of(self, words: str) -> int:
        """The line on which the words stand in the expression; where it begins when they do not."""
        return self.line + self.text.count("\n", 0, max(self.text.find(words), 0))

    def line_of_matcher(self, label: str) -> int:
        """The line on which a label is matched; where the expression begins when it is not."""
        found = re.search(rf"\b{re.escape(label)}\s*[=!]", self.text)
        return self.line + self.text.count("\n", 0, found.start() if found else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An alerting rule, or a recording rule. `hold_seconds`: its `for`. `lines`: of its keys, and of annotations."""

    place: Place
    group: str
    name: str
    alert: bool
    expression: Expression
    hold: str
    hold_seconds: float | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    lines: Mapping[str, int]

    def line(self, *keys: str) -> int:
        """The line of the first of these keys that it has; where it begins when it has none."""
        return next((self.lines[key] for key in keys if key in self.lines), self.place.first)


class Target(NamedTuple):
    """A query of a panel in the language of its data source."""

    ref: str
    source: object
    prometheus: bool
    expression: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel of a dashboard; `value` is its JSON.

    `container`: what holds it. `inherited`: it repeats a panel of a library, or another panel.
    """

    place: Place
    value: Mapping[str, Any]
    targets: Sequence[Target]
    container: str
    inherited: bool

    @property
    def kind(self) -> str:
        """The name of its plugin."""
        return str(self.value.get("type", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard of Grafana, classic. `lines`: of its own keys; `expressions`: of annotations and variables."""

    place: Place
    value: Mapping[str, Any]
    panels: Sequence[Panel]
    expressions: Sequence[Expression]
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """A configuration of Alertmanager; `value` is its YAML. `lines`: of paths like `receivers.0`."""

    place: Place
    value: Mapping[str, Any]
    lines: Mapping[str, int]

    def line(self, path: str) -> int:
        """The line of what is at the path, or of the nearest that holds it."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return self.lines.get(path, self.place.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A job that Prometheus scrapes, or a ServiceMonitor or PodMonitor. None: it does not say how often."""

    place: Place
    seconds: float | None
    labels: frozenset[str] = frozenset()


class Comment(NamedTuple):
    """A comment that says which check to ignore, and why. `check` is empty when it names none."""

    line: int
    check: str
    reason: str
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """All that was read, for checks of how documents fit together."""

    unreadable: Sequence[Unreadable] = ()
    rules: Sequence[Rule] = ()
    boards: Sequence[Board] = ()
    routings: Sequence[Routing] = ()
    scrapes: Sequence[Scrape] = ()
    comments: Mapping[str, Sequence[Comment]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    """The files that were read."""
    left_out: Sequence[str] = ()
    """Files that hold nothing to check."""
    names: frozenset[str] = frozenset()
    """The names of all checks that there are."""

    def files(self) -> tuple[str, ...]:
        """The files in which there was something to check."""
        found: Iterable[Rule | Board | Routing | Scrape] = (*self.rules, *self.boards, *self.routings, *self.scrapes)
        return tuple(dict.fromkeys(one.place.file for one in found))
