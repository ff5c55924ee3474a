"""Instants and spans of time as people write and read them. Pure."""

import re
from datetime import UTC, datetime
from typing import Final

from observability.model.instants import rfc_3339 as written

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO: Final = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>[smhdw])", re.ASCII)
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_PARTS: Final = (("d", 86_400), ("h", 3600), ("m", 60))


def parse(text: str, now: float) -> float:
    """The instant of `2026-11-23T12:00:00Z`, or of `30d`: so long before `now`. In seconds since the epoch.

    Raises:
        ValueError: it is neither, or before the year 1: reports write what they are asked for.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return _checked(now - int(ago["number"]) * _UNITS[ago["unit"]], text)
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError(f"expected RFC 3339 such as 2026-03-29T02:30:00Z, or 12h, 30d, 8w ago, got {text!r}")
    try:
        at = datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no such instant: {text}") from error
    return _checked(at, text)


def _checked(at: float, text: str) -> float:
    try:
        datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"no such instant: {text}") from error
    return at


def rfc_3339(at: float, digits: int = 3) -> str:
    """In UTC, with as many digits of a fraction as it needs, at most `digits`."""
    return written(at, digits)


def rfc_3339_or_none(at: float | None) -> str | None:
    """The same; None stays None."""
    return None if at is None else rfc_3339(at)


def span(seconds: float) -> str:
    """A length of time in its two largest units: `3d 4h`, `12m 5s`, `0.35s`."""
    if seconds < 60:
        return f"{round(seconds, 2):g}s" if seconds < 10 else f"{seconds:.0f}s"
    rest, parts = round(seconds), []
    for unit, size in (*_PARTS, ("s", 1)):
        count, rest = divmod(rest, size)
        parts.append((count, unit))
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count)
