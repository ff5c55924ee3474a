"""Defects of ours while something is recorded: counted, and what else happens is recorded all the same."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from observability.app import recorder, unsaved
from observability.app.watched import Watched
from observability.journal import writing
from observability.model.application import Condition
from observability.model.event import Event
from observability.model.observation import Alive, Kind
from observability.model.promotion import PromotionStep
from observability.model.state import ApplicationState
from observability.model.status import HealthStatus
from observability.signals.transitions import Context
from observability.state import measures, tallies
from observability.state.promotion import Promotions
from observability.state.saving import dumps
from observability.state.tallies import Tallies
from tests.builders import NOON, listing, seen
from tests.recorders import (
    APPLICATIONS,
    DELIVER,
    HEALTH,
    PROMOTED,
    SHOP,
    Process,
    names,
    running,
    shop,
    synced,
    travels,
)


def broken(*_: object) -> Any:
    raise ArithmeticError("a defect")


@pytest.mark.parametrize("what", ["events_of", "sync_span"])
async def test_a_row_that_fails_is_counted_and_stops_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    healthy = getattr(recorder, what)

    def fails_for_shop(change: Any, context: Context) -> Any:
        return broken() if change.key == SHOP else healthy(change, context)

    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        await process.recorder.finish()
        monkeypatch.setattr(recorder, what, fails_for_shop)
        changed = [
            shop(number, name, health=HealthStatus.DEGRADED) for number, name in ((3, "shop-prod"), (4, "cart-prod"))
        ]
        process.take(*map(seen, changed))
        group = await process.group()
        assert process.failures() == 1
    assert "Application/argocd/cart-prod" in {one.subject for one in group.records if one.name == HEALTH}
    assert {key.name for _, key in group.states} == {"shop-prod", "cart-prod"}
    assert group.cursors == {APPLICATIONS: "4"}


async def test_a_state_that_cannot_be_saved_is_counted_and_stops_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_for_shop(state: Any) -> bytes:
        return dumps(state) if state.facts.key != SHOP else broken()

    async with running(file) as process:
        monkeypatch.setattr(unsaved, "dumps", fails_for_shop)
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        group = await process.group()
        assert process.failures() == 1
    assert {key.name for _, key in group.states} == {"cart-prod"}


async def test_a_group_that_cannot_be_written_is_counted_and_its_states_are_saved_with_the_next_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_RETRY_SECONDS", 0.0)
    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "shop-dev")]))
        await process.group()
        process.take(seen(shop(3, health=HealthStatus.DEGRADED)))
        with monkeypatch.context() as patch:
            patch.setattr(writing, "write", broken)
            lost = await process.group()
        process.take(seen(shop(4, "shop-dev", health=HealthStatus.DEGRADED)))
        group = await process.group()
    assert process.failures() == len(lost.records) > 0
    assert {key.name for _, key in group.states} == {"shop-prod", "shop-dev"}
    assert lost.values.keys() <= group.values.keys()
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore() == {APPLICATIONS: "4"}
        restored = process.store.states(Kind.APPLICATION)[SHOP]
    assert isinstance(restored, ApplicationState)
    assert restored.facts.health is HealthStatus.DEGRADED


async def test_what_cannot_be_tallied_is_counted_and_stops_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = measures.word_of

    def fails_for_shop(event: Event, name: str) -> str:
        return str(broken()) if event.subject.endswith("shop-prod") else healthy(event, name)

    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        await process.group()
        monkeypatch.setattr(tallies, "word_of", fails_for_shop)
        degraded = {"health": HealthStatus.DEGRADED}
        process.take(seen(shop(3, **degraded)), seen(shop(4, "cart-prod", **degraded)), *synced(5, name="cart-prod"))
        group = await process.group()
        assert process.failures() == names([one for one in group.records if "shop-prod" in one.subject]).count(HEALTH)
        lines = await process.lines("gitops_deployments_total")
    assert names(group.records).count(HEALTH) >= 2
    assert [line for line in lines if 'service="cart"' in line and line.endswith(" 1")]


async def test_what_of_the_tallies_cannot_be_shown_is_counted_and_the_events_are_recorded(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        await process.group()
        monkeypatch.setattr(process.exposition, "reflect", broken)
        process.take(seen(shop(2, health=HealthStatus.DEGRADED)))
        assert HEALTH in names((await process.group()).records)
        assert process.failures() >= 1


async def test_a_newcomer_that_cannot_be_taken_in_is_counted_and_the_others_are(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_for_shop(facts: Any, **others: Any) -> Any:
        return broken() if facts.key == SHOP else replace(facts, **others)

    async with running(file) as process:
        monkeypatch.setattr(recorder, "replace", fails_for_shop)
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        lines = await process.lines("gitops_syncs_total")
        assert process.failures() == 1
    assert {service for line in lines for service in ("cart", "shop") if f'service="{service}"' in line} == {"cart"}


@pytest.mark.parametrize("what", ["gap_events", "_complete"])
async def test_a_gap_that_cannot_be_told_is_counted_and_what_follows_is_noted(
    file: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)], NOON))
        monkeypatch.setattr(recorder if what == "gap_events" else Watched, what, broken)
        again = listing([shop(1)], NOON + 60, reason="expired")
        process.take(*again, Alive(APPLICATIONS, "7", NOON + 61))
        group = await process.group()
        assert process.failures() == 1
    assert group.cursors == {APPLICATIONS: "7"}


@pytest.mark.parametrize("what", ["promotion_events", "journey_span"])
async def test_what_travels_and_cannot_be_told_is_counted_and_stops_nothing(
    memory: Process, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    step = PromotionStep({}, (*travels("a"), *travels("b")), {})
    monkeypatch.setattr(Promotions, "apply", lambda *_: step)
    told = getattr(recorder, what)
    failing = iter((True, False))
    monkeypatch.setattr(recorder, what, lambda *given: broken() if next(failing) else told(*given))
    memory.take(seen(shop(1)))
    group = await memory.group()
    others = [PROMOTED] * 2 + [DELIVER] if what == "journey_span" else [PROMOTED] + [DELIVER] * 2
    assert sorted(names(group.records)) == sorted(others)
    assert memory.failures() == 1


async def test_what_travels_when_what_was_saved_is_taken_in_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted as told in what is saved then: nobody would tell it later."""
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        await process.recorder.finish()
    monkeypatch.setattr(Promotions, "begin", lambda *_: PromotionStep({}, travels("a"), {}))
    async with running(file, NOON + 60) as process:
        await process.recorder.restore()
        group = await process.group()
    assert sorted(names(group.records)) == sorted([PROMOTED, DELIVER])


async def test_what_was_saved_and_cannot_be_taken_in_is_counted_and_stops_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        await process.recorder.finish()
    monkeypatch.setattr(Promotions, "_says_nothing", broken)
    monkeypatch.setattr(Tallies, "_follow", broken)
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore() == {APPLICATIONS: "1"}
        assert process.failures() == 2
        assert await process.lines("gitops_application_health_status")


async def test_what_cannot_be_written_as_json_is_counted(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        process.take(seen(shop(2, conditions=(Condition("ComparisonError", "\ud800"),))))
        await process.recorder.finish()
        assert process.failures() >= 1
