"""Lists, single objects, discovery and refusals, over real HTTP, as the Kubernetes API answers them."""

import pytest

from tests.fakes.applications import PATH, Served, application

APPLICATIONS = f"{PATH}/applications"


async def test_a_list_has_every_object_and_the_resource_version_of_the_store(served: Served) -> None:
    status, body = await served.get(APPLICATIONS)

    assert status == 200
    assert body["kind"] == "ApplicationList"
    keys = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in body["items"]]
    assert keys == [("argocd", name) for name in "abcde"] + [("team-data", "a")]
    assert body["metadata"] == {"resourceVersion": str(served.store.resource_version)}


async def test_an_empty_list_is_a_list(served: Served) -> None:
    assert (await served.get(f"{PATH}/appprojects"))[1]["items"] == []


async def test_a_list_of_one_namespace(served: Served) -> None:
    _, body = await served.get(f"{PATH}/namespaces/team-data/applications")

    assert [item["metadata"]["name"] for item in body["items"]] == ["a"]


async def test_chunks_are_one_consistent_list(served: Served) -> None:
    _, first = await served.get(APPLICATIONS, limit="2")
    served.store.put("applications", application("bb"))
    served.store.delete("applications", ("argocd", "d"))
    _, second = await served.get(APPLICATIONS, limit="2", **{"continue": first["metadata"]["continue"]})
    _, third = await served.get(APPLICATIONS, limit="2", **{"continue": second["metadata"]["continue"]})

    names = [item["metadata"]["name"] for page in (first, second, third) for item in page["items"]]
    assert names == ["a", "b", "c", "d", "e", "a"]
    assert {page["metadata"]["resourceVersion"] for page in (first, second, third)} == {"1006"}
    assert [page["metadata"].get("remainingItemCount") for page in (first, second, third)] == [4, 2, None]
    assert "continue" not in third["metadata"]


async def test_chunks_with_a_selector(served: Served) -> None:
    _, first = await served.get(APPLICATIONS, limit="2", labelSelector="env=prod")
    token = {"continue": first["metadata"]["continue"]}
    _, second = await served.get(APPLICATIONS, limit="2", labelSelector="env=prod", **token)

    assert [item["metadata"]["name"] for page in (first, second) for item in page["items"]] == ["c", "d", "e"]
    assert "remainingItemCount" not in first["metadata"]


async def test_an_expired_token_is_gone_and_offers_another_that_goes_on(served: Served) -> None:
    _, first = await served.get(APPLICATIONS, limit="2")
    served.store.put("applications", application("bb"))
    served.api.lister.expire()
    code, gone = await served.get(APPLICATIONS, limit="2", **{"continue": first["metadata"]["continue"]})
    _, rest = await served.get(APPLICATIONS, **{"continue": gone["metadata"]["continue"]})

    assert (code, gone["kind"], gone["reason"], gone["code"]) == (410, "Status", "Expired", 410)
    assert [item["metadata"]["name"] for item in rest["items"]] == ["bb", "c", "d", "e", "a"]
    assert rest["metadata"]["resourceVersion"] == "1007"


@pytest.mark.parametrize(
    ("query", "code", "reason"),
    [
        ({"continue": "nonsense"}, 400, "BadRequest"),
        ({"continue": "e30"}, 400, "BadRequest"),
        ({"limit": "two"}, 400, "BadRequest"),
        ({"labelSelector": "env in dev"}, 400, "BadRequest"),
        ({"fieldSelector": "spec.project=x"}, 400, "BadRequest"),
        ({"resourceVersion": "abc"}, 400, "BadRequest"),
        ({"resourceVersionMatch": "NotOlderThan"}, 422, "Invalid"),
        ({"sendInitialEvents": "true"}, 422, "Invalid"),
        ({"resourceVersion": "9999", "resourceVersionMatch": "NotOlderThan"}, 504, "Timeout"),
        ({"resourceVersion": "1001", "resourceVersionMatch": "Exact"}, 410, "Expired"),
    ],
)
async def test_what_is_refused(served: Served, query: dict[str, str], code: int, reason: str) -> None:
    status, body = await served.get(APPLICATIONS, **query)

    assert (status, body["kind"], body["status"], body["code"], body["reason"]) == (
        code,
        "Status",
        "Failure",
        code,
        reason,
    )


async def test_versions_that_can_be_had(served: Served) -> None:
    for query in (
        {"resourceVersion": "0"},
        {"resourceVersion": "1006", "resourceVersionMatch": "Exact"},
        {"resourceVersion": "1001", "resourceVersionMatch": "NotOlderThan"},
    ):
        assert (await served.get(APPLICATIONS, **query))[0] == 200


async def test_one_object(served: Served) -> None:
    status, body = await served.get(f"{PATH}/namespaces/argocd/applications/b")
    missing, refusal = await served.get(f"{PATH}/namespaces/argocd/applications/zz")

    assert (status, body["metadata"]["name"], body["metadata"]["resourceVersion"]) == (200, "b", "1002")
    assert (missing, refusal["reason"]) == (404, "NotFound")


async def test_an_unknown_kind_is_not_found(served: Served) -> None:
    assert (await served.get(f"{PATH}/gizmos"))[0] == 404
    assert (await served.get("/apis/example.com/v1/gizmos"))[1]["kind"] == "Status"


async def test_nothing_can_be_written(served: Served) -> None:
    async with served.session.post(served.url + APPLICATIONS, json={}) as response:
        assert response.status == 405
        assert (await response.json())["reason"] == "MethodNotAllowed"


async def test_discovery(served: Served) -> None:
    _, groups = await served.get("/apis")
    _, resources = await served.get(PATH)

    assert [group["name"] for group in groups["groups"]] == ["argoproj.io"]
    assert {row["kind"] for row in resources["resources"]} == {"Application", "ApplicationSet", "AppProject"}
    assert (await served.get("/version"))[1]["major"] == "1"
    async with served.session.get(served.url + "/readyz") as response:
        assert await response.text() == "ok"
