"""The loop: things change, faults come and go, and again and again all is let come to rest and is checked."""

import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.chaos import checks
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.fleet import Fleet
from tests.chaos.truth import Blind, Ledger
from tests.chaos.verdict import Verdict, endpoints, judge
from tests.chaos.world import World
from tests.integration.servers import patience, until

_REST_SECONDS: Final = 120.0
_MOST_AT_ONCE: Final = 3
_COMPLAINTS: Final = 20


class Under(NamedTuple):
    """A fault that is on, and when it ends (monotonic seconds)."""

    fault: Fault
    ends_at: float


class Summary(NamedTuple):
    """What came of it."""

    faults: Counter[str]
    numbers: dict[str, int]
    verdict: Verdict

    @property
    def wrong(self) -> list[str]:
        """All that is wrong; empty when all is well."""
        return [f"{name}: {one}" for name, found in self.verdict.items() for one in found]


class Loop:
    """One run. The seed draws the same chances; what is free to fail at an instant also depends on the machine."""

    def __init__(self, world: World, seed: int, services: int) -> None:
        self._world = world
        self._random, self._pace = Random(seed), Random(seed + 2)
        self._ledger = Ledger()
        self._fleet = Fleet(world.cluster, self._ledger, Random(seed + 1), services)
        self._under: list[Under] = []
        self._faults: Counter[str] = Counter()
        self._cursor = 0
        self._blind_after: int | None = None
        self._blind_upto = 0
        self._rests = 0

    def run(self, faults: int, rest_every: int) -> Summary:
        """So many faults, with a check after each few of them and at the end."""
        self._fleet.found()
        self._world.start()
        until(self._world.ready, "the exporter knows what was there before", patience(30))
        self._rest()
        verdict: Verdict = {}
        while sum(self._faults.values()) < faults and not any(verdict.values()):
            for _ in range(min(rest_every, faults - sum(self._faults.values()))):
                self._another()
            verdict = self._come_to_rest()
        return Summary(self._faults, self._numbers(), verdict)

    def _another(self) -> None:
        """Wait until something is free that can fail, and let it."""
        while True:
            busy = {under.fault.target for under in self._under}
            free = [one for one in FAULTS if one.target not in busy and one.possible(self._world)]
            if free and len(self._under) < _MOST_AT_ONCE:
                break
            self._live(0.1)
        (fault,) = self._random.choices(free, [one.weight for one in free])
        self._faults[fault.name] += 1
        if fault.folds and self._blind_after is None:
            self._look()
            self._blind_after = self._cursor
        fault.begin(self._world, self._random)
        self._under.append(Under(fault, time.monotonic() + self._random.uniform(*fault.seconds)))
        self._live(self._random.uniform(0.1, 0.7))

    def _live(self, seconds: float) -> None:
        """So long things change, and faults end that are over."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            for under in [one for one in self._under if one.ends_at <= now]:
                self._end(under)
            self._world.tend()
            self._look()
            hurry = any(under.fault.hurry for under in self._under)
            for _ in range(self._pace.randint(2, 8) if hurry else self._pace.randint(0, 2)):
                if self._world.cluster.writable:
                    self._fleet.change()
            time.sleep(0.08)

    def _end(self, under: Under) -> None:
        under.fault.end(self._world, self._random)
        self._under.remove(under)
        if under.fault.folds:
            self._blind_upto = self._fleet.last

    def _look(self) -> None:
        """See how far the journal is; a blind ends with a cursor from after all that may fold, once nothing is."""
        standing = self._world.kept.standing()
        if standing is None or not standing.cursor:
            return
        self._cursor = standing.cursor
        blinded = any(under.fault.folds for under in self._under)
        if self._blind_after is not None and not blinded and not standing.folded and self._cursor >= self._blind_upto:
            self._ledger.blinds.append(Blind(self._blind_after, self._cursor))
            self._blind_after = None

    def _rest(self) -> None:
        """All faults end, and what is under way arrives."""
        while self._under:
            self._end(self._under[0])
        self._fleet.nudge()
        deadline = time.monotonic() + patience(_REST_SECONDS)
        while not (self._world.is_delivered(self._fleet.last) and self._world.ready()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come to rest: {self._world.kept.standing()} of {self._fleet.last}")
            self._world.tend()
            time.sleep(0.1)
        self._look()

    def _come_to_rest(self) -> Verdict:
        try:
            self._rest()
        except TimeoutError as error:
            return {"did not come to rest": [str(error)], "defects in the log": self._world.defects()}
        self._rests += 1
        verdict = judge(self._world, self._ledger, self._fleet.immortal)
        print(f"{sum(self._faults.values())} faults, {len(self._world.kept.told)} events", file=sys.stderr, flush=True)
        return verdict

    def _numbers(self) -> dict[str, int]:
        world, required, everything = self._world, self._ledger.required(), self._ledger.all()
        events = world.kept.events
        numbers = {
            "changes": self._fleet.changes,
            "events told": len(events),
            "of these to catch up": sum(event.attributes.get("gitops.catch_up") is True for event in events),
            "gaps": sum(event.name == "gitops.exporter.gap" for event in events),
            "what happened": len(everything),
            "what had to be told whatever the faults": len(required),
            "records folded by a full disk": world.folded(),
            "starts of the exporter": world.starts["asked"] + world.starts["ended by itself"],
            "ends of its own": world.starts["ended by itself"],
            "rests with all checks": self._rests,
        }
        for name, arrived in endpoints(world).items():
            numbers[f"{name}: arrived again with the same id"] = checks.again(arrived)
        return numbers


def report(summary: Summary, facts: Mapping[str, object], folder: Path) -> str:
    """What came of it, as tables."""
    faults = {fault.name: summary.faults[fault.name] for fault in FAULTS}
    lines = [f"{name}: {value}" for name, value in facts.items()]
    lines += _table("fault", {**faults, "all": sum(faults.values())})
    lines += _table("what came of it", summary.numbers)
    lines += _table("what is wrong", {name: len(found) for name, found in summary.verdict.items()})
    lines += [""]
    if summary.wrong:
        lines += [f"WRONG: {one}" for one in summary.wrong[:_COMPLAINTS]]
        lines += [f"and {len(summary.wrong) - _COMPLAINTS} more"] if len(summary.wrong) > _COMPLAINTS else []
        lines += [f"run it again with --seed {facts['seed']}; what was left behind: {folder}"]
    else:
        lines += ["Nothing was lost, nothing came out of order, and what came again had the same id and content."]
    return "\n".join(lines)


def _table(title: str, rows: Mapping[str, int]) -> list[str]:
    head = ["", f"| {title:<50} | {'':>7} |", f"|{'-' * 52}|{'-' * 8}:|"]
    return [*head, *(f"| {name:<50} | {number:>7,} |" for name, number in rows.items())]
