"""Observations on their way through the stages: what is exposed, what is counted, and what time does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from observability.app import composition
from observability.app.availability import Availability
from observability.app.composition import METERS
from observability.app.enrichment import Enrichment, Learned
from observability.app.exposed import exposed
from observability.app.pipeline import Pipeline
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.model.application import Application, Key
from observability.model.commit import Commit
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
from observability.model.state import ApplicationState
from observability.model.status import Cause, Phase, SyncStatus
from observability.settings import Cluster, Settings
from observability.settings import Exposition as ExpositionSettings
from observability.settings.groups import Watch
from observability.signals import exporter
from observability.signals.transitions import Context
from observability.sources.argocd import ARGOCD
from observability.sources.reader import Cursor, Reader
from observability.sources.watching import Subject
from observability.state.store import Store
from tests.builders import (
    NOON,
    application,
    applicationset,
    entry,
    gone,
    listing,
    operation,
    project,
    seen,
    target,
    window,
)
from tests.recorded import recorder

APPLICATIONS: Final = Scope(Kind.APPLICATION)
APPLICATIONSETS: Final = Scope(Kind.APPLICATIONSET)
PROJECTS: Final = Scope(Kind.PROJECT)
ALL: Final = (APPLICATIONS, APPLICATIONSETS, PROJECTS)


class Poisoned(Application, frozen=False):
    """An Application that is too much for the store: its key cannot be told."""

    @property
    def key(self) -> object:  # type: ignore[override]
        raise ArithmeticError("poisoned")


class Exporter:
    """Everything but the source and the server, with a clock of its own."""

    def __init__(self) -> None:
        settings = Settings()
        self.now = NOON
        self.store = Store(settle_seconds=10.0, environments=settings.environments, identity=settings.identity)
        self.own = OwnMetrics(exporter.EXPORTER_METRICS)
        limits = Limits(series_per_family=1000, label_value_bytes=1024)
        kinds = exposed(ExpositionSettings(), Cluster())
        self.exposition = Exposition(kinds, limits, self.own, METERS, lambda: self.now)

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Self]:
        """With a recorder that keeps what it is given."""
        async with recorder(self.store, self.exposition, self.own, lambda: self.now) as recorder_:
            availability = Availability(ALL)
            self.pipeline = Pipeline(self.store, self.exposition, recorder_, self.own, availability, lambda: self.now)
            yield self

    def take(self, *observations: Observation, kind: Kind = Kind.APPLICATION) -> None:
        self.pipeline.take(Scope(kind), observations)

    def list_all(self, *apps: Application) -> None:
        """The first lists: projects and sets without anything, then these Applications."""
        self.take(*listing([], scope=PROJECTS), kind=Kind.PROJECT)
        self.take(*listing([], scope=APPLICATIONSETS), kind=Kind.APPLICATIONSET)
        self.take(*listing(apps))

    async def lines(self, family: str, *containing: str) -> list[str]:
        """What is exposed of a family, without identity: the lines that contain all these texts."""
        body = b"".join([piece async for piece in self.exposition.identity()]).decode()
        lines = [line for line in body.splitlines() if line.startswith((family + "{", family + " "))]
        return [line for line in lines if all(text in line for text in containing)]

    async def value(self, family: str, *containing: str) -> float | None:
        """The value of the one line; None when there is none."""
        lines = await self.lines(family, *containing)
        assert len(lines) <= 1
        return float(lines[0].rsplit(" ", 1)[1]) if lines else None


@pytest.fixture
async def running() -> AsyncIterator[Exporter]:
    async with Exporter().started() as exporter_:
        yield exporter_
        exporter_.exposition.close()


INFO: Final = "gitops_application_info"


# Readiness, and which families there are


async def test_a_kind_is_shown_when_its_first_list_is_in(running: Exporter) -> None:
    running.take(Listing(APPLICATIONS, "start"), seen(application()))
    assert await running.lines(INFO) == []
    running.take(Listed(APPLICATIONS, "1", NOON))
    assert len(await running.lines(INFO)) == 1
    assert await running.value("gitops_exporter_ready") == 0


async def test_kinds_are_shown_one_by_one(running: Exporter) -> None:
    running.take(*listing([project("shop", window())], scope=PROJECTS), kind=Kind.PROJECT)
    assert len(await running.lines("gitops_project_sync_window_active")) == 1
    assert await running.value("gitops_exporter_ready") == 0
    running.take(*listing([applicationset()], scope=APPLICATIONSETS), kind=Kind.APPLICATIONSET)
    assert len(await running.lines("gitops_applicationset_info")) == 1
    running.take(*listing([application()]))
    assert await running.value("gitops_exporter_ready") == 1


async def test_a_kind_that_is_refused_is_not_shown(running: Exporter) -> None:
    running.take(Unavailable(APPLICATIONSETS, "forbidden", "no"), kind=Kind.APPLICATIONSET)
    running.take(*listing([], scope=PROJECTS), kind=Kind.PROJECT)
    running.take(*listing([application()]))
    body = b"".join([piece async for piece in running.exposition.identity()])
    assert b"# HELP gitops_application_info " in body
    assert b"# HELP gitops_applicationset_info " not in body
    assert await running.value("gitops_exporter_ready") == 1
    assert await running.value("gitops_exporter_kind_available", "ApplicationSet") == 0
    assert await running.value("gitops_exporter_kind_available", '"Application"') == 1


async def test_while_the_api_server_is_away_what_was_known_stays(running: Exporter) -> None:
    running.list_all(application())
    running.take(Unavailable(APPLICATIONS, "unreachable", "away"))
    assert len(await running.lines(INFO)) == 1
    assert await running.value("gitops_exporter_kind_available", '"Application"') == 0
    assert await running.value("gitops_exporter_ready") == 1
    running.take(Restarted(APPLICATIONS, "outage"))
    assert await running.value("gitops_exporter_kind_available", '"Application"') == 1


async def test_who_waits_for_a_kind_goes_on_when_it_is_settled(running: Exporter) -> None:
    waiting = asyncio.create_task(running.pipeline.settled((Kind.APPLICATIONSET, Kind.PROJECT)))
    await asyncio.sleep(0)
    running.take(*listing([], scope=PROJECTS), kind=Kind.PROJECT)
    await asyncio.sleep(0)
    assert not waiting.done()
    running.take(Unavailable(APPLICATIONSETS, "not_found", "no"), kind=Kind.APPLICATIONSET)
    await waiting
    await running.pipeline.settled((Kind.PROJECT,))


# What is exposed


async def test_an_update_and_a_deletion_are_exposed(running: Exporter) -> None:
    running.list_all(application("a"), application("b"))
    running.take(seen(application("a", resources=5)), gone(application("b")))
    assert [line.rsplit(" ", 1)[1] for line in await running.lines("gitops_application_resources")] == ["5"]
    assert await running.value("gitops_exporter_objects", '"Application"') == 1


async def test_what_a_relist_does_not_have_is_gone(running: Exporter) -> None:
    running.list_all(application("a"), application("b"))
    running.take(*listing([application("b")], reason="expired"))
    assert len(await running.lines(INFO, 'application="b"')) == len(await running.lines(INFO)) == 1


async def test_one_that_is_too_much_leaves_the_others(running: Exporter) -> None:
    running.list_all()
    poisoned = Poisoned(namespace="argocd", name="b")
    with capture_logs() as logs:
        running.take(seen(application("a")), seen(poisoned), seen(application("c")))
    assert {line.split('application="')[1][0] for line in await running.lines(INFO)} == {"a", "c"}
    assert await running.value("gitops_exporter_judge_failures_total", '"Application"') == 1
    assert [entry["log_level"] for entry in logs] == ["error"]


# What is counted


async def test_lists_after_the_first_are_counted_by_reason(running: Exporter) -> None:
    running.list_all()
    for reason in ("expired", "expired", "outage"):
        running.take(*listing([], reason=reason))
    assert await running.value("gitops_exporter_relists_total", '"Application"', "expired") == 2
    assert await running.value("gitops_exporter_relists_total", '"Application"', "outage") == 1
    assert await running.value("gitops_exporter_relists_total", '"AppProject"', "expired") == 0
    assert await running.lines("gitops_exporter_relists_total", "start") == []


async def test_restarts_of_watches_are_counted(running: Exporter) -> None:
    running.list_all()
    running.take(Restarted(APPLICATIONS, "timeout"), Restarted(APPLICATIONS, "silence"))
    assert await running.value("gitops_exporter_watch_restarts_total", '"Application"') == 2


async def test_what_cannot_be_read_is_counted_each_time_and_named_once(running: Exporter) -> None:
    trouble = Malformed(APPLICATIONS, application().key, "status.health", "expected an object", skipped=False)
    skipped = Malformed(APPLICATIONS, application().key, "", "no JSON", skipped=True)
    with capture_logs() as logs:
        running.take(trouble, trouble, skipped)
        running.take(trouble)
    assert await running.value("gitops_exporter_decode_failures_total", '"Application"') == 4
    assert [(entry["event"], entry["object"], entry["field"]) for entry in logs] == [
        ("a field cannot be read", "argocd/shop-prod", "status.health"),
        ("an object cannot be read", "argocd/shop-prod", ""),
    ]


async def test_a_flood_of_troubles_does_not_flood_the_log(running: Exporter) -> None:
    with capture_logs() as logs:
        for number in range(1500):
            key = application(f"shop-{number}").key
            running.take(Malformed(APPLICATIONS, key, "", "no JSON", skipped=True))
    assert len(logs) == 1000
    assert await running.value("gitops_exporter_decode_failures_total", '"Application"') == 1500


@pytest.mark.parametrize(
    "observation",
    [
        seen(application(), NOON + 5),
        gone(application(), NOON + 5),
        Alive(APPLICATIONS, "1", NOON + 5),
        Listed(APPLICATIONS, "1", NOON + 5),
    ],
)
async def test_the_last_sign_of_life(running: Exporter, observation: Observation) -> None:
    running.list_all()
    running.take(observation, Restarted(APPLICATIONS, "timeout"))
    assert await running.value("gitops_exporter_last_event_timestamp_seconds", '"Application"') == NOON + 5


async def test_before_the_first_sign_of_life_there_is_none(running: Exporter) -> None:
    running.take(Listing(APPLICATIONS, "start"))
    assert await running.value("gitops_exporter_last_event_timestamp_seconds", '"Application"') is None


async def test_objects_are_counted_by_kind(running: Exporter) -> None:
    running.list_all(application("a"), application("b"))
    running.take(seen(project("shop")), kind=Kind.PROJECT)
    assert await running.value("gitops_exporter_objects", '"Application"') == 2
    assert await running.value("gitops_exporter_objects", '"AppProject"') == 1
    assert await running.value("gitops_exporter_objects", '"ApplicationSet"') == 0


async def test_the_delay_until_it_is_exposed(running: Exporter) -> None:
    running.now = NOON + 0.2
    running.list_all(application())
    assert await running.value("gitops_exporter_exposed_delay_seconds_sum") == pytest.approx(0.2)


# What time does


@asynccontextmanager
async def following(running: Exporter) -> AsyncIterator[None]:
    """While the timer runs."""
    timer = asyncio.create_task(running.pipeline.follow_time())
    try:
        yield
    finally:
        timer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await timer


async def turns() -> None:
    """Let the timer have the loop as often as it could want it."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_settle_time_ends_without_an_update(running: Exporter) -> None:
    running.list_all(application())
    behind: dict[str, Any] = {"sync": SyncStatus.OUT_OF_SYNC, "desired": target("b")}
    running.take(seen(application(operation=operation(Phase.RUNNING))), seen(application(operation=operation())))
    running.take(seen(application(operation=operation(), **behind)))
    async with following(running):
        await turns()
        assert await running.lines("gitops_application_out_of_sync") == []
        running.now = NOON + 10
        running.take(Alive(APPLICATIONS, "2", running.now))
        await turns()
        assert await running.value("gitops_application_out_of_sync", f'cause="{Cause.PENDING_REVISION}"') == 1


