"""Applications that change all the time, as chance has it, and the truth about them."""

import time
from collections.abc import Callable
from random import Random
from typing import Any, Final, Protocol

from tests.chaos.truth import Ledger, Look, look_of
from tests.integration.app.shops import Shop

ENVIRONMENTS: Final = ("dev", "staging", "prod")
_BIRTH_SECONDS: Final = 1.1
"""A creationTimestamp has whole seconds: who is born sooner after his namesake's death may be as old."""


class Objects(Protocol):
    """Where Applications are written."""

    def put(self, document: dict[str, Any]) -> tuple[int, str]:
        """Create or replace one; its resourceVersion and uid."""
        ...

    def delete(self, name: str) -> int:
        """Delete one; a resourceVersion not before that."""
        ...


class _Life:
    """One Application: what it runs, and what may happen to it next."""

    def __init__(self, service: str, environment: str, mortal: bool) -> None:
        self.service, self.environment, self.mortal = service, environment, mortal
        self.generation = 0
        self.shop = Shop(environment, service=service)
        self.name = self.shop.name
        self.syncs_to = 0
        self.deployed = 0
        self.dead_since: float | None = None

    @property
    def health(self) -> str:
        return str(self.shop.document["status"]["health"]["status"])

    @property
    def synced(self) -> bool:
        return bool(self.shop.document["status"]["sync"]["status"] == "Synced")

    def born_again(self) -> None:
        self.generation += 1
        self.shop = Shop(self.environment, generation=self.generation, service=self.service)
        self.syncs_to = self.deployed = 0
        self.dead_since = None


class Fleet:
    """Services in three environments; of some the Applications die and are born again."""

    def __init__(self, objects: Objects, ledger: Ledger, random: Random, services: int) -> None:
        self._objects, self._ledger, self._random = objects, ledger, random
        mortals = max(1, services // 4)
        self.immortal = [f"service{number}" for number in range(services - mortals)]
        self._lives = {
            (service, environment): _Life(service, environment, service not in self.immortal)
            for service in (*self.immortal, *(f"mortal{number}" for number in range(mortals)))
            for environment in ENVIRONMENTS
        }
        self._commits = 1
        self.changes = 0
        self.last = 0
        """The resourceVersion of the last change."""

    def found(self) -> None:
        """Put them there, deployed and Healthy, before anybody watches."""
        for life in self._lives.values():
            life.deployed = 1
            life.shop.synced(1)
            self._put(life)

    def change(self) -> None:
        """Something happens to one of them."""
        life = self._random.choice(list(self._lives.values()))
        if life.dead_since is not None:
            if time.monotonic() - life.dead_since > _BIRTH_SECONDS:
                life.born_again()
                self._put(life)
            return
        steps: tuple[tuple[int, bool, Callable[[_Life], None]], ...] = (
            (6, bool(life.syncs_to), self._end),
            (4, self._may_begin(life), self._begin),
            (1, self._may_begin(life), self._at_once),
            (2, not life.syncs_to, self._ails),
            (1, not life.syncs_to and bool(life.deployed), self._drifts),
            (1, life.mortal, self._dies),
        )
        possible = [(weight, do) for weight, holds, do in steps if holds]
        (do,) = self._random.choices([do for _, do in possible], [weight for weight, _ in possible])
        do(life)

    def nudge(self) -> None:
        """Something happens to one that stays: the cursor in the journal does not follow deletions."""
        self._ails(self._lives[self.immortal[0], ENVIRONMENTS[0]])

    def _begin(self, life: _Life) -> None:
        life.syncs_to = self._wanted(life)
        self._commits = max(self._commits, life.syncs_to)
        life.shop.runs(life.syncs_to)
        self._put(life)

    def _may_begin(self, life: _Life) -> bool:
        """Nobody of its service is at work, there is something new for it, and nobody behind it has less than it has.

        Who came late to a journey that was over long before would begin it anew.
        """
        siblings = [self._lives[life.service, environment] for environment in ENVIRONMENTS]
        behind = siblings[siblings.index(life) + 1 :]
        if any(one.syncs_to for one in siblings) or any(one.deployed < life.deployed for one in behind):
            return False
        return self._wanted(life) > life.deployed

    def _wanted(self, life: _Life) -> int:
        """A new commit in the first environment; elsewhere what the one before it has."""
        place = ENVIRONMENTS.index(life.environment)
        return self._lives[life.service, ENVIRONMENTS[place - 1]].deployed if place else self._commits + 1

    def _end(self, life: _Life) -> None:
        number, life.syncs_to = life.syncs_to, 0
        phase = self._random.choices(("Succeeded", "Failed", "Error"), (8, 1, 1))[0]
        life.shop.ends(number, phase)
        if phase == "Succeeded":
            life.deployed = number
        self._put(life)

    def _at_once(self, life: _Life) -> None:
        """A sync from its beginning to its end, and how it is then, as fast as it can be written."""
        self._begin(life)
        self._end(life)
        self._ails(life)

    def _ails(self, life: _Life) -> None:
        others = [one for one in ("Healthy", "Progressing", "Degraded") if one != life.health]
        life.shop.health(self._random.choice(others))
        self._put(life)

    def _drifts(self, life: _Life) -> None:
        if life.synced:
            life.shop.drifts()
        else:
            life.shop.settles()
        self._put(life)

    def _dies(self, life: _Life) -> None:
        self.last = self._objects.delete(life.name)
        life.syncs_to = 0
        life.dead_since = time.monotonic()
        self._ledger.note(life.name, Look(self.last))
        self.changes += 1

    def _put(self, life: _Life) -> None:
        document = life.shop.now()
        self.last, uid = self._objects.put(document)
        self._ledger.note(life.name, look_of(document, self.last, uid))
        self.changes += 1
