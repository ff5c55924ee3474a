"""What the exporter would have said of a recording, as series of promtool, slower than it was recorded.

The recordings have shortened timings: Argo CD compares every ten seconds instead of every three minutes. Stretched by
that, each moment in which nothing should fire lasts as long as it would in a company. Times count from the beginning of
the recording. Left out is that prod follows a branch there, which the default policies forbid all the time.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from observability.model.observation import Kind
from observability.model.state import ApplicationState
from observability.model.status import Policy
from observability.signals.applications import APPLICATION_METRICS, POLICY_VIOLATION
from observability.signals.metrics import IDENTITY_LABELS
from tests import replay

SLOWER: Final = 18
STEP: Final = 60
"""Seconds between two samples."""

_Sampled: TypeAlias = dict[str, float]
_LEFT_OUT: Final = (POLICY_VIOLATION.name, Policy.TARGET_REVISION)


class Played(NamedTuple):
    """The series of all Applications of a topic, with those of an exporter that is well, and the minutes it took."""

    series: list[dict[str, str]]
    minutes: int


def played(topic: str) -> Played:
    """A topic as promtool reads it."""
    steps = list(_steps(topic))
    names = {name for step in steps for name in step}
    found = [{"series": name, "values": _values([step.get(name) for step in steps])} for name in sorted(names)]
    last = len(steps) - 1
    own = [
        {"series": 'gitops_exporter_last_event_timestamp_seconds{kind="Application"}', "values": f"0+{STEP}x{last}"},
        {"series": "gitops_exporter_start_timestamp_seconds", "values": f"0x{last}"},
    ]
    return Played([*found, *own], last * STEP // 60)


def _steps(topic: str) -> Iterator[_Sampled]:
    """What is exposed at each step: all that was known by then."""
    began_at = next(replay.lines(topic)).at
    known: dict[Any, _Sampled] = {}
    number = 0
    for at, changes in replay.batches(topic):
        while (at - began_at) * SLOWER > number * STEP:
            yield _together(known)
            number += 1
        for change in changes:
            if change.kind is Kind.APPLICATION:
                known[change.key] = (
                    _samples(change.after, began_at) if isinstance(change.after, ApplicationState) else {}
                )
    yield _together(known)


def _together(known: dict[Any, _Sampled]) -> _Sampled:
    return {name: value for samples in known.values() for name, value in samples.items()}


def _samples(state: ApplicationState, began_at: float) -> _Sampled:
    found: _Sampled = {}
    for row in APPLICATION_METRICS:
        for values, value in row.samples(state):
            if (row.name, *values) == _LEFT_OUT:
                continue
            labels = zip((*IDENTITY_LABELS[row.name], *row.labels), (*state.identity, *values), strict=True)
            name = f"{row.name}{{{','.join(f'{label}={_quoted(text)}' for label, text in labels)}}}"
            found[name] = (value - began_at) * SLOWER if row.name.endswith("_timestamp_seconds") else value
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _values(samples: list[float | None]) -> str:
    """In the notation of promtool: what is no longer there is stale at once, as it is for Prometheus."""
    words: list[str] = []
    for sample in samples:
        gone = "stale" if words and words[-1] not in {"stale", "_"} else "_"
        words.append(gone if sample is None else f"{sample:.3f}".rstrip("0").rstrip("."))
    return " ".join(words)
