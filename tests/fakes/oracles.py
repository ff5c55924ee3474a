"""Cases that Argo CD's own code answered, from tests/oracles, as values of the model."""

import gzip
import json
from calendar import timegm
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import strptime
from typing import Any

from observability.model.application import Destination
from observability.model.project import SyncWindow

ORACLES = Path(__file__).parent.parent / "oracles"


@cache
def cases(name: str) -> tuple[dict[str, Any], ...]:
    """All cases of one file."""
    with gzip.open(ORACLES / f"{name}.ndjson.gz") as lines:
        return tuple(json.loads(line) for line in lines)


def categories() -> list[str]:
    """The themes of the sync-window cases."""
    return sorted({case["category"] for case in cases("sync-windows")})


def of_category(category: str) -> Iterator[dict[str, Any]]:
    """The sync-window cases of one theme."""
    return (case for case in cases("sync-windows") if case["category"] == category)


def windows(case: dict[str, Any]) -> tuple[SyncWindow, ...]:
    """The windows of the case's project; one that is null is one without anything."""
    return tuple(_window(window or {}) for window in case["project_spec"].get("syncWindows") or ())


def _window(given: dict[str, Any]) -> SyncWindow:
    return SyncWindow(
        kind=given.get("kind") or "",
        schedule=given.get("schedule") or "",
        duration=given.get("duration") or "",
        applications=tuple(given.get("applications") or ()),
        namespaces=tuple(given.get("namespaces") or ()),
        clusters=tuple(given.get("clusters") or ()),
        manual_sync=given.get("manualSync") or False,
        time_zone=given.get("timeZone") or "",
        and_operator=given.get("andOperator") or False,
        sync_overrun=given.get("syncOverrun") or False,
        description=given.get("description") or "",
    )


def destination(case: dict[str, Any]) -> Destination:
    """Where the case's Application goes."""
    given = case["application"]["spec"]["destination"]
    return Destination(given.get("server", ""), given.get("name", ""), given.get("namespace", ""))


def operation(case: dict[str, Any]) -> tuple[bool, int | None]:
    """Is the case's operation automated, and when did it start? Without one, an automated one that has not."""
    state = (case["application"].get("status") or {}).get("operationState")
    if not state:
        return True, None
    initiator = (state.get("operation") or {}).get("initiatedBy") or {}
    return bool(initiator.get("automated")), nanoseconds(state.get("startedAt"))


def nanoseconds(text: str | None) -> int | None:
    """An instant in UTC as RFC 3339 writes it, in nanoseconds since the epoch."""
    if text is None:
        return None
    second, _, fraction = text.removesuffix("Z").partition(".")
    return timegm(strptime(second, "%Y-%m-%dT%H:%M:%S")) * 1_000_000_000 + int(fraction.ljust(9, "0"))


def now(case: dict[str, Any]) -> int:
    """The instant that the case asks about."""
    instant = nanoseconds(case["now"])
    assert instant is not None
    return instant