async def test_a_window_opens_without_an_update(running: Exporter) -> None:
    running.take(*listing([project("shop", window("deny", "0 13 * * *", "2h"))], scope=PROJECTS), kind=Kind.PROJECT)
    running.take(*listing([application("a"), application("b")]))
    async with following(running):
        await turns()
        assert await running.lines("gitops_application_sync_blocked", "manual", "} 1") == []
        running.now = NOON + 3601
        running.take(Alive(APPLICATIONS, "2", running.now))
        await turns()
        assert len(await running.lines("gitops_application_sync_blocked", "manual", "} 1")) == 2
        assert await running.value("gitops_project_sync_window_active") == 1


async def test_a_clock_that_is_set_back_is_followed(running: Exporter) -> None:
    windows = [project("shop", window("deny", "0 13 * * *", "2h"))]
    running.now = NOON + 2 * 3600
    running.take(*listing(windows, running.now, PROJECTS), kind=Kind.PROJECT)
    async with following(running):
        await turns()
        assert await running.value("gitops_project_sync_window_active") == 1
        running.now = NOON
        with capture_logs() as logs:
            running.take(Alive(APPLICATIONS, "2", running.now))
            await turns()
        assert await running.value("gitops_project_sync_window_active") == 0
        assert [(entry["event"], entry["seconds"]) for entry in logs] == [("the clock was set back", 7200)]


