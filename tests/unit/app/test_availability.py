"""What has been listed, what cannot be, and what readiness follows from it."""

from typing import Final

import pytest

from observability.app.availability import Availability
from observability.model.observation import (
    Alive,
    Kind,
    Listed,
    Listing,
    Malformed,
    Observation,
    Restarted,
    Scope,
    Unavailable,
)
from tests.builders import NOON, application, seen

APPLICATIONS: Final = Scope(Kind.APPLICATION)
APPLICATIONSETS: Final = Scope(Kind.APPLICATIONSET)
PROJECTS: Final = Scope(Kind.PROJECT)
ALL: Final = (APPLICATIONS, APPLICATIONSETS, PROJECTS)


def listed(*scopes: Scope) -> list[Observation]:
    return [Listed(scope, "1", NOON) for scope in scopes]


def unavailable(scope: Scope, reason: str) -> Unavailable:
    return Unavailable(scope, reason, "the message")


def after(*observations: Observation, scopes: tuple[Scope, ...] = ALL) -> Availability:
    availability = Availability(scopes)
    for observation in observations:
        availability.take(observation)
    return availability


def test_at_first_nothing_is_in() -> None:
    availability = after()
    assert not availability.is_ready
    assert not any(availability.is_settled(kind) or availability.is_available(kind) for kind in Kind)
    assert availability.waiting_for() == [
        "Application in all namespaces: not listed yet",
        "ApplicationSet in all namespaces: not listed yet",
        "AppProject in all namespaces: not listed yet",
    ]


def test_it_is_ready_when_each_kind_has_been_listed() -> None:
    assert not after(*listed(APPLICATIONS, PROJECTS)).is_ready
    availability = after(*listed(*ALL))
    assert availability.is_ready
    assert availability.waiting_for() == []
    assert all(availability.is_in(kind) and availability.is_available(kind) for kind in Kind)


def test_every_namespace_has_to_be_listed() -> None:
    a, b = Scope(Kind.APPLICATION, "team-a"), Scope(Kind.APPLICATION, "team-b")
    scopes = (a, b, APPLICATIONSETS, PROJECTS)
    availability = after(*listed(a, APPLICATIONSETS, PROJECTS), scopes=scopes)
    assert not availability.is_ready
    assert availability.waiting_for() == ["Application in namespace team-b: not listed yet"]
    assert after(*listed(*scopes), scopes=scopes).is_ready


@pytest.mark.parametrize("reason", ["forbidden", "not_found"])
def test_what_is_refused_holds_up_nothing(reason: str) -> None:
    availability = after(*listed(APPLICATIONS, PROJECTS), unavailable(APPLICATIONSETS, reason))
    assert availability.is_ready
    assert availability.is_settled(Kind.APPLICATIONSET)
    assert not availability.is_in(Kind.APPLICATIONSET)
    assert not availability.is_available(Kind.APPLICATIONSET)


@pytest.mark.parametrize("reason", ["unreachable", "unauthorized"])
def test_what_is_out_of_reach_is_waited_for(reason: str) -> None:
    availability = after(*listed(APPLICATIONS, PROJECTS), unavailable(APPLICATIONSETS, reason))
    assert not availability.is_ready
    assert availability.waiting_for() == [f"ApplicationSet in all namespaces: {reason}"]


def test_without_applications_there_is_nothing_to_show() -> None:
    availability = after(*listed(APPLICATIONSETS, PROJECTS), unavailable(APPLICATIONS, "forbidden"))
    assert not availability.is_ready
    assert availability.waiting_for() == ["Application in all namespaces: forbidden"]


def test_applications_of_one_namespace_are_something_to_show() -> None:
    a, b = Scope(Kind.APPLICATION, "team-a"), Scope(Kind.APPLICATION, "team-b")
    scopes = (a, b, APPLICATIONSETS, PROJECTS)
    availability = after(*listed(a, APPLICATIONSETS, PROJECTS), unavailable(b, "forbidden"), scopes=scopes)
    assert availability.is_ready
    assert not availability.is_available(Kind.APPLICATION)


def test_once_ready_it_stays_ready_while_the_api_server_is_away() -> None:
    availability = after(*listed(*ALL), unavailable(APPLICATIONS, "unreachable"), unavailable(PROJECTS, "forbidden"))
    assert availability.is_ready
    assert availability.is_in(Kind.APPLICATION)
    assert not availability.is_available(Kind.APPLICATION)
    assert availability.is_available(Kind.APPLICATIONSET)
    assert availability.watched() == [
        "Application in all namespaces: unreachable",
        "ApplicationSet in all namespaces: listed",
        "AppProject in all namespaces: forbidden",
    ]


@pytest.mark.parametrize("back", [Restarted(APPLICATIONS, "outage"), Listed(APPLICATIONS, "2", NOON)])
def test_it_is_available_again_when_it_is_watched_again(back: Observation) -> None:
    availability = after(*listed(*ALL), unavailable(APPLICATIONS, "unreachable"), back)
    assert availability.is_available(Kind.APPLICATION)


def test_a_kind_that_is_installed_later_comes_in() -> None:
    availability = after(*listed(APPLICATIONS, PROJECTS), unavailable(APPLICATIONSETS, "not_found"))
    for observation in [Listing(APPLICATIONSETS, "outage"), *listed(APPLICATIONSETS)]:
        availability.take(observation)
    assert availability.is_in(Kind.APPLICATIONSET)
    assert availability.is_available(Kind.APPLICATIONSET)


@pytest.mark.parametrize(
    "observation",
    [
        Listing(APPLICATIONS, "start"),
        Alive(APPLICATIONS, "1", NOON),
        Malformed(APPLICATIONS, application().key, "spec", "expected an object", skipped=True),
        seen(application()),
    ],
)
def test_nothing_else_says_anything_of_it(observation: Observation) -> None:
    availability = after(observation)
    assert availability.watched() == after().watched()
    assert not availability.is_settled(Kind.APPLICATION)
