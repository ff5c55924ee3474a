"""The queue before a source of commits: nobody waits, and nothing goes uncounted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from structlog.testing import capture_logs

from observability.errors import Forbidden, SourceError, TooManyRequests
from observability.model.application import Key
from observability.sources.commits.cache import Cache, name_of
from observability.sources.commits.requests import Arrival, Commits, Limits, Outcome
from tests.fakes.commits import Repository

REPOSITORY = "https://git.example.com/shop.git"
SHOP = Key("argocd", "shop-prod")
STAGING = Key("argocd", "shop-staging")
A, B, C = "a" * 40, "b" * 40, "c" * 40
AT_ONCE = Limits(retry_initial=0.0, retry_maximum=0.0)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """Commits before a repository, and what came of them."""

    def __init__(self, repository: Repository, limits: Limits = AT_ONCE, cache: Cache | None = None) -> None:
        self.clock = Clock()
        self.arrived: list[Arrival] = []
        self.repository = repository
        self.commits = Commits(
            repository, Cache() if cache is None else cache, self.arrived.append, self.clock, lambda: 1.0, limits
        )

    def request(self, revision: str, application: Key = SHOP, place: int = 0) -> str | None:
        found = self.commits.request(application, REPOSITORY, revision, place)
        return None if found is None else found.revision

    @property
    def outcomes(self) -> dict[Outcome, int]:
        return {outcome: count for outcome, count in self.commits.outcomes.items() if count}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.commits.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def settled(self) -> None:
        async with self.running():
            await until(lambda: not self.commits.waiting)


async def until(holds: Callable[[], object]) -> None:
    """Let the others go on until `holds`."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


async def test_a_commit_comes_later_and_is_known_from_then_on() -> None:
    desk = Desk(Repository([A]))
    assert desk.request(A) is None
    await desk.settled()
    (arrival,) = desk.arrived
    assert (arrival.commit.revision, arrival.applications) == (A, (SHOP,))
    assert list(arrival.values) == [name_of(REPOSITORY, A)]
    assert desk.request(A) == A
    assert desk.repository.asked == [(SHOP, A, 0)]
    assert desk.outcomes == {Outcome.FOUND: 1}


async def test_two_who_ask_for_one_commit_share_the_answer() -> None:
    desk = Desk(Repository([A]))
    desk.request(A, place=1)
    desk.request(A, STAGING)
    desk.request(A)
    await desk.settled()
    assert [arrival.applications for arrival in desk.arrived] == [(SHOP, STAGING)]
    assert desk.repository.asked == [(SHOP, A, 1)]


async def test_what_cannot_be_a_commit_is_never_asked_for() -> None:
    desk = Desk(Repository())
    for revision in ("", "--help", "sha256:" + "0" * 64):
        assert desk.request(revision) is None
    assert desk.commits.request(SHOP, "", A) is None
    assert desk.commits.waiting == 0


async def test_what_is_not_there_is_asked_for_again_after_a_while_that_doubles() -> None:
    desk = Desk(Repository())
    asked = []
    for seconds in (0.0, 299.0, 1.0, 599.0, 1.0):
        desk.clock.now += seconds
        desk.request(A)
        await desk.settled()
        asked.append(len(desk.repository.asked))
    assert asked == [1, 1, 2, 2, 3]
    assert desk.outcomes == {Outcome.MISSING: 3}


async def test_that_while_is_a_day_at_most() -> None:
    desk = Desk(Repository())
    for _ in range(20):
        desk.clock.now += 86_400.0
        desk.request(A)
        await desk.settled()
    assert len(desk.repository.asked) == 20


async def test_what_came_after_all_is_known() -> None:
    desk = Desk(Repository())
    desk.request(A)
    await desk.settled()
    desk.repository.revisions.add(A)
    desk.clock.now += 300.0
    desk.request(A)
    await desk.settled()
    assert desk.request(A) == A


async def test_what_is_missing_is_remembered_up_to_a_bound() -> None:
    desk = Desk(Repository(), Limits(missing=2))
    for revision in (A, B, C, A):
        desk.request(revision)
        await desk.settled()
    assert [asked[1] for asked in desk.repository.asked] == [A, B, C, A]


async def test_too_many_questions_are_dropped_and_counted() -> None:
    desk = Desk(Repository([A, B, C]), Limits(waiting=2))
    for revision in (A, B, C, A):
        desk.request(revision)
    assert (desk.commits.waiting, desk.outcomes) == (2, {Outcome.DROPPED: 1})
    await desk.settled()
    desk.request(C)
    await desk.settled()
    assert [arrival.commit.revision for arrival in desk.arrived] == [A, B, C]


