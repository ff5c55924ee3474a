"""Commits on the events that are about them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from observability.app.enrichment import Enrichment, Learned
from observability.delivery.own import OwnMetrics
from observability.model.application import Key, Source, Target
from observability.model.commit import Commit
from observability.model.event import Event, Severity
from observability.model.state import ApplicationState
from observability.settings import Settings
from observability.signals import exporter
from observability.signals.transitions import Context
from observability.sources.commits.cache import HASHED, NAMES, PLAIN
from tests.builders import NOON, application, state

REPOSITORY = "https://git.example.com/shop.git"
REVISION = "a" * 40
COMMIT = Commit(
    repository=REPOSITORY,
    revision=REVISION,
    author_name="Alice",
    author_email="alice@example.com",
    authored_at=NOON - 600,
    message="Sell more",
    signature=None,
)


class Known:
    """A source of commits that knows these, and counts how often it was asked."""

    def __init__(self, *commits: Commit) -> None:
        self.commits = {commit.revision: commit for commit in commits}
        self.asked: list[tuple[Key, str, str, int]] = []
        self.news = asyncio.Event()

    async def commit(self, application: Key, repository: str, revision: str, place: int = 0) -> Commit | None:
        self.asked.append((application, repository, revision, place))
        self.news.set()
        return self.commits.get(revision)

    async def close(self) -> None:
        """Nothing to let go of."""


def event(name: str = "gitops.application.deployed", revision: str = REVISION) -> Event:
    return Event(
        id="0" * 32,
        name=name,
        at=NOON,
        observed_at=NOON,
        severity=Severity.INFO,
        body="shop-prod: deployed",
        subject="Application/argocd/shop-prod",
        attributes={"gitops.revision": revision},
    )


def shop(*sources: Source) -> ApplicationState:
    return state(application(sources=sources or (Source(REPOSITORY, "deploy", "", "main"),)))


def deployed(deployer: str = "alice", revision: str = REVISION, four_eyes: bool | None = None) -> ApplicationState:
    """What `deployer` deployed by hand waits for who wrote it."""
    app = application(sources=(Source(REPOSITORY, "deploy", "", "main"),))
    return state(app, deployer=deployer, deployed=Target((revision,)), four_eyes=four_eyes)


def enrichment(source: Known, key: bytes | None = None) -> Enrichment:
    context = Context.of(Settings().environments, initiator_key=key)
    return Enrichment(source, context, lambda: 0.0, lambda: 0.5)


@pytest.fixture
def source() -> Known:
    return Known(COMMIT)


@pytest.fixture
async def running(source: Known) -> AsyncIterator[Enrichment]:
    made = enrichment(source)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()


async def until_answered(source: Known, questions: int) -> None:
    async with asyncio.timeout(10):
        while len(source.asked) < questions:
            source.news.clear()
            await source.news.wait()
    await asyncio.sleep(0)


async def test_what_is_not_known_is_missing_and_asked_for(running: Enrichment, source: Known) -> None:
    first = running.enriched(event(), shop())
    assert first.attributes == {"gitops.revision": REVISION, "gitops.commit.missing": True}
    await until_answered(source, 1)
    told = running.enriched(event(), shop()).attributes
    assert told["gitops.commit.author.name"] == "Alice"
    assert told["gitops.commit.time_seconds"] == NOON - 600
    assert told["gitops.commit.message"] == "Sell more"
    assert "gitops.commit.missing" not in told
    assert source.asked == [(Key("argocd", "shop-prod"), REPOSITORY, REVISION, 0)]


async def test_other_events_are_left_as_they_are(running: Enrichment, source: Known) -> None:
    for other in (event("gitops.application.health.changed"), event(revision="")):
        assert running.enriched(other, shop()) is other
    assert not source.asked


async def test_a_chart_has_no_commit(running: Enrichment, source: Known) -> None:
    chart, git = Source("https://charts.example.com", chart="redis"), Source(REPOSITORY, "deploy")
    running.enriched(event(revision=f"1.2.3,{REVISION}"), shop(chart, git))
    await until_answered(source, 1)
    assert source.asked == [(Key("argocd", "shop-prod"), REPOSITORY, REVISION, 1)]
    only = event(revision="1.2.3")
    assert running.enriched(only, shop(chart)) is only


async def test_names_are_hashed_where_the_settings_want_that(source: Known) -> None:
    made = enrichment(source, key=b"0123456789abcdef")
    task = asyncio.create_task(made.run())
    made.enriched(event(), shop())
    await until_answered(source, 1)
    told = made.enriched(event(), shop()).attributes
    task.cancel()
    assert "Alice" not in told.values()
    assert len(str(told["gitops.commit.author.name"])) == 32


async def test_what_was_found_is_known_again_after_a_restart(running: Enrichment, source: Known) -> None:
    running.enriched(event(), shop())
    await until_answered(source, 1)
    saved = {name: value for name, value in running.unsaved().items() if value is not None}
    assert saved
    assert not running.unsaved()
    again = enrichment(Known())
    again.restore(saved)
    assert again.enriched(event(), shop()).attributes["gitops.commit.author.name"] == "Alice"


async def test_what_came_of_it_is_counted(running: Enrichment, source: Known) -> None:
    own = OwnMetrics(exporter.EXPORTER_METRICS)
    running.enriched(event(), shop())
    await until_answered(source, 1)
    running.enriched(event(revision="b" * 40), shop())
    await until_answered(source, 2)
    running.measure(own)
    text = own.render().decode()
    assert 'gitops_exporter_commits_total{outcome="found"} 1.0' in text
    assert 'gitops_exporter_commits_total{outcome="missing"} 1.0' in text
    assert "gitops_exporter_commits_waiting 0.0" in text


SHOP = Key("argocd", "shop-prod")
HEALTHY = "gitops.application.healthy_after_deploy"


async def test_what_was_deployed_by_hand_is_judged_when_the_commit_comes(running: Enrichment, source: Known) -> None:
    early = running.enriched(event(), deployed())
    assert "gitops.four_eyes" not in early.attributes
    async with asyncio.timeout(10):
        assert await running.learned.get() == Learned(SHOP, COMMIT)
    late = running.enriched(event(HEALTHY), deployed(deployer="", four_eyes=False))
    assert late.attributes["gitops.four_eyes"] is False
    assert running.learned.empty()


async def test_what_is_known_is_judged_at_once(running: Enrichment, source: Known) -> None:
    running.enriched(event("gitops.application.sync.started"), deployed(deployer=""))
    await until_answered(source, 1)
    assert running.learned.empty()
    told = running.enriched(event(), deployed("kim")).attributes
    assert told["gitops.four_eyes"] is True
    assert running.learned.get_nowait() == Learned(SHOP, COMMIT)


async def test_nobody_waits_for_what_is_no_longer_deployed_or_was_deployed_by_nobody(
    running: Enrichment, source: Known
) -> None:
    running.enriched(event(), deployed(revision="b" * 40))
    running.enriched(event(), deployed(deployer=""))
    await until_answered(source, 1)
    assert running.learned.empty()


@pytest.mark.parametrize("end", [event(), event("gitops.application.deleted", revision="")])
async def test_who_is_gone_or_deployed_something_else_does_not_wait(source: Known, end: Event) -> None:
    made = enrichment(source)
    made.enriched(event(), deployed())
    made.enriched(end, deployed(deployer=""))
    task = asyncio.create_task(made.run())
    await until_answered(source, 1)
    task.cancel()
    assert made.learned.empty()


async def test_a_question_that_was_lost_with_the_process_is_asked_again(source: Known) -> None:
    again = enrichment(source)
    again.await_author(deployed())
    again.await_author(deployed(deployer=""))
    tasks = [asyncio.create_task(one) for one in (again.run(), again.ask_again())]
    async with asyncio.timeout(10):
        assert await again.learned.get() == Learned(SHOP, COMMIT)
    for task in tasks:
        task.cancel()


async def test_what_became_known_before_it_is_asked_again_is_told(source: Known) -> None:
    first = enrichment(source)
    task = asyncio.create_task(first.run())
    first.enriched(event(), shop())
    await until_answered(source, 1)
    task.cancel()
    again = enrichment(Known())
    again.restore({name: value for name, value in first.unsaved().items() if value is not None})
    again.await_author(deployed())
    asking = asyncio.create_task(again.ask_again())
    async with asyncio.timeout(10):
        assert await again.learned.get() == Learned(SHOP, COMMIT)
    asking.cancel()


async def test_a_chart_has_nobody_to_wait_for(source: Known) -> None:
    made = enrichment(source)
    chart = application(sources=(Source("https://charts.example.com", chart="redis"),))
    made.await_author(state(chart, deployer="alice", deployed=Target(("1.2.3",))))
    tasks = [asyncio.create_task(one) for one in (made.run(), made.ask_again())]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    assert not source.asked


async def test_hashed_names_are_judged_all_the_same(source: Known) -> None:
    made = enrichment(source, key=b"0123456789abcdef")
    task = asyncio.create_task(made.run())
    made.enriched(event(), deployed())
    async with asyncio.timeout(10):
        assert await made.learned.get() == Learned(SHOP, COMMIT)
    told = made.enriched(event(HEALTHY), deployed()).attributes
    task.cancel()
    assert told["gitops.four_eyes"] is False
    assert "alice" not in str(told).casefold()


async def test_the_journal_says_whether_its_names_may_be_shown(source: Known) -> None:
    assert enrichment(source).unsaved() == {NAMES: PLAIN}
    assert enrichment(source, key=b"0123456789abcdef").unsaved() == {NAMES: HASHED}
