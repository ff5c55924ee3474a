"""The watch against a real Kubernetes API server on a real etcd."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import pytest

from observability.errors import NotFound
from observability.model.observation import Kind, Listed, Observation, Scope, Seen, Unavailable
from observability.settings.groups import Kubernetes
from observability.sources.kubernetes import Connection, connect
from observability.sources.watching import Subject, watch
from tests.fakes.reviews import Reviews, User
from tests.fakes.watched import Pauses, said, subject, until
from tests.integration import servers
from tests.integration.conftest import StartApiServer
from tests.integration.servers import ApiServer, Etcd

pytestmark = pytest.mark.servers

QUICK = {"backoff_initial_seconds": 0.1, "backoff_max_seconds": 0.5, "unavailable_retry_seconds": 0.2}


def application(namespace: str, name: str) -> dict[str, object]:
    metadata = {"namespace": namespace, "name": name}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": {"project": "shop"},
    }


@asynccontextmanager
async def connected(api: ApiServer, token: str | None = None) -> AsyncIterator[Connection]:
    settings = Kubernetes(kubeconfig=api.kubeconfig(token), request_timeout_seconds=5.0)
    async with connect(settings, time.monotonic) as connection:
        yield connection


def listed(observations: list[Observation]) -> bool:
    """Whether a list is complete."""
    return any(isinstance(observation, Listed) for observation in observations)


class Following:
    """What a watch in the background has said so far."""

    def __init__(self, watched: Subject, resume_from: str | None = None) -> None:
        self.found: list[Observation] = []
        self._batches = watch(watched, resume_from)
        self._news = asyncio.Event()

    async def follow(self) -> None:
        """Note all that comes."""
        async with aclosing(self._batches) as batches:
            async for batch in batches:
                self.found.extend(batch)
                self._news.set()

    async def wait(self, enough: Callable[[list[Observation]], bool], seconds: float = 30.0) -> None:
        """Until what was found is enough."""
        async with asyncio.timeout(seconds):
            while not enough(self.found):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def following(watched: Subject, resume_from: str | None = None) -> AsyncIterator[Following]:
    running = Following(watched, resume_from)
    task = asyncio.create_task(running.follow())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses(real_seconds=1.0)


async def test_a_list_in_chunks_then_changes_and_deletions(api: ApiServer, namespace: str, pauses: Pauses) -> None:
    for number in range(5):
        api.create(application(namespace, f"app-{number}"))
    async with (
        connected(api) as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), page_size=2)) as it,
    ):
        await it.wait(listed)
        assert said(it.found)[:-1] == ["listing start", *(f"seen app-{number}" for number in range(5))]
        # This etcd is too old for lists as streams: the server said so.
        assert not connection.streaming_lists
        await asyncio.to_thread(api.create, application(namespace, "new"))
        await asyncio.to_thread(api.patch, "Application", namespace, "app-1", {"spec": {"project": "other"}})
        await asyncio.to_thread(api.delete, "Application", namespace, "app-2")
        await it.wait(until("gone app-2"), seconds=2.0)
    assert said(it.found)[7:] == ["seen new", "seen app-1", "gone app-2"]
    changed = it.found[8]
    assert isinstance(changed, Seen)
    assert changed.object.name == "app-1"
    assert pauses == []


async def test_bookmarks_come(api: ApiServer, namespace: str, pauses: Pauses) -> None:
    settings = {"timeout_seconds_min": 4, "timeout_seconds_max": 4}
    async with (
        connected(api) as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), **settings)) as it,
    ):
        await it.wait(listed)
        # One comes before the end of a watch in which something else happened, mostly: the API server promises none.
        for number in range(20):
            await asyncio.to_thread(api.create, application(f"{namespace}-other", f"shop-{number}"))
            with suppress(TimeoutError):
                await it.wait(until("alive"), 3)
                break
        await it.wait(until("alive"), 3)
        await it.wait(until("restarted timeout"))
    assert pauses == []


async def test_from_a_version_that_is_known(api: ApiServer, namespace: str, pauses: Pauses) -> None:
    known = api.create(application(namespace, "known"))["metadata"]["resourceVersion"]
    api.create(application(namespace, "unknown"))
    async with (
        connected(api) as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace)), known) as it,
    ):
        await it.wait(until("seen unknown"))
    assert said(it.found) == ["restarted resumed", "seen unknown"]


async def test_one_object(api: ApiServer, namespace: str, pauses: Pauses) -> None:
    api.create(application(namespace, "shop"))
    async with connected(api) as connection:
        kind = subject(connection, pauses).kind
        assert b'"name":"shop"' in await connection.get(kind.path(namespace, "shop"))
        with pytest.raises(NotFound, match=r'applications\.argoproj\.io "nothing" not found: NotFound \(404\)'):
            await connection.get(kind.path(namespace, "nothing"))


async def test_etcd_is_compacted(etcd: Etcd, start_api_server: StartApiServer, namespace: str, pauses: Pauses) -> None:
    api = await asyncio.to_thread(start_api_server, etcd, watch_cache=False)
    await asyncio.to_thread(api.install, "Application")
    old = api.create(application(namespace, "old"))["metadata"]["resourceVersion"]
    api.create(application(namespace, "gone"))
    api.delete("Application", namespace, "gone")
    api.create(application(namespace, "new"))
    etcd.compact()
    async with (
        connected(api) as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace)), old) as it,
    ):
        await it.wait(listed, seconds=2.0)
    assert said(it.found)[:-1] == ["restarted resumed", "listing expired", "seen new", "seen old"]


async def test_a_continue_token_is_compacted_away(
    etcd: Etcd, start_api_server: StartApiServer, namespace: str, pauses: Pauses
) -> None:
    """Between two chunks everything before is forgotten, twice: the list still comes to an end."""
    api = await asyncio.to_thread(start_api_server, etcd, watch_cache=False)
    await asyncio.to_thread(api.install, "Application")
    for number in range(6):
        api.create(application(namespace, f"app-{number}"))
    async with connected(api) as connection:
        batches = watch(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), page_size=2))
        found: list[Observation] = []
        async with aclosing(batches):
            async for batch in batches:
                found.extend(batch)
                if (
                    isinstance(batch[-1], Seen)
                    and said(found).count("seen app-1") + said(found).count("seen app-3") < 4
                ):
                    await asyncio.to_thread(api.patch, "Application", namespace, "app-0", {"spec": {"n": len(found)}})
                    await asyncio.to_thread(etcd.compact)
                if said(found)[-1].startswith("listed"):
                    break
    words = said(found)
    assert words[:4] == ["listing start", "seen app-0", "seen app-1", "listing start"]
    assert words[4:-1] == [f"seen app-{number}" for number in range(6)]


async def test_the_api_server_is_killed_and_comes_back(
    etcd: Etcd, start_api_server: StartApiServer, namespace: str, pauses: Pauses
) -> None:
    api = await asyncio.to_thread(start_api_server, etcd)
    await asyncio.to_thread(api.install, "Application")
    api.create(application(namespace, "shop"))
    async with (
        connected(api) as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), **QUICK)) as it,
    ):
        await it.wait(until("seen shop"))
        await asyncio.to_thread(api.stop, kill=True)
        await it.wait(until("unavailable unreachable"))
        await asyncio.to_thread(api.start)
        await asyncio.to_thread(api.create, application(namespace, "new"))
        await it.wait(until("seen new"))
    words = said(it.found)
    assert words.count("unavailable unreachable") == 1
    after = words[words.index("unavailable unreachable") + 1 :]
    assert after[0] in ("restarted outage", "unavailable not_found", "listing outage", "listing start")


async def test_etcd_stops(tmp_path: Path, start_api_server: StartApiServer, namespace: str, pauses: Pauses) -> None:
    """Watches stay open, as the API server keeps them; whoever needs a list is told that there is none."""
    with servers.running(Etcd(tmp_path / "etcd")) as etcd:
        api = await asyncio.to_thread(start_api_server, etcd)
        await asyncio.to_thread(api.install, "Application")
        api.create(application(namespace, "shop"))
        async with (
            connected(api) as connection,
            following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), **QUICK)) as early,
        ):
            await early.wait(until("seen shop"))
            await asyncio.to_thread(etcd.stop, kill=True)
            async with following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), **QUICK)) as late:
                await late.wait(until("unavailable unreachable"))
                await asyncio.to_thread(etcd.start)
                await late.wait(until("seen shop"))
                await asyncio.to_thread(api.create, application(namespace, "new"))
                await asyncio.gather(early.wait(until("seen new")), late.wait(until("seen new")))
    assert said(late.found)[:3] == ["unavailable unreachable", "listing start", "seen shop"]


async def test_a_token_that_is_not_known(api: ApiServer, reviews: Reviews, namespace: str, pauses: Pauses) -> None:
    api.create(application(namespace, "shop"))
    async with (
        connected(api, "stranger") as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), **QUICK)) as it,
    ):
        await it.wait(until("unavailable unauthorized"))
        reviews.users["stranger"] = User("friend")
        await it.wait(until("seen shop"))
    assert said(it.found)[:3] == ["unavailable unauthorized", "listing start", "seen shop"]


async def test_a_token_is_taken_back_and_another_one_is_in_the_kubeconfig(
    api: ApiServer, reviews: Reviews, namespace: str, pauses: Pauses
) -> None:
    reviews.users |= {"old": User("reader"), "fresh": User("reader")}
    api.create(application(namespace, "shop"))
    settings = {"timeout_seconds_min": 2, "timeout_seconds_max": 2}
    async with (
        connected(api, "old") as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), **settings)) as it,
    ):
        await it.wait(until("seen shop"))
        del reviews.users["old"]
        api.kubeconfig("fresh").replace(api.kubeconfig("old"))
        await it.wait(until("restarted timeout"))
        await asyncio.to_thread(api.create, application(namespace, "new"))
        await it.wait(until("seen new"))
    assert not any(isinstance(observation, Unavailable) for observation in it.found)


async def test_one_kind_is_forbidden(api: ApiServer, reviews: Reviews, namespace: str, pauses: Pauses) -> None:
    reviews.users["limited"] = User("limited")
    reviews.denied.add(("limited", "appprojects"))
    api.create(application(namespace, "shop"))
    async with connected(api, "limited") as connection:
        projects = subject(connection, pauses, Scope(Kind.PROJECT, namespace), **QUICK)
        applications = subject(connection, pauses, Scope(Kind.APPLICATION, namespace))
        async with following(projects) as refused, following(applications) as allowed:
            await asyncio.gather(refused.wait(until("unavailable forbidden")), allowed.wait(until("seen shop")))
            message = next(one.message for one in refused.found if isinstance(one, Unavailable))
            assert 'User "limited" cannot watch resource "appprojects"' in message
            reviews.denied.clear()
            await refused.wait(until("listing start"))


async def test_a_kind_that_is_installed_later(
    etcd: Etcd, start_api_server: StartApiServer, namespace: str, pauses: Pauses
) -> None:
    api = await asyncio.to_thread(start_api_server, etcd)
    async with (
        connected(api) as connection,
        following(subject(connection, pauses, Scope(Kind.APPLICATION, namespace), **QUICK)) as it,
    ):
        await it.wait(until("unavailable not_found"))
        await asyncio.to_thread(api.install, "Application")
        await asyncio.to_thread(api.create, application(namespace, "shop"))
        await it.wait(until("seen shop"))
    assert said(it.found)[:2] == ["unavailable not_found", "listing start"]
