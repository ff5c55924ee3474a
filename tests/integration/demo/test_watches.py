"""Watches over real HTTP, as the Kubernetes API streams them."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from observability.demo.api import Api
from tests.fakes.applications import PATH, Served, application

APPLICATIONS = f"{PATH}/applications"


async def watched(served: Served, count: int, **query: str) -> list[dict[str, Any]]:
    """The first `count` lines of a watch."""
    async with served.session.get(served.url + APPLICATIONS, params={"watch": "1", **query}) as response:
        assert response.status == 200
        return [json.loads(await response.content.readline()) for _ in range(count)]


async def whole(served: Served, **query: str) -> list[dict[str, Any]]:
    """All lines of a watch, until the server ends it."""
    async with served.session.get(served.url + APPLICATIONS, params={"watch": "true", **query}) as response:
        return [json.loads(line) async for line in response.content]


def brief(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


async def test_a_watch_goes_on_where_a_list_ended(served: Served) -> None:
    _, listed = await served.get(APPLICATIONS)
    served.store.put("applications", application("a", env="prod"))
    served.store.put("applications", application("f"))
    served.store.delete("applications", ("argocd", "b"))
    events = await watched(served, 3, resourceVersion=listed["metadata"]["resourceVersion"])

    assert brief(events) == [("MODIFIED", "a"), ("ADDED", "f"), ("DELETED", "b")]
    assert [event["object"]["metadata"]["resourceVersion"] for event in events] == ["1007", "1008", "1009"]


async def test_changes_come_as_they_happen(served: Served) -> None:
    query = {"watch": "1", "resourceVersion": "1006"}
    async with served.session.get(served.url + APPLICATIONS, params=query) as response:
        for name in ("x", "y"):
            served.store.put("applications", application(name))
            async with asyncio.timeout(5):
                assert json.loads(await response.content.readline())["object"]["metadata"]["name"] == name


async def test_a_watch_without_a_version_begins_with_what_there_is(served: Served) -> None:
    events = await watched(served, 6)

    assert {event["type"] for event in events} == {"ADDED"}
    assert [name for _, name in brief(events)] == ["a", "b", "c", "d", "e", "a"]


async def test_a_streaming_list_ends_with_an_annotated_bookmark(served: Served) -> None:
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    events = await watched(served, 7, **query)

    assert brief(events)[:6] == [("ADDED", name) for name in ["a", "b", "c", "d", "e", "a"]]
    assert events[6] == {
        "type": "BOOKMARK",
        "object": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"resourceVersion": "1006", "annotations": {"k8s.io/initial-events-end": "true"}},
        },
    }


async def test_after_a_streaming_list_come_the_changes(served: Served) -> None:
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with served.session.get(served.url + APPLICATIONS, params={"watch": "1", **query}) as response:
        for _ in range(7):
            await response.content.readline()
        served.store.put("applications", application("x"))
        events = [json.loads(await response.content.readline())]

    assert brief(events) == [("ADDED", "x")]


async def test_bookmarks_come_while_nothing_happens_and_at_the_end(served: Served) -> None:
    events = await whole(served, resourceVersion="1006", allowWatchBookmarks="true", timeoutSeconds="1")

    assert {event["type"] for event in events} == {"BOOKMARK"}
    assert len(events) >= 2
    assert {event["object"]["metadata"]["resourceVersion"] for event in events} == {"1006"}


async def test_without_bookmarks_a_quiet_watch_ends_quietly(served: Served) -> None:
    assert await whole(served, resourceVersion="1006", timeoutSeconds="1") == []


async def test_bookmarks_move_on_with_other_kinds(served: Served) -> None:
    served.store.put("appprojects", application("shop"))
    events = await watched(served, 1, resourceVersion="1006", allowWatchBookmarks="true")

    assert events[0]["object"]["metadata"]["resourceVersion"] == "1007"


async def test_a_version_that_is_too_old_is_an_error_event(served: Served) -> None:
    served.store.compact()
    events = await whole(served, resourceVersion="1001")

    assert [event["type"] for event in events] == ["ERROR"]
    assert (events[0]["object"]["code"], events[0]["object"]["reason"]) == (410, "Expired")
    assert events[0]["object"]["message"] == "too old resource version: 1001 (1006)"


async def test_a_version_that_fell_out_of_the_ring_is_too_old(served: Served) -> None:
    for _ in range(60):
        served.store.put("applications", application("a"))

    assert [event["type"] for event in await whole(served, resourceVersion="1006")] == ["ERROR"]


async def test_a_watcher_that_is_overtaken_is_told_so(served: Served) -> None:
    """It gets what was already on its way, then 410, and the stream ends."""
    query = {"watch": "1", "resourceVersion": "1006"}
    async with served.session.get(served.url + APPLICATIONS, params=query) as response:
        for _ in range(60):  # more than the ring holds, before the watcher runs again
            served.store.put("applications", application("a"))
        last = [json.loads(line) async for line in response.content][-1]

    assert (last["type"], last["object"]["code"]) == ("ERROR", 410)


async def test_a_selector_sees_objects_come_and_go(served: Served) -> None:
    served.store.put("applications", application("a", env="prod"))
    served.store.put("applications", application("a", env="prod", more="x"))
    served.store.put("applications", application("a", env="dev"))
    served.store.put("applications", application("b", env="dev"))
    served.store.delete("applications", ("argocd", "a"))
    served.store.delete("applications", ("argocd", "c"))
    events = await watched(served, 4, resourceVersion="1006", labelSelector="env=prod")

    assert brief(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a"), ("DELETED", "c")]


async def test_a_namespace_sees_only_its_own(served: Served) -> None:
    served.store.put("applications", application("x"))
    served.store.put("applications", application("y", "team-data"))
    path = f"{served.url}{PATH}/namespaces/team-data/applications"
    async with served.session.get(path, params={"watch": "1", "resourceVersion": "1006"}) as response:
        event = json.loads(await response.content.readline())

    assert event["object"]["metadata"]["name"] == "y"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"sendInitialEvents": "true"}, 422),
        ({"resourceVersionMatch": "NotOlderThan", "resourceVersion": "1"}, 422),
        ({"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "resourceVersion": "9999"}, 504),
        ({"resourceVersion": "new"}, 400),
        ({"timeoutSeconds": "-1"}, 400),
    ],
)
async def test_what_is_refused(served: Served, query: dict[str, str], code: int) -> None:
    status, body = await served.get(APPLICATIONS, watch="1", **query)

    assert (status, body["kind"]) == (code, "Status")


async def test_who_left_is_forgotten(served: Served) -> None:
    await watched(served, 1)
    async with asyncio.timeout(10):
        while served.api.watches:  # noqa: ASYNC110 - the server notices by itself
            await asyncio.sleep(0.01)

    assert served.store.shelves["applications"].listeners == set()
    assert served.api.lag() == 0


async def test_some_servers_answer_what_is_too_old_with_a_status(served: Served) -> None:
    served.store.compact()
    async with TestServer(Api(served.store, expired_as_status=True).application()) as server:
        url = server.make_url(APPLICATIONS).with_query(watch="1", resourceVersion="1001")
        async with served.session.get(url) as response:
            assert (response.status, (await response.json())["reason"]) == (410, "Expired")
        async with served.session.get(url.update_query(resourceVersion="1006", timeoutSeconds="1")) as response:
            assert (response.status, await response.read()) == (200, b"")
