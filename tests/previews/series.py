"""A Prometheus over what was recorded, with what the generated rules would have made of it."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.integration.servers import Prometheus, tool
from tests.previews.recording import STEP, Span

Labels = Mapping[str, str]
Points = list[tuple[float, float]]
"""Times in seconds since 1970 and values."""

_RECORDED: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*:[a-zA-Z0-9_:]+")
_LATER: Final = 5
"""A scrape takes a while, and seconds of the hastened clock: facts would be of the future at its start."""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class History(Prometheus):
    """A Prometheus that scrapes nothing: all that it has was imported."""

    def __init__(self, folder: Path, span: Span) -> None:
        self.data = folder / "data"
        self.span = span
        # What ended is gone after one missed scrape: imported samples have no marks of an end.
        super().__init__(folder, [], f"--query.lookback-delta={STEP * 3 // 2}s", "--storage.tsdb.retention.time=10y")

    def now(self, expression: str) -> list[dict[str, Any]]:
        """An instant query just after the end of what was recorded."""
        return self._ask("query", query=expression, time=self.span.end + _LATER)

    def course(self, expression: str, step: int = STEP) -> list[tuple[Labels, Points]]:
        """A range query over all that was recorded."""
        found = self._ask("query_range", query=expression, start=self.span.start, end=self.span.end, step=step)
        return [(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in found]

    def _ask(self, path: str, **parameters: object) -> list[dict[str, Any]]:
        data = urllib.parse.urlencode(parameters).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", data, timeout=60) as answer:  # noqa: S310 - loopback
            return list(json.load(answer)["data"]["result"])

    def take(self, file: Path) -> None:
        """Import samples; it must not run."""
        command = [str(tool("promtool")), "tsdb", "create-blocks-from", "openmetrics", str(file), str(self.data)]
        subprocess.run(command, check=True, capture_output=True)

    def restart_with(self, file: Path) -> None:
        """Import samples into one that runs."""
        self.stop()
        self.take(file)
        self.start()


def evaluate(history: History, rules: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """Add the series of recording rules, those first that others are made of, and then the alerts."""
    rows = list(rules)
    left = [rule for rule in rows if "record" in rule]
    for number in range(len(left)):
        waiting = {rule["record"] for rule in left}
        now = [rule for rule in left if not waiting & set(_RECORDED.findall(rule["expr"]))]
        left = [rule for rule in left if rule not in now]
        _add(history, folder / f"rules-{number}.om", (line for rule in now for line in _recorded(history, rule)))
        if not left:
            break
    _add(history, folder / "alerts.om", [line for rule in rows if "alert" in rule for line in _fired(history, rule)])


def rules_of(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The rules of all environments."""
    for path in sorted(folder.glob("*/gitops-*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def _add(history: History, file: Path, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        file.write_text("".join([*found, "# EOF\n"]))
        history.restart_with(file)


def _recorded(history: History, rule: Mapping[str, Any]) -> Iterator[str]:
    for labels, points in history.course(rule["expr"]):
        yield from _lines({**labels, "__name__": rule["record"], **rule.get("labels", {})}, points)


def _fired(history: History, rule: Mapping[str, Any]) -> Iterator[str]:
    """When an alert fired: from when its expression had held for as long as `for` says."""
    wait = _duration(str(rule.get("for", "0s")))
    for labels, points in history.course(rule["expr"]):
        firing, since, before = [], 0.0, 0.0
        for at, _ in points:
            since = since if at - before <= STEP else at
            before = at
            firing.append((at, 1.0 if at - since >= wait else 0.0))
        of_alert = {"__name__": "ALERTS", "alertname": rule["alert"], "alertstate": "firing", **rule.get("labels", {})}
        yield from _lines({**labels, **of_alert}, [(at, value) for at, value in firing if value])


def _duration(text: str) -> int:
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


def _lines(labels: Labels, points: Points) -> Iterator[str]:
    name = labels["__name__"]
    pairs = ",".join(f"{key}={json.dumps(value)}" for key, value in sorted(labels.items()) if key != "__name__")
    for at, value in points:
        yield f"{name}{{{pairs}}} {value} {at}\n"
