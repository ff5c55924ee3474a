"""All checks of what was told, by name: each with the sentences about what is wrong, none when all is well."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from tests.chaos import checks
from tests.chaos.checks import Told
from tests.chaos.truth import Ledger
from tests.chaos.world import World

Verdict = Mapping[str, list[str]]

_OF_ARRIVALS: Final[Mapping[str, Callable[[Sequence[Told], Sequence[Told]], list[str]]]] = {
    "not in the journal, and arrived": checks.strange,
    "again with the same id and another content": checks.different,
    "out of order": checks.disordered,
}


def endpoints(world: World) -> dict[str, list[Told]]:
    """What arrived at each, in that order."""
    found = {"file of events": world.lines.told}
    if world.collected is not None:
        found["Collector"] = world.collected.told
    return found


def judge(world: World, ledger: Ledger, immortal: Sequence[str]) -> Verdict:
    """Of a world that has come to rest."""
    world.kept.read()
    owed = list(world.kept.told)
    world.read()
    world.kept.read()  # what was recorded meanwhile may have arrived
    verdict = {"lost on the way": _of_all(world, partial(checks.missing, owed))}
    for name, check in _OF_ARRIVALS.items():
        verdict[name] = _of_all(world, partial(check, world.kept.told))
    verdict |= _of_events(world, ledger, immortal)
    return verdict | _of_the_rest(world)


def _of_all(world: World, check: Callable[[list[Told]], list[str]]) -> list[str]:
    return [f"{name}: {one}" for name, arrived in endpoints(world).items() for one in check(arrived)]


def _of_events(world: World, ledger: Ledger, immortal: Sequence[str]) -> dict[str, list[str]]:
    events = world.kept.events
    groups = {group: value for group, value in world.counted().items() if group.rpartition("-")[0] in immortal}
    return {
        "happened, and not told": checks.untold(ledger.required(), events),
        "told, and did not happen": checks.invented(ledger.all(), events),
        "told twice": checks.repeated(events) + checks.promoted_again(events, immortal),
        "called late without a reason": checks.belated(ledger.late(), events),
        "states that do not follow": checks.broken(events, ledger.alive()) + checks.unpaired(events),
        "counted otherwise in /metrics": checks.miscounted(events, groups, exact=not world.folded()),
    }


def _of_the_rest(world: World) -> dict[str, list[str]]:
    spans: list[str] = []
    if world.collected is not None:
        spans = checks.traceless(world.kept.events, world.collected.spans)
        spans += checks.different((), world.collected.told_spans)
    standing = world.kept.standing()
    dead = standing.dead if standing is not None else 0
    return {
        "traces that are not those of the syncs": spans,
        "dead letters": [f"{dead} dead letters"] if dead else [],
        "the audit chain is broken": world.chain(),
        "defects in the log": world.defects(),
    }
