"""What waits together, and what of it may be written."""

from msgspec.structs import replace

from observability.journal.batch import Batch, sift
from observability.journal.group import Group
from observability.model.event import Event
from observability.model.observation import Kind, Scope
from tests import journals
from tests.builders import NOON
from tests.journals import event, group, key


def batch(*groups: Group) -> Batch:
    made = Batch()
    for one in groups:
        assert made.add(one) == []
    return made


def test_later_groups_replace_what_earlier_ones_saved() -> None:
    scope = Scope(Kind.APPLICATION)
    made = batch(
        Group(observed_at=NOON, states={key(): b"1", key("a"): b"1"}, cursors={scope: "1"}, values={"v": b"1"}),
        Group(observed_at=NOON + 1, states={key(): b"2", key("a"): None}, cursors={scope: "2"}, values={"v": None}),
    )
    assert made.states == {key(): b"2", key("a"): None}
    assert made.cursors == {scope: ("2", NOON + 1)}
    assert made.values == {"v": None}


def test_with_room_all_records_are_kept_in_order() -> None:
    made = batch(group([event(1), event(2)]), group([event(3)]))
    sifted = sift(made, (), room=True)
    assert journals.numbers([one.record for one in sifted.kept]) == [1, 2, 3]
    assert sifted.folded == {}
    assert sifted.counts == (0, 0)


def test_without_room_records_are_counted_by_object() -> None:
    made = batch(group([event(1), event(2, "a")]), group([event(3)]))
    sifted = sift(made, (), room=False)
    assert sifted.kept == ()
    assert sifted.folded == {key(): 2, key("a"): 1}
    assert sifted.counts == (2, 1)


def test_records_of_a_folded_object_are_folded_until_it_is_unfolded() -> None:
    made = batch(group([event(1), event(2, "a")]), group([event(3)], unfolded=[key()]), group([event(4)]))
    sifted = sift(made, {key()}, room=True)
    assert journals.numbers([one.record for one in sifted.kept]) == [2, 3, 4]
    assert sifted.counts == (1, 0, 0)
    assert sifted.unfolded == {key()}


def test_without_room_nothing_is_unfolded() -> None:
    sifted = sift(batch(group([event(1)], unfolded=[key()])), {key()}, room=False)
    assert sifted.unfolded == frozenset()
    assert sifted.counts == (1,)


def test_records_that_were_given_up_are_counted_once_and_the_rest_waits() -> None:
    made = batch(group([event(1)], b"state"))
    made.give_up_records(sift(made, (), room=False))
    assert made.add(group([event(2)])) == []
    sifted = sift(made, {key()}, room=True)
    assert sifted.folded == {key(): 2}
    assert sifted.counts == (1,)
    assert made.states == {key(): b"state"}


def test_a_record_without_an_object_is_counted_too() -> None:
    lonely = event(1)
    made = Batch()
    made.add(group([_about("Service/shop", lonely.id)]))
    assert sift(made, (), room=False).folded == {None: 1}


def test_a_record_that_cannot_be_written_is_left_out_alone() -> None:
    made = Batch()
    failures = made.add(group([event(1), _about("\ud800", "a"), event(2)]))
    assert len(failures) == 1
    assert made.records == 2


def test_an_empty_batch_is_false() -> None:
    assert not Batch()
    made = Batch()
    made.acknowledge("a", 3)
    made.acknowledge("a", 2)
    assert made
    assert made.acknowledged == {"a": 3}


def _about(subject: str, identifier: str) -> Event:
    return replace(event(1), subject=subject, id=identifier)
