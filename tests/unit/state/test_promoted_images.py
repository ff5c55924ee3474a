"""Images that travel between environments: which belong to a deployment, and when they are known."""

from observability.model.promotion import Delivered
from tests.fleet import Fleet, image
from tests.promoted import ALL, Watcher, by_path


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


def test_the_images_of_a_degraded_delivery_are_the_new_ones() -> None:
    watcher = Watcher("images")
    watcher.fleet.there(*ALL)
    watcher.fleet.start("shop-dev", "b", image("1.1.0"))
    watcher.fleet.degrade("shop-dev")
    assert watcher.happened == ["dev 1.1.0 failure"]


def test_the_images_of_a_sync_that_fails_are_not_known() -> None:
    watcher = Watcher("images")
    watcher.fleet.there(*ALL)
    watcher.fleet.fail("shop-dev", "b")
    assert watcher.happened == []


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
