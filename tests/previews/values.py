"""Numbers and colours as Grafana shows them.

Source: grafana packages/grafana-data/src/valueFormats, packages/grafana-data/src/themes, 12.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

COLORS: Final = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "red": "#f2495c",
    "blue": "#5794f2",
    "orange": "#ff9830",
    "purple": "#b877d9",
    "dark-red": "#c4162a",
    "dark-orange": "#fa6400",
    "dark-blue": "#1f60c4",
    "light-blue": "#8ab8ff",
    "text": "#ccccdc",
    "transparent": "transparent",
}
PALETTE: Final = (
    *("#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0"),
    *("#508642", "#cca300", "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62", "#584477"),
)
_DARK_TEXT_ON: Final = frozenset({"yellow", "green", "orange", "light-blue"})
_PERIODS: Final = (
    *(("year", 31_536_000), ("month", 2_592_000), ("week", 604_800), ("day", 86_400)),
    *(("hour", 3600), ("minute", 60), ("second", 1)),
)
_TIMES: Final = ((604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))
_LARGE: Final = ((1e9, " Bil"), (1e6, " Mil"), (1e3, " K"))
_BYTES: Final = ((2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB"), (1, " B"))


def color(name: str) -> str:
    """The CSS colour of one of Grafana's names."""
    return COLORS.get(name, name)


def on(name: str) -> str:
    """The colour of letters on this one."""
    return "#111217" if name in _DARK_TEXT_ON else "#ffffff"


def written(value: float, unit: str | None, decimals: int | None = None) -> str:
    """A number in its unit."""
    if math.isnan(value):
        return "NaN"
    return _WRITTEN.get(unit or "none", _plain)(value, decimals)


def _plain(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 4
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def _short(value: float, decimals: int | None) -> str:
    for size, name in _LARGE:
        if abs(value) >= size:
            return _plain(value / size, decimals) + name
    return _plain(value, decimals)


def _scaled(value: float, sizes: Sequence[tuple[float, str]], between: str, decimals: int | None) -> str:
    for size, name in sizes:
        if abs(value) >= size:
            return f"{_plain(value / size, decimals)}{between}{name}"
    smallest = next(name for size, name in sizes if size == 1)
    return f"{_plain(value, decimals)}{between}{smallest}"


def _period(value: float, more: int) -> str:
    """The largest whole unit, and `more` after it."""
    if value < 0:
        return f"{_period(-value, more)} ago"
    words: list[str] = []
    for name, size in _PERIODS:
        if value >= size or words:
            count, value = divmod(value, size)
            words.append(f"{int(count)} {name}{'' if count == 1 else 's'}")
            if len(words) > more:
                break
    return ", ".join(words) or "0 seconds"


_WRITTEN: Final[Mapping[str, Callable[[float, int | None], str]]] = {
    "bytes": lambda value, decimals: _scaled(value, _BYTES, "", decimals),
    "cpm": lambda value, decimals: f"{_short(value, decimals)} c/m",
    "cps": lambda value, decimals: f"{_short(value, decimals)} c/s",
    "dtdurations": lambda value, decimals: _period(value, decimals or 0),
    "percentunit": lambda value, decimals: f"{_plain(value * 100, decimals)}%",
    "s": lambda value, decimals: _scaled(value, _TIMES, " ", decimals),
    "short": _short,
}
"""By Grafana's ids of units."""


def mapped(mappings: Sequence[Mapping[str, Any]], value: object) -> tuple[str, str] | None:
    """The text and the name of the colour that a mapping gives a value; None when it gives none."""
    key = f"{value:g}" if isinstance(value, float) else str(value)
    for mapping in mappings:
        found = mapping["options"].get(key)
        if found:
            return found["text"], found["color"]
    return None


def threshold(steps: Sequence[Mapping[str, Any]], value: float) -> str:
    """The name of the colour of the highest step that a value reaches."""
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return str(reached[-1]) if reached else "text"
