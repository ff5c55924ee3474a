"""What makes a service: the Applications and environments that it has, and those that come and go."""

from observability.model.promotion import Delivered, SyncMark
from observability.signals import identifiers
from observability.state.promotion import PREFIX
from tests.builders import NOON
from tests.fleet import Fleet, image
from tests.promoted import ALL, SERVICE, Watcher


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


def test_neighbours_are_the_environments_that_are_there() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.delete("shop-staging")
    assert {pair for pair, state in watcher.states.items() if state is not None} == {
        SERVICE._replace(to_environment="prod")
    }


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


def test_a_service_that_is_born_again_sets_out_on_journeys_of_its_own() -> None:
    watcher = Watcher()
    for name in ALL:
        watcher.fleet.create(name)
    watcher.fleet.sync("shop-dev", "b")
    for name in ALL:
        watcher.fleet.delete(name)
    for name in ALL:
        watcher.fleet.create(name)
    watcher.fleet.sync("shop-dev", "b")
    watcher.fleet.sync("shop-staging", "b")
    delivered = [one for one in watcher.happenings if isinstance(one, Delivered)]
    assert [one.environment for one in delivered] == ["dev", "dev", "staging"]
    before, *now = [identifiers.journey_trace("", one.journey) for one in delivered]
    assert now[0] == now[1] != before


def test_states_are_those_of_all_services() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL, "cart-dev", "cart-prod")
    assert {state.pair: state for state in watcher.promotions.states()} == watcher.states