async def test_a_change_of_a_project_reaches_its_applications(running: Exporter) -> None:
    running.list_all(application())
    async with following(running):
        await turns()
        running.take(seen(project("shop", window())), kind=Kind.PROJECT)
        await turns()
        assert await running.value("gitops_application_sync_blocked", "manual") == 1


async def test_the_timer_wakes_by_itself(running: Exporter) -> None:
    windows = [project("shop", window("deny", "0 13 * * *", "2h"))]
    running.take(*listing(windows, scope=PROJECTS), kind=Kind.PROJECT)
    running.now = NOON + 3600 - 0.01
    async with following(running):
        await turns()
        running.now = NOON + 3601
        while await running.value("gitops_project_sync_window_active") != 1:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


async def test_what_cannot_be_judged_anew_leaves_the_others(running: Exporter) -> None:
    running.list_all(application("a"), application("b"), application("c"))
    windows = project("shop", window())
    state = running.store.states(Kind.APPLICATION)[application("b").key]
    assert isinstance(state, ApplicationState)
    state.facts.destination = None  # type: ignore[assignment]  # a value that the decoder never gives
    with capture_logs():
        running.take(seen(windows), kind=Kind.PROJECT)
        async with following(running):
            await turns()
    assert len(await running.lines("gitops_application_sync_blocked", "manual", "} 1")) == 2
    assert await running.value("gitops_exporter_judge_failures_total", '"Application"') == 1


