"""What is remembered of promotions: bounded, saved, restored, and the same whatever happens."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observability.model.promotion import Arrived, Delivered, Happening
from observability.model.state import ApplicationState, Change
from observability.state.promotion import PREFIX, Promotions
from tests.builders import NOON
from tests.fleet import Fleet, image
from tests.promoted import ALL, ENVIRONMENTS, SERVICE, Watcher, by_path


def test_memory_is_bounded() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    for number in range(40):
        fleet.sync("shop-dev", f"{number:040}", image(f"1.{number}.0"))
        if number % 7 == 0:
            fleet.sync("shop-staging", f"{number:040}", image(f"1.{number}.0"))
    largest = watcher.saved[f"{PREFIX}shop/shop"]
    assert largest is not None
    assert len(largest) < 4_000


@pytest.mark.parametrize(
    "blob", [b"", b"\x00", b"\x02\x93", b"\x01", b"\x01\xc1", b"\x01\x93\xa6argocd\xa5other\xa4shop", b"\x01\xff\xff"]
)
def test_a_blob_that_cannot_be_read_is_told(blob: bytes) -> None:
    promotions = Promotions(ENVIRONMENTS)
    assert promotions.restore({f"{PREFIX}shop/shop": blob, "tallies": b"?"}) == (f"{PREFIX}shop/shop",)
    assert list(promotions.states()) == []


def test_one_change_that_fails_does_not_stop_the_others() -> None:
    promotions = Promotions(ENVIRONMENTS)
    failures: list[Exception] = []
    broken: list[Change] = []
    fleet = Fleet(broken.extend)
    fleet.there(*ALL)
    promotions._services[SERVICE.project, "shop"] = b"\x01broken"  # type: ignore[index]  # noqa: SLF001
    promotions.apply(broken, failures.append)
    assert len(failures) == 3


def test_what_was_not_saved_begins_with_what_runs_now() -> None:
    heard: list[Change] = []
    watcher = Watcher()

    def hear(changes: Sequence[Change]) -> None:
        heard.extend(changes)
        watcher.told(changes)

    fleet = Fleet(hear)
    fleet.there(*ALL)
    known = [change.after for change in heard if isinstance(change.after, ApplicationState)]
    watcher.promotions = Promotions(ENVIRONMENTS)
    step = watcher.promotions.begin(known, NOON)
    assert step.happenings == ()
    assert len(step.states) == 2
    assert watcher.promotions.begin(known, NOON).states == {}
    fleet.sync("shop-dev", "b", image("1.1.0"))
    assert watcher.happened == ["dev b success"]


STEPS: Final[tuple[Callable[[Fleet, str], None], ...]] = (
    lambda fleet, name: fleet.sync(name, "b", image("1.1.0")),
    lambda fleet, name: fleet.sync(name, "c", image("1.2.0")),
    lambda fleet, name: fleet.sync(name, "d"),
    lambda fleet, name: fleet.start(name, "e", image("1.3.0")),
    lambda fleet, name: fleet.recover(name, image("1.3.0")),
    lambda fleet, name: fleet.degrade(name),
    lambda fleet, name: fleet.fail(name, "f"),
    lambda fleet, name: fleet.move(name, "g"),
    lambda fleet, name: fleet.sync(name, "a", image("1.0.0"), git="c", apply_only=True),
)
LATER: Final[tuple[Callable[[Fleet, str], None], ...]] = (
    *STEPS,
    lambda fleet, name: fleet.edit(name, muted_until=fleet.now),
    lambda fleet, name: fleet.edit(name, images=image("1.4.0")),
    lambda fleet, name: fleet.edit(name, images=image("1.3.0") + image("1.4.0")),
    lambda fleet, name: fleet.edit(name, **by_path(name)),
    lambda fleet, name: setattr(fleet, "now", fleet.now + 61),
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LATER), st.sampled_from((*ALL, "cart-dev", "cart-prod"))), max_size=16),
    st.sampled_from(["auto", "revision", "images"]),
)
def test_whatever_happens_all_that_stands_otherwise_is_told_and_nothing_else(
    steps: list[tuple[Callable[[Fleet, str], None], str]], key: str
) -> None:
    promotions = Promotions(ENVIRONMENTS, key)

    def hear(changes: Sequence[Change]) -> None:
        before = {state.pair: state for state in promotions.states()}
        told = promotions.apply(changes).states
        after = {state.pair: state for state in promotions.states()}
        gone = dict.fromkeys(before.keys() - after.keys())
        assert told == {pair: state for pair, state in after.items() if before.get(pair) != state} | gone

    fleet = Fleet(hear)
    fleet.there(*ALL, "cart-dev", "cart-prod", images=())
    for step, name in steps:
        step(fleet, name)
    for name in ALL:
        fleet.delete(name)
    assert {state.pair.service for state in promotions.states()} == {"cart"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LATER), st.sampled_from((*ALL, "cart-dev", "cart-prod"))), max_size=16),
    st.sampled_from(["auto", "revision", "images"]),
)
def test_whatever_is_kept_as_it_was_read_the_same_follows(
    steps: list[tuple[Callable[[Fleet, str], None], str]], key: str
) -> None:
    kept, forgetful = Promotions(ENVIRONMENTS, key), Promotions(ENVIRONMENTS, key, most_read=1)

    def hear(changes: Sequence[Change]) -> None:
        assert kept.apply(changes) == forgetful.apply(changes)

    fleet = Fleet(hear)
    fleet.there(*ALL, "cart-dev", "cart-prod")
    for step, name in steps:
        step(fleet, name)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LATER), st.sampled_from(ALL)), max_size=12),
    st.sampled_from(["auto", "revision", "images"]),
    st.randoms(use_true_random=False),
)
def test_whatever_happens_saved_and_restored_goes_on_the_same(
    steps: list[tuple[Callable[[Fleet, str], None], str]], key: str, chance: Random
) -> None:
    whole, parts = Promotions(ENVIRONMENTS, key), [Promotions(ENVIRONMENTS, key)]
    told: tuple[list[Happening], list[Happening]] = ([], [])
    saved: dict[str, bytes | None] = {}

    def hear(changes: Sequence[Change]) -> None:
        told[0].extend(whole.apply(changes).happenings)
        for change in changes:
            step = parts[-1].apply([change])
            told[1].extend(step.happenings)
            saved.update(step.saved)
        if chance.random() < 0.2:
            parts.append(Promotions(ENVIRONMENTS, key))
            assert parts[-1].restore({name: blob for name, blob in saved.items() if blob is not None}) == ()

    fleet = Fleet(hear)
    fleet.there(*ALL)
    for step, name in steps:
        step(fleet, name)
    assert told[0] == told[1]
    assert list(whole.states()) == list(parts[-1].states())
    spans = [one for one in told[0] if isinstance(one, Delivered)]
    assert all(one.started_at <= one.ended_at for one in spans)
    roots = [one.journey for one in told[0] if isinstance(one, Arrived)]
    assert len(roots) == len(set(map(repr, roots)))
