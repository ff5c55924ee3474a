"""What has to be told of what happened, and what a blind excuses."""

import pytest

from tests.chaos.truth import Blind, Item, Ledger, Look, items, look_of, merged, step
from tests.integration.app.shops import Shop

LOOKS = [
    Look(1, "a", health="Healthy", health_at=1.0),
    Look(2, "a", health="Healthy", health_at=1.0, began_at=10.0),
    Look(3, "a", health="Healthy", health_at=1.0, began_at=10.0, ended_at=11.0, result="success", deployments=(1,)),
    Look(4, "a", health="Degraded", health_at=12.0, began_at=20.0, deployments=(1,)),
    Look(5, "a", health="Healthy", health_at=13.0, began_at=20.0, ended_at=21.0, result="failure", deployments=(1, 2)),
    Look(6),
    Look(7, "b", health="Missing", health_at=14.0),
]
FIRST = {Item("sync.started", "a", (10.0,)), Item("sync.finished", "a", (11.0, "success")), Item("deployed", "a", (1,))}
SECOND = {
    Item("sync.started", "a", (20.0,)),
    Item("sync.finished", "a", (21.0, "failure")),
    Item("deployed", "a", (2,)),
}
SICK = {Item("health.changed", "a", ("Degraded", 12.0)), Item("health.changed", "a", ("Healthy", 13.0))}
END = {Item("deleted", "a"), Item("created", "b"), Item("health.changed", "b", ("Missing", 14.0))}


def ledger(*blinds: Blind) -> Ledger:
    found = Ledger()
    for look in LOOKS:
        found.note("shop-prod", look)
    found.blinds += blinds
    return found


def test_all_that_happened() -> None:
    assert items(LOOKS) == ledger().all() == ledger().required() == FIRST | SECOND | SICK | END
    assert ledger().alive() == {"b": LOOKS[-1]}


@pytest.mark.parametrize(
    ("blind", "excused"),
    [
        (Blind(1, 1), set[Item]()),
        (Blind(1, 2), set[Item]()),
        (Blind(1, 3), set[Item]()),
        (Blind(1, 5), (FIRST | SICK) - {Item("deployed", "a", (1,))}),
        (Blind(3, 4), SICK - {Item("health.changed", "a", ("Healthy", 13.0))}),
        (Blind(3, 5), SICK),
        (Blind(1, 6), FIRST | SECOND | SICK),
        (Blind(1, 7), FIRST | SECOND | SICK | {Item("health.changed", "b", ("Missing", 14.0))}),
        (Blind(7, 9), set[Item]()),
    ],
)
def test_a_blind_excuses_what_is_between_its_ends(blind: Blind, excused: set[Item]) -> None:
    """Not what the object still tells at its end: the last sync, what was deployed, that it is another one."""
    assert ledger().all() - ledger(blind).required() == excused


def test_what_happened_within_a_blind_may_be_told_late() -> None:
    assert ledger().late() == set()
    assert ledger(Blind(1, 3), Blind(5, 6)).late() == FIRST | {Item("deleted", "a")}


def test_two_blinds_that_overlap_are_one() -> None:
    assert merged([Blind(5, 9), Blind(1, 3), Blind(2, 4)]) == [Blind(1, 4), Blind(5, 9)]
    assert merged([Blind(1, 3), Blind(3, 4)]) == [Blind(1, 3), Blind(3, 4)], "between them all was seen"


def test_one_that_was_born_and_died_unseen_was_never_there() -> None:
    found = Ledger()
    for look in (Look(0), Look(4, "a", health="Missing"), Look(5)):
        found.note("shop-prod", look)
    found.blinds.append(Blind(3, 6))
    assert found.required() == set()
    assert found.all() == {Item("created", "a"), Item("deleted", "a"), Item("health.changed", "a", ("Missing", 0.0))}


def test_a_document_is_a_look() -> None:
    shop = Shop("prod")
    before = look_of(shop.now(), 1, "a")
    assert (before.health, before.synced, before.result, before.deployments) == ("Missing", "OutOfSync", "", ())
    running = look_of(shop.runs(1), 2, "a")
    ended = look_of(shop.ends(1), 3, "a")
    assert (ended.synced, ended.result, ended.deployments) == ("Synced", "success", (0,))
    assert {item.kind for item in step(before, running)} == {"sync.started"}
    assert {item.kind for item in step(running, ended)} == {"sync.finished", "deployed"}
    assert {item.kind for item in step(before, ended)} == {"sync.started", "sync.finished", "deployed"}