# What is learned of commits


class Silent:
    """A source of commits that is never asked."""

    async def commit(self, application: Key, repository: str, revision: str, place: int = 0) -> Commit | None:
        raise AssertionError(revision)

    async def close(self) -> None:
        """Nothing to let go of."""


async def test_a_commit_that_comes_late_shows_who_deployed_their_own(running: Exporter) -> None:
    before = entry(0, "a", NOON - 3600)
    app = application(history=(before,))
    running.list_all(app)
    by_hand = replace(entry(1, "b", NOON), username="jo")
    running.take(seen(replace(app, history=(before, by_hand), desired=target("b"), resource_version="2")))
    assert await running.lines("gitops_application_policy_violation", 'policy="four_eyes"') == []
    commits = Enrichment(Silent(), Context.of(Settings().environments), lambda: NOON, lambda: 0.5)
    learning = asyncio.create_task(running.pipeline.learn(commits))
    commit = Commit(repository=app.sources[0].repository, revision="b", author_name="Jo")
    commits.learned.put_nowait(Learned(None, commit))  # type: ignore[arg-type]
    commits.learned.put_nowait(Learned(app.key, commit))
    while not commits.learned.empty():  # noqa: ASYNC110 - what has room is what is asked
        await asyncio.sleep(0)
    learning.cancel()
    (violation,) = await running.lines("gitops_application_policy_violation", 'policy="four_eyes"')
    assert 'application="shop-prod"' in violation


# Comparisons


def line(version: int, health: str) -> bytes:
    """An Application as the API server writes it, compared at a second of its own."""
    return (
        '{"type":"MODIFIED","object":{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{'
        f'"generation":{version},"name":"shop-prod","namespace":"argocd","resourceVersion":"{version}","uid":"u"}},'
        f'"spec":{{}},"status":{{"health":{{"status":"{health}"}},"reconciledAt":"2026-11-23T07:30:{version:02}Z",'
        '"sync":{"status":"Synced"}}}}'
    ).encode()


@pytest.mark.parametrize("fails", ["_remember", "_application", "_judge"])
async def test_what_could_not_be_taken_in_is_read_anew(
    running: Exporter, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """Or the comparisons after it would hide what changed, for ever."""
    lines = [line(5, "Healthy"), line(6, "Healthy"), line(7, "Degraded"), line(8, "Degraded"), line(9, "Degraded")]
    told: list[str] = []

    async def watch(subject: Subject, _: str | None) -> AsyncIterator[list[Observation]]:
        reader = Reader(subject.scope, subject.kind, Cursor("1", "", rests=subject.rests))
        for one in lines:
            with monkeypatch.context() as patch:
                if one is lines[2]:
                    patch.setattr(Store, fails, broken)
                batch = list(reader.lines([one], NOON))
                told.extend(type(observation).__name__ for observation in batch)
                yield batch

    def broken(*_: object, **__: object) -> None:
        raise ArithmeticError("a defect")

    monkeypatch.setattr(composition, "watch", watch)
    running.list_all()
    nobody: Any = None  # is asked: `watch` is another one
    subject = Subject(nobody, APPLICATIONS, ARGOCD.kinds[0], Watch(), "", lambda: NOON, lambda: 0.5)
    await composition.observe(subject, None, running.pipeline)
    assert told == ["Seen", "Compared", "Seen", "Seen", "Compared"]
    assert await running.value("gitops_application_health_status", 'health_status="Degraded"') == 1
    assert await running.value("gitops_exporter_judge_failures_total", '"Application"') == 1
