"""Life: every story is told, in the same way for a seed, and all that it makes of the company can be read."""

import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from observability.demo import stories
from observability.demo.application import App
from observability.demo.cluster import furnish
from observability.demo.company import ENVIRONMENTS, TEAMS, Company, found, stamp
from observability.demo.life import FIRST_OUTAGE_AGO, Life
from observability.demo.objects import render
from observability.demo.store import Event, Store
from observability.demo.stories import STORIES, Scene, Step
from observability.sources.applications import decode_application
from observability.sources.engine import Problems

START = 1_795_418_902


def lived(applications: int = 120, steps: int = 20_000, seed: int = 1) -> tuple[Company, Store, list[str]]:
    """A company after so many steps, and what was told."""
    random = Random(seed)
    company = found(applications, random, START)
    store = furnish(company)
    life = Life(store, company, random, stories=max(3, len(company.services) // 3))
    notes = [life.step(stamp(START + int(life.next_at))) for _ in range(steps)]
    return company, store, [note for note in notes if note]


def events(store: Store, plural: str = "applications") -> list[Event]:
    shelf = store.shelves[plural]
    return shelf.since(shelf.tail, shelf.head)


def body(event: Event) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(render(event.record, event.resource_version))
    return decoded


@pytest.mark.parametrize("applications", [0, 1, 2, 3, 100, 121])
def test_there_are_exactly_as_many_applications_as_asked_for(applications: int) -> None:
    company = found(applications, Random(1), START)

    assert len({app.key for app in company.applications}) == applications


def test_names_stay_unique_in_a_large_company() -> None:
    company = found(9_000, Random(1), START)

    assert len({app.key for app in company.applications}) == 9_000
    assert {app.unit.environment for app in company.applications} == set(ENVIRONMENTS)
    assert {app.unit.team for app in company.applications} == {team.name for team in TEAMS}


def test_the_same_seed_is_the_same_life() -> None:
    first, second, other = lived(steps=3_000), lived(steps=3_000), lived(steps=3_000, seed=2)

    assert first[2] == second[2]
    assert events(first[1]) == events(second[1])
    assert first[2] != other[2]


def test_life_without_applications_goes_on() -> None:
    _, store, notes = lived(applications=0, steps=200)

    assert notes == []
    assert events(store) == []


def test_a_company_of_one_application_lives() -> None:
    _, store, _ = lived(applications=1, steps=500)

    assert {event.record.key for event in events(store)} == {("argocd", "checkout-dev")}


def test_a_third_of_all_events_are_comparisons_that_find_nothing() -> None:
    _, store, _ = lived()
    kinds: Counter[bool] = Counter()
    for event in events(store):
        if isinstance(event.before, App) and isinstance(event.record, App):
            kinds[event.before.write(reconciled_at=event.record.reconciled_at) == event.record] += 1

    assert 0.30 <= kinds[True] / kinds.total() <= 0.42


def test_every_update_can_be_decoded_and_says_what_its_record_says() -> None:
    _, store, _ = lived(steps=4_000)
    problems: Problems = []
    for event in events(store):
        assert isinstance(event.record, App)
        facts = decode_application(render(event.record, event.resource_version).encode(), problems)
        assert (facts.namespace, facts.name, facts.uid) == (*event.record.key, event.record.unit.uid)
        assert facts.resource_version == str(event.resource_version)
        assert facts.sync == (event.record.sync or "Unknown")
        assert len(facts.history) == len(event.record.history)
        assert facts.requested is (event.record.operation is not None)
    assert problems == []


def test_each_write_but_that_of_an_annotation_moves_the_generation() -> None:
    _, store, _ = lived(steps=4_000)
    for event in events(store):
        if isinstance(event.record, App) and isinstance(event.before, App) and event.type == "MODIFIED":
            annotated = event.record.refresh_at != "" and event.before.refresh_at == ""
            grown = event.record.generation - event.before.generation
            assert grown == 0 if annotated else grown >= 1


def test_projects_gain_and_lose_their_freezes() -> None:
    _, store, _ = lived(steps=30_000)
    counts = [len(body(event)["spec"]["syncWindows"]) for event in events(store, "appprojects")]

    assert max(counts) > min(counts)
    assert all(body(event)["metadata"]["generation"] > 1 for event in events(store, "appprojects"))


def freezes_per_hour(applications: int) -> float:
    """How often a window is added in virtual time, as hours of life pass."""
    random = Random(1)
    company = found(applications, random, START)
    store = furnish(company)
    life = Life(store, company, random, stories=max(3, len(company.services) // 3))
    added, seconds = 0, 3600 if applications > 1000 else 72_000
    while life.next_at < seconds:
        added += life.step(stamp(START)).endswith(": a sync window forbids changes")
    return added / seconds * 3600


def test_sync_windows_come_as_often_in_a_large_company_as_in_a_small_one() -> None:
    assert freezes_per_hour(4_000) < 2 * freezes_per_hour(120)


def test_sets_roll_out_and_fail_to_generate() -> None:
    _, store, _ = lived(steps=30_000)
    seen = {
        (condition["type"], condition["status"])
        for event in events(store, "applicationsets")
        for condition in body(event)["status"]["conditions"]
    }

    assert {("RolloutProgressing", "True"), ("RolloutProgressing", "False")} <= seen
    assert {("ErrorOccurred", "True"), ("ErrorOccurred", "False")} <= seen


def told(story: Any, seed: int = 1) -> list[App | None]:
    """The updates that one story makes; None is a deletion."""
    random = Random(seed)
    company = found(30, random, START)
    store = furnish(company)
    service = next(one for one in company.services if not one.standing and not one.units[-1].automated and one.pinned)

    def look(key: tuple[str, str]) -> App:
        record = store.get("applications", key)
        assert isinstance(record, App)
        return record

    made: list[App | None] = []
    for step in story(Scene(random, service, look)):
        _apply(step, store, made)
    return made


def _apply(step: Step, store: Store, made: list[App | None]) -> None:
    if step.change is None:
        return
    before = store.get(step.plural, step.key)
    after = step.change(before, stamp(START))
    if after is None:
        store.delete(step.plural, step.key)
    else:
        store.put(step.plural, after)
    if step.plural == "applications" and after is not before:
        assert after is None or isinstance(after, App)
        made.append(after)


@pytest.mark.parametrize("story", [story for _, story in STORIES], ids=lambda story: story.__name__)
@pytest.mark.parametrize("seed", range(5))
def test_every_story_ends_well(story: Any, seed: int) -> None:
    last = {app.key: app for app in told(story, seed) if app is not None}

    assert last
    for app in last.values():
        assert (app.sync, app.health, app.operation) == ("Synced", "Healthy", None)


def test_a_pinned_prod_is_promoted_by_an_edit_of_its_spec() -> None:
    prod = [app for app in told(stories.ship) if app is not None and app.unit.environment == "prod"]
    stale = next(app for app in prod if app.compared is not None and app.target != app.compared.target)
    pending = next(app for app in prod if app.sync == "OutOfSync")

    assert stale.sync == "Synced"
    assert pending.compared is not None
    assert pending.compared.target == pending.target != prod[0].history[-1].release.target
    assert prod.index(stale) < prod.index(pending)


def test_a_rollback_stands_until_git_moves_forward() -> None:
    prod = [app for app in told(stories.break_and_roll_back) if app is not None and app.unit.environment == "prod"]
    rolled = [app for app in prod if app.state and app.state.operation.rollback and not app.operation]

    assert any(app.health == "Degraded" for app in prod)
    assert rolled[-1].history[-1].release == rolled[-1].history[-3].release
    assert rolled[-1].sync == "OutOfSync"


def test_what_is_created_anew_has_another_uid_and_no_history() -> None:
    made = told(stories.rebuild)
    gone = made.index(None)
    before, after = made[gone - 1], made[gone + 1]

    assert before is not None
    assert after is not None
    assert (before.key, before.health) == (after.key, "Missing")
    assert before.unit.uid != after.unit.uid
    assert (after.has_status, after.history) == (False, ())


def outages(seconds: int, speed: float = 1.0, applications: int = 120) -> list[tuple[str, float, float]]:
    """Applications that did not run for minutes: their names, from when until when by the clock of who is called."""
    random = Random(1)
    company = found(applications, random, START)
    store = furnish(company)
    life = Life(store, company, random, stories=3, outages=speed)
    ill: dict[str, float] = {}
    ended = []
    while life.next_at < seconds * speed:
        at = life.next_at / speed
        name, _, words = life.step(stamp(START + int(at))).partition(": ")
        if words.startswith("does not run"):
            ill[name] = at
        elif words == "runs again":
            ended.append((name, ill.pop(name), at))
    return ended


@pytest.mark.parametrize("speed", [0.5, 1.0, 20.0])
def test_the_first_outage_is_there_at_once_and_all_last_until_somebody_is_called(speed: float) -> None:
    first, *others = outages(3600, speed)

    name, began, over = first
    assert name.endswith("-prod")
    assert began == 0
    assert FIRST_OUTAGE_AGO + over - began > 330
    assert len(others) > 3
    assert all(over - began > 330 for _, began, over in others), "five minutes, and time to tell"


@pytest.mark.parametrize("applications", [0, 1, 2])
def test_without_prod_there_is_no_outage(applications: int) -> None:
    assert outages(600, applications=applications) == []


def test_an_application_that_does_not_run_says_since_when() -> None:
    random = Random(1)
    company = found(3, random, START)
    store = furnish(company)
    life = Life(store, company, random, stories=0, outages=1.0)
    while life.next_at < 1:
        life.step(stamp(START))
    records = [store.get("applications", app.key) for app in company.applications]
    (ill,) = [record for record in records if isinstance(record, App) and record.health == "Degraded"]

    assert ill.unit.environment == "prod"
    assert ill.health_since == stamp(START - FIRST_OUTAGE_AGO)
