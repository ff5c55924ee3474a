"""Durations as Prometheus writes them: 90s, 1h30m. Pure."""

import re
from typing import Final

from observability.settings.values import seconds_in

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:ms|[smhdwy]))+|0")


def seconds_of(text: str) -> float | None:
    """The seconds of a duration; None of what is none."""
    if not _DURATION.fullmatch(text):
        return None
    return seconds_in(text)


def duration_of(seconds: float) -> str:
    """The shortest way to write it, in the largest unit that divides it."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:g}{unit}"
    return f"{seconds:g}s"
