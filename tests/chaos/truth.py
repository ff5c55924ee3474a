"""What happened to the Applications, and what of it has to be told. Pure.

An exporter sees versions of objects. What lies between two versions that it saw follows from the two, never from what
it did: this is written from Argo CD's side, without the exporter's code.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from observability.model.event import Event

_PREFIX: Final = "gitops.application."
_RESULTS: Final = {"Succeeded": "success", "Failed": "failure", "Error": "error"}


class Look(NamedTuple):
    """An Application at one resourceVersion; `uid` empty: it is gone. Times are seconds since the epoch."""

    version: int
    uid: str = ""
    health: str = "Unknown"
    health_at: float = 0.0
    synced: str = "Unknown"
    began_at: float = 0.0
    ended_at: float = 0.0
    result: str = ""
    deployments: tuple[int, ...] = ()


class Item(NamedTuple):
    """Something that happened to an Application, told once by one event. `key` tells it from others of its kind."""

    kind: str
    uid: str
    key: tuple[str | float, ...] = ()


class Blind(NamedTuple):
    """Versions of which only the last need be known: all after the first of these two, up to the second."""

    after: int
    upto: int


class Ledger:
    """The truth: every version of every Application, by name, and where nobody needs to have seen all."""

    def __init__(self) -> None:
        self.looks: dict[str, list[Look]] = {}
        self.blinds: list[Blind] = []

    def note(self, name: str, look: Look) -> None:
        """It is so now."""
        self.looks.setdefault(name, []).append(look)

    def all(self) -> set[Item]:
        """All that happened since the first look at those that were there before."""
        return {item for looks in self.looks.values() for item in items(looks)}

    def required(self) -> set[Item]:
        """What no fault can excuse that it is not told."""
        return {item for looks in self.looks.values() for item in _required(looks, self.blinds)}

    def late(self) -> set[Item]:
        """What may be told as seen late: it happened within a blind."""
        wide = merged(self.blinds)
        return {
            item
            for looks in self.looks.values()
            for before, after in pairwise(looks)
            if any(blind.after < after.version <= blind.upto for blind in wide)
            for item in step(before, after)
        }

    def alive(self) -> dict[str, Look]:
        """The last look at each that is there, by uid."""
        return {looks[-1].uid: looks[-1] for looks in self.looks.values() if looks[-1].uid}


def look_of(document: Mapping[str, Any], version: int, uid: str) -> Look:
    """An Application as it was written."""
    status = document["status"]
    operation = status.get("operationState", {})
    return Look(
        version=version,
        uid=uid,
        health=status["health"]["status"],
        health_at=seconds(status["health"]["lastTransitionTime"]),
        synced=status["sync"]["status"],
        began_at=seconds(operation.get("startedAt", "")),
        ended_at=seconds(operation.get("finishedAt", "")),
        result=_RESULTS.get(operation.get("phase", ""), ""),
        deployments=tuple(entry["id"] for entry in status["history"]),
    )


def seconds(text: str) -> float:
    """Since the epoch, of a time as Kubernetes writes it; 0.0 for none."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


def items(looks: Sequence[Look]) -> set[Item]:
    """What happened between these looks, each seen."""
    return {item for before, after in pairwise(looks) for item in step(before, after)}


def step(before: Look, after: Look) -> set[Item]:
    """What two looks, one after the other, tell."""
    found: set[Item] = set()
    if before.uid and before.uid != after.uid:
        found.add(Item("deleted", before.uid))
    if not after.uid:
        return found
    if before.uid != after.uid:
        found.add(Item("created", after.uid))
        before = Look(before.version, after.uid)
    if after.began_at != before.began_at:
        found.add(Item("sync.started", after.uid, (after.began_at,)))
    if after.result and (after.began_at, after.result) != (before.began_at, before.result):
        found.add(Item("sync.finished", after.uid, (after.ended_at, after.result)))
    newest = max(before.deployments, default=-1)
    found |= {Item("deployed", after.uid, (number,)) for number in after.deployments if number > newest}
    if after.health != before.health:
        found.add(Item("health.changed", after.uid, (after.health, after.health_at)))
    return found


def _required(looks: Sequence[Look], blinds: Iterable[Blind]) -> set[Item]:
    """Within a blind only its first and its last look need be seen.

    Which change of health is told there depends on what was seen of it: that its statuses follow from each other up to
    the last is another check.
    """
    versions = [look.version for look in looks]
    loose: set[int] = set()
    left_out: set[int] = set()
    for blind in merged(blinds):
        within = range(bisect_right(versions, blind.after), bisect_right(versions, blind.upto))
        loose.update(within)
        left_out.update(within[:-1])
    seen = [place for place in range(len(looks)) if place not in left_out]
    return {
        one
        for before, after in pairwise(seen)
        for one in step(looks[before], looks[after])
        if after not in loose or one.kind != "health.changed"
    }


def merged(blinds: Iterable[Blind]) -> list[Blind]:
    """In order, and those that overlap as one."""
    found: list[Blind] = []
    for blind in sorted(blinds):
        if found and blind.after < found[-1].upto:
            found[-1] = Blind(found[-1].after, max(found[-1].upto, blind.upto))
        else:
            found.append(blind)
    return found


def item_of(event: Event) -> Item | None:
    """What an event says that happened; None when the truth does not keep such things."""
    kind = event.name.removeprefix(_PREFIX)
    told = event.attributes
    uid = str(told.get("gitops.application.uid", ""))
    match kind:
        case "created" | "deleted":
            return Item(kind, uid)
        case "sync.started":
            return Item(kind, uid, (event.at,))
        case "sync.finished":
            return Item(kind, uid, (event.at, str(told["cicd.pipeline.result"])))
        case "deployed":
            return Item(kind, uid, (int(str(told["gitops.deployment.id"])),))
        case "health.changed":
            return Item(kind, uid, (str(told["gitops.health.status"]), event.at))
        case _:
            return None
