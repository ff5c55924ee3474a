"""May the bearer of a token read the metrics? Through a server that answers the two reviews and forwards the rest."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from observability.errors import ApiError, SourceError
from observability.model.access import TokenReviewer
from observability.settings.groups import Kubernetes
from observability.sources.kubernetes import Connection, connect
from observability.sources.reviews import KubernetesReviews
from tests.fakes.reviews import Reviews, Upstream, User
from tests.fakes.scripted_api import Answer, ScriptedApi
from tests.integration.servers import ApiServer, objects_path, write_kubeconfig


@pytest.fixture
def answering() -> Iterator[Reviews]:
    with Reviews().serving() as reviews:
        yield reviews


@asynccontextmanager
async def connected(url: str, tmp_path: Path) -> AsyncIterator[Connection]:
    write_kubeconfig(tmp_path / "kubeconfig", url, {}, {})
    async with connect(Kubernetes(kubeconfig=tmp_path / "kubeconfig"), time.monotonic) as connection:
        yield connection


async def test_who_may_and_who_may_not(answering: Reviews, tmp_path: Path) -> None:
    extra = (("authentication.kubernetes.io/pod-name", ("prometheus-0",)),)
    answering.users |= {"good": User("prometheus", ("monitoring", "all"), extra), "weak": User("guest")}
    answering.denied.add(("guest", "/metrics"))
    async with connected(answering.url, tmp_path) as connection:
        reviewer: TokenReviewer = KubernetesReviews(connection)
        assert await reviewer.may_get("good", "/metrics")
        assert not await reviewer.may_get("weak", "/metrics")
        assert await reviewer.may_get("weak", "/other")
        assert not await reviewer.may_get("unknown", "/metrics")
    assert answering.asked[:2] == [
        {"token": "good"},
        {
            "user": "prometheus",
            "groups": ["monitoring", "all"],
            "extra": {"authentication.kubernetes.io/pod-name": ["prometheus-0"]},
            "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
        },
    ]


async def test_reviews_that_fail_are_no_answer(answering: Reviews, tmp_path: Path) -> None:
    answering.status = 500
    async with connected(answering.url, tmp_path) as connection:
        with pytest.raises(ApiError):
            await KubernetesReviews(connection).may_get("good", "/metrics")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"null",
        b'{"status":null}',
        b'{"status":{"authenticated":"yes"}}',
        b'{"status":{"authenticated":true',
        b"[" * 9999,
    ],
)
async def test_an_answer_that_is_no_review(connection: Connection, scripted: ScriptedApi, body: bytes) -> None:
    scripted.script = [Answer((body,), 201)]
    with pytest.raises(SourceError, match="expected a TokenReview with a status"):
        await KubernetesReviews(connection).may_get("good", "/metrics")


@pytest.mark.parametrize("user", [b"null", b"{}", b'{"username":""}'])
async def test_somebody_without_a_name_is_nobody(connection: Connection, scripted: ScriptedApi, user: bytes) -> None:
    scripted.script = [Answer((b'{"status":{"authenticated":true,"user":%s}}' % user,), 201)]
    assert not await KubernetesReviews(connection).may_get("good", "/metrics")


async def test_denied_weighs_more_than_allowed(connection: Connection, scripted: ScriptedApi) -> None:
    scripted.script = [
        Answer((b'{"status":{"authenticated":true,"user":{"username":"a"}}}',), 201),
        Answer((b'{"status":{"allowed":true,"denied":true}}',), 201),
    ]
    assert not await KubernetesReviews(connection).may_get("good", "/metrics")


@pytest.mark.servers
async def test_the_rest_goes_to_the_api_server(api: ApiServer, tmp_path: Path) -> None:
    upstream = Upstream(api.url, api.context)
    with Reviews(upstream).serving() as proxy:
        proxy.users["good"] = User("prometheus")
        async with connected(proxy.url, tmp_path) as connection:
            assert await KubernetesReviews(connection).may_get("good", "/metrics")
            assert b"ApplicationList" in await connection.get(objects_path("Application"))
