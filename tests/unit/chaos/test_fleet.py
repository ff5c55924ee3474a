"""What the fleet writes down is what it wrote, and each thing that happens can be told from all others."""

from itertools import pairwise
from random import Random
from typing import Any

from tests.chaos.fleet import ENVIRONMENTS, Fleet
from tests.chaos.truth import Ledger, step


class Shelf:
    """Objects with growing versions."""

    def __init__(self) -> None:
        self.version = 0
        self.there: dict[str, dict[str, Any]] = {}

    def put(self, document: dict[str, Any]) -> tuple[int, str]:
        self.version += 1
        self.there[document["metadata"]["name"]] = document
        return self.version, document["metadata"]["uid"]

    def delete(self, name: str) -> int:
        self.version += 1
        del self.there[name]
        return self.version


def lived(seed: int, changes: int) -> tuple[Shelf, Ledger, Fleet]:
    shelf, ledger = Shelf(), Ledger()
    fleet = Fleet(shelf, ledger, Random(seed), services=4)
    fleet.found()
    for _ in range(changes):
        fleet.change()
    return shelf, ledger, fleet


def test_what_is_alive_is_there() -> None:
    shelf, ledger, fleet = lived(1, 500)
    assert {look.uid: look.health for look in ledger.alive().values()} == {
        one["metadata"]["uid"]: one["status"]["health"]["status"] for one in shelf.there.values()
    }
    assert set(shelf.there) >= {
        f"{service}-{environment}" for service in fleet.immortal for environment in ENVIRONMENTS
    }
    assert fleet.last == shelf.version


def test_each_thing_that_happens_is_another_one() -> None:
    _, ledger, _ = lived(2, 2000)
    happened = [
        item for looks in ledger.looks.values() for before, after in pairwise(looks) for item in step(before, after)
    ]
    assert len(happened) == len(set(happened)) > 1000
    assert {item.kind for item in happened} >= {
        "sync.started",
        "sync.finished",
        "deployed",
        "health.changed",
        "deleted",
    }


def test_a_seed_makes_the_same_changes() -> None:
    one, other = (
        {name: [look._replace(health_at=0.0, began_at=0.0, ended_at=0.0) for look in looks] for name, looks in made}
        for made in (lived(3, 300)[1].looks.items() for _ in range(2))
    )
    assert one == other