async def test_only_so_many_are_asked_at_one_time() -> None:
    revisions = [f"{number:040x}" for number in range(20)]
    desk = Desk(Repository(revisions), Limits(workers=3))
    for revision in revisions:
        desk.request(revision)
    await desk.settled()
    assert (desk.repository.most_at_once, len(desk.arrived)) == (3, 20)


async def test_a_failure_is_tried_again() -> None:
    desk = Desk(Repository([A], [SourceError("away")] * 2))
    desk.request(A)
    await desk.settled()
    assert desk.request(A) == A
    assert desk.outcomes == {Outcome.FAILED: 2, Outcome.FOUND: 1}


async def test_what_fails_again_and_again_is_given_up_for_a_while() -> None:
    desk = Desk(Repository([A], [SourceError("away")] * 5))
    desk.request(A)
    await desk.settled()
    assert desk.outcomes == {Outcome.FAILED: 4, Outcome.GIVEN_UP: 1}
    assert desk.request(A) is None
    assert desk.commits.waiting == 0
    desk.clock.now += 300.0
    desk.request(A)
    await desk.settled()
    assert desk.request(A) == A


async def test_a_defect_with_one_commit_holds_nobody_back() -> None:
    desk = Desk(Repository([A, B], [ArithmeticError("a defect")]), Limits(workers=1, retry_initial=600.0))
    desk.request(A)
    desk.request(B)
    await desk.settled()
    assert [arrival.commit.revision for arrival in desk.arrived] == [B]
    assert desk.outcomes == {Outcome.GIVEN_UP: 1, Outcome.FOUND: 1}
    assert desk.request(A) is None
    assert desk.commits.waiting == 0


async def test_one_that_is_forbidden_holds_nobody_back() -> None:
    desk = Desk(Repository([A, B], [Forbidden(403, "permission denied")]), Limits(workers=1, retry_initial=600.0))
    desk.request(A)
    desk.request(B)
    await desk.settled()
    assert [arrival.commit.revision for arrival in desk.arrived] == [B]
    assert desk.outcomes == {Outcome.FORBIDDEN: 1, Outcome.FOUND: 1}


async def test_that_something_is_forbidden_is_said_once() -> None:
    desk = Desk(Repository([], [Forbidden(403, "permission denied")] * 3))
    for revision in (A, B, C):
        desk.request(revision)
    with capture_logs() as logs:
        await desk.settled()
    assert [(line["event"], line["application"]) for line in logs] == [
        ("a commit may not be asked for", "argocd/shop-prod")
    ]


async def test_all_leave_a_source_alone_that_is_away() -> None:
    desk = Desk(Repository([A, B], [TooManyRequests(503, "busy", "busy", 120.0)]), Limits(workers=1))
    desk.request(A)
    desk.request(B)
    with capture_logs() as logs:
        async with desk.running():
            await until(lambda: desk.outcomes)
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(desk.repository.asked) == 1
    assert [(line["event"], line["again_in_seconds"]) for line in logs] == [("cannot ask for commits", 120.0)]
    desk.clock.now += 120.0
    await desk.settled()
    assert {arrival.commit.revision for arrival in desk.arrived} == {A, B}


async def test_failures_at_the_same_time_count_as_one() -> None:
    desk = Desk(Repository([A, B, C], [SourceError("away")] * 3), Limits(workers=3, retry_initial=1.0))
    for revision in (A, B, C):
        desk.request(revision)
    with capture_logs() as logs:
        async with desk.running():
            await until(lambda: desk.outcomes.get(Outcome.FAILED) == 3)
    assert [line["again_in_seconds"] for line in logs] == [1.0]


async def test_what_waits_when_it_is_stopped_is_asked_for_when_it_goes_on() -> None:
    desk = Desk(Repository([A, B]), Limits(workers=1))
    desk.repository.free.clear()
    desk.request(A)
    desk.request(B)
    async with desk.running():
        await until(lambda: desk.repository.at_once)
    assert desk.commits.waiting == 2
    desk.repository.free.set()
    await desk.settled()
    assert {arrival.commit.revision for arrival in desk.arrived} == {A, B}


async def test_what_is_evicted_is_told_to_the_journal() -> None:
    desk = Desk(Repository([A, B]), cache=Cache(limit=1))
    for revision in (A, B):
        desk.request(revision)
        await desk.settled()
    assert desk.arrived[1].values[name_of(REPOSITORY, A)] is None
