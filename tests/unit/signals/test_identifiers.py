"""Identifiers follow from what happened alone."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from observability.model.promotion import Journey, PromotionKey, SyncMark
from observability.model.state import Run
from observability.model.status import SyncKind
from observability.signals import identifiers
from tests.builders import NOON

RUN = Run(kind=SyncKind.MANUAL, automated=False, started_at=NOON)
SYNC = SyncMark("argocd", "shop-prod", "uid", NOON)
JOURNEY = Journey("argocd", "shop", "shop", PromotionKey.REVISION, ("a" * 40,))


def test_they_stay_what_they_are() -> None:
    assert identifiers.run_id("eu", "uid", RUN) == "1de90c242c13fd3e7af5d0cf24754c28"
    assert identifiers.sync_trace("eu", SYNC) == "60f99971d6c7529bfd475cd9fab149a3"
    assert identifiers.sync_span("eu", SYNC) == "58243a94b39bc4d4"
    assert identifiers.journey_trace("eu", JOURNEY) == "261b44e1cd55128b93585c57d1c427d0"
    assert identifiers.journey_span(identifiers.journey_trace("eu", JOURNEY)) == "574eda049263fceb"


def test_a_run_is_the_same_while_it_goes_on() -> None:
    later = replace(RUN, finished_at=NOON + 5, retries=2, message="done", initiator="alice", requested_at=NOON - 1)
    assert identifiers.run_id("eu", "uid", later) == identifiers.run_id("eu", "uid", RUN)


def test_two_within_one_second_are_two() -> None:
    assert identifiers.run_id("", "uid", RUN) != identifiers.run_id("", "uid", replace(RUN, number=1))


def test_what_is_only_requested_has_one_of_its_own() -> None:
    requested = replace(RUN, started_at=None, requested_at=NOON)
    assert identifiers.run_id("", "uid", requested) != identifiers.run_id("", "uid", RUN)


def test_zero_is_no_identifier() -> None:
    assert all(identifiers.derived(1, str(number)) != "00" for number in range(2_000))


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_other_parts_make_another_one(one: list[str], other: list[str]) -> None:
    assert (identifiers.derived(16, *one) == identifiers.derived(16, *other)) == (one == other)


def test_the_same_number_makes_the_same_one() -> None:
    assert identifiers.derived(8, 1) == identifiers.derived(8, 1.0)
