"""Go durations such as `1h30m`, in nanoseconds.

Source: Go's time.ParseDuration (1.26), its limits and its arithmetic included.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek letter mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_MOST: Final = 1 << 63
_PART: Final = re.compile(r"(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?(?P<unit>[^0-9.]*)")


@lru_cache(maxsize=1024)
def parse(text: str) -> int:
    """The nanoseconds of `text`, which may be negative.

    Raises:
        ValueError: Go would not read it, or it is beyond 292 years.
    """
    negative, rest = text[:1] == "-", text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f"invalid duration {text!r}")
    total = 0
    while rest:
        part = _PART.match(rest)
        assert part is not None  # noqa: S101 (every group of the pattern may be empty)
        total += _nanoseconds(part, text)
        if total > _MOST:
            raise ValueError(f"duration {text!r} is too long")
        rest = rest[part.end() :]
    if total == _MOST and not negative:
        raise ValueError(f"duration {text!r} is too long")
    return -total if negative else total


def _nanoseconds(part: re.Match[str], text: str) -> int:
    whole, fraction, unit = part["whole"], part["fraction"] or "", _UNITS.get(part["unit"])
    if unit is None:
        raise ValueError(
            f"unknown unit {part['unit']!r} in duration {text!r}" if part["unit"] else f"missing unit in {text!r}"
        )
    if not whole and not fraction:
        raise ValueError(f"invalid duration {text!r}")
    if len(whole.lstrip("0")) > 19:
        raise ValueError(f"duration {text!r} is too long")
    return int(whole or 0) * unit + _part_of(fraction, unit)


def _part_of(fraction: str, unit: int) -> int:
    """Digits behind the point, in nanoseconds, rounded as Go does it; digits that do not fit are dropped."""
    value, scale = 0, 1.0
    for digit in fraction:
        longer = value * 10 + int(digit)
        if value > (_MOST - 1) // 10 or longer > _MOST:
            break
        value, scale = longer, scale * 10
    return int(value * (unit / scale))
