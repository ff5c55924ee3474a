"""What travels between environments: what waits, what is delivered, what has arrived."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observability.model.application import Source
from observability.model.promotion import Arrived, Delivered, Happening, Pair, Promoted, PromotionState, SyncMark
from observability.model.state import ApplicationState, Change
from observability.model.status import Result
from observability.state.promotion import PREFIX, Promotions
from tests.builders import NOON
from tests.fleet import Fleet, image

ENVIRONMENTS: Final = ("dev", "staging", "prod")
ALL: Final = ("shop-dev", "shop-staging", "shop-prod")
SERVICE: Final = Pair("argocd", "shop", "shop", "dev", "staging")


class Watcher:
    """A fleet, and the promotions that follow from it: `happened` in short, `states` as they are now."""

    def __init__(self, key: str = "auto", environments: tuple[str, ...] = ENVIRONMENTS) -> None:
        self.promotions = Promotions(environments, key)
        self.fleet = Fleet(self.told)
        self.happenings: list[Happening] = []
        self.states: dict[Pair, PromotionState | None] = {}
        self.saved: dict[str, bytes | None] = {}

    def told(self, changes: Sequence[Change]) -> None:
        step = self.promotions.apply(changes)
        self.happenings.extend(step.happenings)
        self.states.update(step.states)
        self.saved.update(step.saved)

    @property
    def happened(self) -> list[str]:
        return [short(one) for one in self.happenings]

    def state(self, from_environment: str, to_environment: str) -> PromotionState:
        state = self.states[SERVICE._replace(from_environment=from_environment, to_environment=to_environment)]
        assert state is not None
        return state


def short(happening: Happening) -> str:
    """A happening in few words."""
    match happening:
        case Delivered():
            value = ",".join(one.rpartition(":")[2] for one in happening.journey.value)
            number = f"#{happening.journey.number}" if happening.journey.number else ""
            return f"{happening.environment} {value}{number} {happening.result}"
        case Arrived():
            value = ",".join(one.rpartition(":")[2] for one in happening.journey.value)
            return f"{value} {'arrived' if happening.complete else 'superseded'} ({' '.join(happening.environments)})"
        case Promoted():
            value = ",".join(one.rpartition(":")[2] for one in happening.value)
            return f"{happening.pair.from_environment}>{happening.pair.to_environment} {value}"


def by_path(environment: str) -> dict[str, Any]:
    """Sources of an environment with a directory of its own."""
    return {
        "sources": (Source("https://git.example.com/shop.git", path=f"envs/{environment}", target_revision="main"),)
    }


def test_a_revision_travels_where_environments_share_a_path() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    for name in ALL:
        fleet.sync(name, "b", image("1.1.0"))
    assert watcher.happened == [
        "dev b success",
        "staging b success",
        "dev>staging b",
        "prod b success",
        "b arrived (dev staging prod)",
        "staging>prod b",
    ]


def test_images_travel_where_environments_have_directories_of_their_own() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    for name in ALL:
        fleet.there(name, **by_path(name.removeprefix("shop-")))
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-staging", "c", image("1.1.0"))
    fleet.sync("shop-prod", "d", image("1.1.0"))
    assert watcher.happened == [
        "dev 1.1.0 success",
        "staging 1.1.0 success",
        "dev>staging 1.1.0",
        "prod 1.1.0 success",
        "1.1.0 arrived (dev staging prod)",
        "staging>prod 1.1.0",
    ]
    assert [one.revision for one in watcher.happenings if isinstance(one, Delivered)] == [("b",), ("c",), ("d",)]


def test_what_was_there_before_is_no_news() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    assert watcher.happened == []
    assert watcher.state("dev", "staging") == PromotionState(
        SERVICE, watcher.state("dev", "staging").key, revision_match=True, images_match=True
    )


def test_what_waits_waits_since_the_oldest_of_it_was_deployed() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-dev", "c", image("1.2.0"))
    since = watcher.happenings[0]
    assert isinstance(since, Delivered)
    state = watcher.state("dev", "staging")
    assert (state.pending, state.pending_since, state.revision_match, state.images_match) == (
        True,
        NOON + 1,
        False,
        False,
    )
    fleet.sync("shop-staging", "b", image("1.1.0"))
    state = watcher.state("dev", "staging")
    assert state.pending
    assert state.pending_since == NOON + 8
    fleet.sync("shop-staging", "c", image("1.2.0"))
    assert not watcher.state("dev", "staging").pending
    assert watcher.state("dev", "staging").pending_since is None


def test_a_sync_that_changes_neither_revision_nor_image_starts_no_journey() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.sync("shop-dev", "a")
    assert watcher.happened == []


def test_configuration_of_one_environment_does_not_travel() -> None:
    watcher = Watcher()
    for name in ALL:
        watcher.fleet.there(name, **by_path(name))
    watcher.fleet.sync("shop-prod", "b")
    watcher.fleet.sync("shop-staging", "c")
    assert watcher.happened == []
    assert not watcher.state("staging", "prod").pending


def test_configuration_does_not_make_what_arrived_long_ago_arrive_again() -> None:
    watcher = Watcher("images")
    fleet = watcher.fleet
    fleet.there(*ALL)
    for name in ALL:
        fleet.sync(name, "b", image("1.1.0"))
    known = len(watcher.happenings)
    for name in ALL:
        fleet.sync(name, "c")
    assert watcher.happened[known:] == []
    fleet.sync("shop-prod", "d", image("1.2.0"))
    assert not watcher.state("staging", "prod").pending


def test_what_a_later_sync_shows_is_not_what_an_earlier_one_brought() -> None:
    watcher = Watcher("images")
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-prod", "b")
    fleet.fail("shop-prod", "c")
    fleet.edit("shop-prod", images=("registry.example.com/hook:1", "registry.example.com/shop:1.0.0"))
    assert watcher.happened == []


def test_images_that_come_late_are_delivered() -> None:
    watcher = Watcher("images")
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "b")
    fleet.edit("shop-dev", images=image("1.1.0"))
    assert watcher.happened == ["dev 1.1.0 success"]
    fleet.now += 600
    fleet.edit("shop-dev", images=image("1.2.0"))
    assert watcher.happened == ["dev 1.1.0 success"]
    assert watcher.state("dev", "staging").images_match is False


def test_images_of_what_was_there_are_taken_in_whenever_they_are_seen_first() -> None:
    watcher = Watcher("images")
    fleet = watcher.fleet
    fleet.there(*ALL, images=())
    fleet.now += 600
    for name in ALL:
        fleet.edit(name, images=image("1.0.0"))
    assert watcher.state("dev", "staging").images_match
    assert not watcher.state("staging", "prod").pending
    assert watcher.happened == []


def test_images_that_somebody_changes_long_after_the_deployment_are_seen() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    for images, same in ((image("1.0.0"), True), (image("9.9.9"), False), (image("1.0.0"), True)):
        fleet.now += 7200
        fleet.edit("shop-dev", images=image("1.0.0"))
        fleet.edit("shop-staging", images=images)
        assert watcher.state("dev", "staging").images_match is same
    assert watcher.happened == []


@pytest.mark.parametrize("how", ["partial", "local", "dry_run"])
def test_only_full_syncs_from_git_count(how: str) -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.sync("shop-dev", "b", image("1.1.0"), **{how: True})
    assert watcher.happened == []
    assert not watcher.state("dev", "staging").pending


def test_git_that_moves_on_beside_the_path_is_no_promotion() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.move("shop-dev", "readme")
    watcher.fleet.move("shop-staging", "readme")
    assert watcher.happened == []
    assert watcher.state("dev", "staging").revision_match
    watcher.fleet.sync("shop-staging", "readme")
    assert watcher.state("dev", "staging").revision_match
    assert not watcher.state("dev", "staging").pending


def test_a_commit_undone_before_anybody_synced_leaves_nothing() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.edit("shop-prod", sync="OutOfSync")
    watcher.fleet.move("shop-prod", "a")
    assert watcher.happened == []


def test_a_sync_to_the_older_of_two_commits_is_a_journey_of_its_own() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "c", image("1.2.0"))
    fleet.sync("shop-staging", "c", image("1.2.0"))
    fleet.sync("shop-prod", "b", image("1.1.0"), git="c")
    assert watcher.happened[3:] == ["prod b success", "b arrived (prod)"]
    assert watcher.state("staging", "prod").pending
    fleet.sync("shop-prod", "c", image("1.2.0"))
    assert watcher.happened[5:] == ["prod c success", "c arrived (dev staging prod)", "staging>prod c"]


def test_an_environment_that_is_skipped() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-prod", "b", image("1.1.0"))
    fleet.sync("shop-staging", "b", image("1.1.0"))
    assert watcher.happened == [
        "dev b success",
        "prod b success",
        "b arrived (dev prod)",
        "dev>prod b",
        "staging b success",
        "dev>staging b",
    ]


def test_a_rollback_is_no_promotion_and_nothing_waits_after_it() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    for name in ALL:
        fleet.sync(name, "b", image("1.1.0"))
    known = len(watcher.happenings)
    fleet.sync("shop-prod", "a", image("1.0.0"), git="b", apply_only=True)
    assert watcher.happened[known:] == []
    state = watcher.state("staging", "prod")
    assert (state.pending, state.revision_match, state.images_match) == (False, False, False)
    fleet.sync("shop-dev", "a", image("1.0.0"), git="b", apply_only=True)
    assert watcher.happened[known:] == []
    assert not watcher.state("dev", "staging").pending


def test_images_that_come_back_by_git_travel_anew() -> None:
    watcher = Watcher("images")
    fleet = watcher.fleet
    fleet.there(*ALL)
    for version, revision in (("1.1.0", "b"), ("1.2.0", "c"), ("1.1.0", "d")):
        fleet.sync("shop-dev", revision, image(version))
        fleet.sync("shop-staging", revision, image(version))
    assert watcher.happened == [
        "dev 1.1.0 success",
        "staging 1.1.0 success",
        "dev>staging 1.1.0",
        "dev 1.2.0 success",
        "staging 1.2.0 success",
        "1.1.0 superseded (dev staging)",
        "dev>staging 1.2.0",
        "dev 1.1.0#1 success",
        "staging 1.1.0#1 success",
        "1.2.0 superseded (dev staging)",
        "dev>staging 1.1.0",
    ]


def test_a_degraded_delivery_has_failed_and_is_delivered_once_it_recovers() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.start("shop-dev", "b", image("1.1.0"))
    fleet.degrade("shop-dev")
    assert watcher.happened == ["dev b failure"]
    fleet.recover("shop-dev", image("1.1.0"))
    failed, delivered = watcher.happenings
    assert isinstance(failed, Delivered)
    assert isinstance(delivered, Delivered)
    assert delivered.result is Result.SUCCESS
    assert delivered.started_at == failed.ended_at


def test_the_images_of_a_degraded_delivery_are_the_new_ones() -> None:
    watcher = Watcher("images")
    watcher.fleet.there(*ALL)
    watcher.fleet.start("shop-dev", "b", image("1.1.0"))
    watcher.fleet.degrade("shop-dev")
    assert watcher.happened == ["dev 1.1.0 failure"]


def test_a_sync_that_fails_is_a_delivery_that_fails_where_the_revision_travels() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.fail("shop-dev", "b")
    fleet.edit("shop-dev", muted_until=1.0)
    assert watcher.happened == ["dev b failure"]
    fleet.sync("shop-dev", "b", image("1.1.0"))
    assert watcher.happened == ["dev b failure", "dev b success"]


def test_the_images_of_a_sync_that_fails_are_not_known() -> None:
    watcher = Watcher("images")
    watcher.fleet.there(*ALL)
    watcher.fleet.fail("shop-dev", "b")
    assert watcher.happened == []


def test_what_is_overtaken_before_it_is_healthy_is_cancelled() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.start("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-dev", "c", image("1.2.0"))
    assert watcher.happened == ["dev b cancellation", "dev c success", "b superseded ()"]


def test_an_environment_of_several_applications_has_it_once_all_have() -> None:
    watcher = Watcher()
    fleet = Fleet(watcher.told, r"(?P<service>shop)-(?:eu-|us-)?(?P<environment>dev|prod)")
    fleet.there("shop-dev", "shop-eu-prod", "shop-us-prod")
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-eu-prod", "b", image("1.1.0"))
    assert watcher.happened == ["dev b success"]
    assert watcher.state("dev", "prod").pending
    fleet.sync("shop-us-prod", "b", image("1.1.0"))
    assert watcher.happened[1:] == ["prod b success", "b arrived (dev prod)", "dev>prod b"]
    assert not watcher.state("dev", "prod").pending
    delivered = watcher.happenings[1]
    assert isinstance(delivered, Delivered)
    assert [one.name for one in delivered.syncs] == ["shop-eu-prod", "shop-us-prod"]


def test_an_application_that_is_found_later_changes_nothing_that_was_told() -> None:
    watcher = Watcher()
    fleet = Fleet(watcher.told, r"(?P<service>shop)-(?:eu-|us-)?(?P<environment>dev|prod)")
    fleet.there("shop-dev", "shop-eu-prod")
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-eu-prod", "b", image("1.1.0"))
    known = len(watcher.happenings)
    fleet.there("shop-us-prod")
    assert watcher.happened[known:] == []
    assert watcher.state("dev", "prod").revision_match is False
    fleet.sync("shop-us-prod", "b", image("1.1.0"))
    assert watcher.happened[known:] == []
    assert watcher.state("dev", "prod").revision_match is True


def test_images_of_several_applications_are_known_once_they_agree() -> None:
    watcher = Watcher("images")
    fleet = Fleet(watcher.told, r"(?P<service>shop)-(?:eu-|us-)?(?P<environment>dev|prod)")
    fleet.there("shop-dev", "shop-eu-prod", "shop-us-prod")
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-eu-prod", "b", image("1.1.0"))
    fleet.now += 3600
    fleet.edit("shop-eu-prod", muted_until=1.0)
    assert watcher.happened == ["dev 1.1.0 success"]
    fleet.sync("shop-us-prod", "b", image("1.1.0"))
    assert watcher.happened[1:] == ["prod 1.1.0 success", "1.1.0 arrived (dev prod)", "dev>prod 1.1.0"]


def test_neighbours_are_the_environments_that_are_there() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.delete("shop-staging")
    assert {pair for pair, state in watcher.states.items() if state is not None} == {
        SERVICE._replace(to_environment="prod")
    }


def test_mixed_images_are_waited_for() -> None:
    watcher = Watcher("images")
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.start("shop-dev", "b", image("1.1.0"))
    fleet.recover("shop-dev")
    assert watcher.happened == []
    fleet.edit("shop-dev", images=image("1.1.0"))
    assert watcher.happened == ["dev 1.1.0 success"]


def test_mixed_images_that_stay_are_meant_so() -> None:
    watcher = Watcher("images")
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.start("shop-dev", "b", image("1.1.0"))
    fleet.recover("shop-dev")
    fleet.now += 180
    fleet.edit("shop-dev", muted_until=1.0)
    assert watcher.happened == ["dev 1.0.0,1.1.0 success"]


def test_a_service_in_one_environment_makes_no_journey() -> None:
    watcher = Watcher()
    watcher.fleet.there("shop-dev")
    watcher.fleet.start("shop-dev", "b", image("1.1.0"))
    watcher.fleet.sync("shop-dev", "c", image("1.2.0"))
    watcher.fleet.fail("shop-dev", "d")
    assert watcher.happened == []
    assert watcher.states == {}


def test_environments_without_an_order_are_left_out() -> None:
    watcher = Watcher(environments=("dev", "prod"))
    watcher.fleet.there(*ALL)
    assert set(watcher.states) == {SERVICE._replace(to_environment="prod")}


def test_a_new_application_is_delivered_to() -> None:
    watcher = Watcher()
    watcher.fleet.there("shop-dev", "shop-staging", revision="b", images=image("1.1.0"))
    watcher.fleet.create("shop-prod")
    watcher.fleet.sync("shop-prod", "b", image("1.1.0"))
    assert watcher.happened == ["prod b success", "b arrived (prod)", "staging>prod b"]


def test_what_is_gone_leaves_nothing() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.delete("shop-prod")
    assert watcher.states[SERVICE._replace(from_environment="staging", to_environment="prod")] is None
    fleet.delete("shop-staging")
    fleet.delete("shop-dev")
    assert watcher.happened[-1] == "b superseded (dev)"
    assert set(watcher.states.values()) == {None}
    assert watcher.saved == {f"{PREFIX}shop/shop": None}


def test_one_that_is_born_again_begins_anew() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.delete("shop-dev")
    fleet.create("shop-dev", uid="another")
    fleet.sync("shop-dev", "b", image("1.1.0"))
    assert watcher.happened == ["dev b success"]
    delivered = watcher.happenings[0]
    assert isinstance(delivered, Delivered)
    assert delivered.syncs == (SyncMark("argocd", "shop-dev", "another", NOON + 1),)


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


def test_states_are_those_of_all_services() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL, "cart-dev", "cart-prod")
    assert {state.pair: state for state in watcher.promotions.states()} == watcher.states


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
