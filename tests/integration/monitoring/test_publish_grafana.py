"""Dashboards into a Grafana that is faked, over real HTTP: all of them or none, and nobody else's."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from observability.errors import Conflict, PublishError, SettingsError
from observability.monitoring.publish.dashboards import Folder, Plan, Rules, summary
from observability.monitoring.publish.grafana import Publication
from observability.monitoring.publish.web import Access, opened
from tests.fakes.grafana import LOSE, TOKEN, VIEWER, Grafana
from tests.integration.servers import free_port

TAG = "gitops-observability"
RULES = Rules(folder=Folder("gitops", "GitOps"), tag=TAG)


def document(uid: str, **fields: Any) -> dict[str, Any]:
    return {"uid": uid, "title": uid.upper(), "tags": [TAG], "panels": [{"id": 1, "title": "A"}], **fields}


WANTED = {uid: document(uid) for uid in ("a", "b", "c")}


@pytest.fixture
async def grafana() -> AsyncIterator[Grafana]:
    """It has no dashboards yet."""
    async with Grafana().serving() as serving:
        yield serving


@pytest.fixture
def filled(grafana: Grafana) -> Grafana:
    """It has one of ours as it was, one as it should be, one that is generated no more, and two of others."""
    grafana.folders["gitops"] = "GitOps"
    grafana.folders["team"] = "Team"
    grafana.put(document("b", title="as it was"), "gitops")
    grafana.put(document("c"), "gitops")
    grafana.put(document("old"), "gitops")
    grafana.put(document("theirs", tags=[]), "gitops")
    grafana.put(document("elsewhere"), "team")
    return grafana


@pytest.fixture
def access(grafana: Grafana, tmp_path: Path) -> Access:
    """To that Grafana, as somebody who may change it."""
    return Access(url=f"{grafana.url}/", token_file=written(tmp_path / "token", TOKEN), timeout_seconds=5)


def written(file: Path, text: str) -> Path:
    file.write_text(f"{text}\n")
    return file


async def publish(access: Access, rules: Rules = RULES, said: list[str] | None = None) -> Plan:
    async with opened(access) as server:
        publication = Publication(server, WANTED, rules, ([] if said is None else said).append)
        planned = await publication.planned()
        await publication.publish(planned)
        return planned


def state(grafana: Grafana) -> dict[str, Any]:
    """All that people see: versions and ids may grow."""
    shown = copy.deepcopy(grafana.dashboards)
    for one in shown.values():
        del one["dashboard"]["id"], one["dashboard"]["version"]
    return {"folders": dict(grafana.folders), "dashboards": shown}


def writes(grafana: Grafana) -> list[str]:
    return [method for method in grafana.requests if method != "GET"]


def faults(*answers: tuple[str, int | None]) -> Callable[[web.Request], int | None]:
    """Answer the changes of dashboards in turn: each named by its method."""
    script: Iterator[tuple[str, int | None]] = iter(answers)

    def fault(request: web.Request) -> int | None:
        if request.method == "GET" or "/dashboards/" not in request.path:
            return None
        method, status = next(script, (request.method, None))
        assert method == request.method
        return status

    return fault


async def test_all_is_created_in_a_folder_of_ours(grafana: Grafana, access: Access) -> None:
    said: list[str] = []
    await publish(access, said=said)
    assert grafana.folders == {"gitops": "GitOps"}
    assert {uid: one["folder"] for uid, one in grafana.dashboards.items()} == dict.fromkeys(WANTED, "gitops")
    assert said == ["created the folder GitOps (gitops)", "created a  A", "created b  B", "created c  C"]


async def test_only_what_differs_is_changed_and_only_what_is_ours_is_removed(filled: Grafana, access: Access) -> None:
    said: list[str] = []
    await publish(access, said=said)
    assert said == ["created a  A", "changed b  B", "removed old  OLD"]
    assert filled.dashboards.keys() == {"a", "b", "c", "theirs", "elsewhere"}
    assert filled.dashboards["b"]["dashboard"] == {**WANTED["b"], "id": 1, "version": 2}


async def test_a_second_run_changes_nothing(filled: Grafana, access: Access) -> None:
    await publish(access)
    filled.requests.clear()
    assert summary(await publish(access)) == "0 to create, 0 to change, 0 to prune, 3 unchanged"
    assert writes(filled) == []


async def test_what_is_not_ours_stops_the_run_before_anything_is_written(filled: Grafana, access: Access) -> None:
    filled.put(document("a"), "team")
    filled.put(document("b", tags=["mine"]), "gitops")
    before = state(filled)
    with pytest.raises(Conflict) as told:
        await publish(access)
    assert str(told.value).splitlines() == [
        "a is in the folder team, not in gitops: --overwrite would move it",
        "b has no tag gitops-observability, so it is not ours: --overwrite would replace it",
        "nothing was changed",
    ]
    assert (state(filled), writes(filled), told.value.exit_code) == (before, [], 1)
    await publish(access, Rules(folder=RULES.folder, tag=TAG, overwrite=True))
    assert {filled.dashboards[uid]["folder"] for uid in WANTED} == {"gitops"}


async def test_a_change_of_somebody_else_meanwhile_is_told_and_left(filled: Grafana, access: Access) -> None:
    theirs = document("b", title="changed by somebody")

    def meanwhile(request: web.Request) -> None:
        if request.method == "POST" and filled.dashboards["b"]["dashboard"]["title"] != theirs["title"]:
            filled.put(theirs, "gitops")

    before = state(filled)
    filled.fault = meanwhile
    with pytest.raises(Conflict) as told:
        await publish(access)
    assert str(told.value).splitlines() == [
        "b: The dashboard has been changed by someone else (412); "
        "look at it with --dry-run, and publish again, or with --overwrite",
        "all is as it was before",
    ]
    after = state(filled)
    assert after["dashboards"]["b"]["dashboard"] == theirs
    del after["dashboards"]["b"], before["dashboards"]["b"]
    assert after == before


async def test_a_change_meanwhile_is_overwritten_when_that_is_asked_for(filled: Grafana, access: Access) -> None:
    filled.fault = lambda request: (
        filled.put(document("b", title="theirs"), "gitops") if request.method == "POST" else None
    )
    await publish(access, Rules(folder=RULES.folder, tag=TAG, overwrite=True))
    assert filled.dashboards["b"]["dashboard"]["title"] == "B"


async def test_what_changed_meanwhile_is_not_removed(filled: Grafana, access: Access) -> None:
    filled.fault = lambda request: (
        filled.put(document("old", refresh="1m"), "gitops") if request.method == "POST" else None
    )
    with pytest.raises(Conflict, match="old: somebody changed it meanwhile, so it is not removed"):
        await publish(access)
    assert filled.dashboards["old"]["dashboard"]["refresh"] == "1m"
    assert filled.dashboards.keys() == {"b", "c", "old", "theirs", "elsewhere"}


@pytest.mark.parametrize(
    ("step", "status"),
    [*((step, status) for step in range(3) for status in (500, 403, 502, 302)), (0, LOSE), (1, LOSE)],
)
async def test_a_failure_half_way_leaves_all_as_it_was(filled: Grafana, access: Access, step: int, status: int) -> None:
    """Also when it was done, and only its answer was lost."""
    methods = ["POST", "POST", "DELETE"]
    filled.fault = faults(*((method, None) for method in methods[:step]), (methods[step], status))
    before = state(filled)
    with pytest.raises(PublishError) as told:
        await publish(access)
    assert state(filled) == before
    assert str(told.value).splitlines()[-1] == "all is as it was before"
    assert told.value.exit_code == 3


async def test_a_lost_answer_to_a_removal_is_no_failure(filled: Grafana, access: Access) -> None:
    """It is asked for again, and a dashboard that is not there is removed."""
    filled.fault = faults(("POST", None), ("POST", None), ("DELETE", LOSE))
    await publish(access)
    assert "old" not in filled.dashboards


async def test_what_grafana_adds_to_a_dashboard_does_not_keep_it_from_being_taken_back(
    filled: Grafana, access: Access
) -> None:
    before = state(filled)

    def fault(request: web.Request) -> int | None:
        if request.method == "DELETE" and request.path.endswith("/old"):
            for uid in ("a", "b"):
                filled.dashboards[uid]["dashboard"]["preload"] = False
            return 500
        return None

    filled.fault = fault
    with pytest.raises(PublishError, match="all is as it was before"):
        await publish(access)
    assert state(filled) == before


async def test_a_folder_that_was_made_is_removed_again(grafana: Grafana, access: Access) -> None:
    grafana.fault = faults(("POST", None), ("POST", 500))
    with pytest.raises(PublishError, match="all is as it was before"):
        await publish(access)
    assert state(grafana) == {"folders": {}, "dashboards": {}}


async def test_a_folder_into_which_somebody_put_something_stays(grafana: Grafana, access: Access) -> None:
    def fault(request: web.Request) -> int | None:
        if request.method == "POST" and "a" in grafana.dashboards:
            grafana.put(document("theirs"), "gitops")
            return 500
        return None

    grafana.fault = fault
    with pytest.raises(PublishError):
        await publish(access)
    assert grafana.dashboards.keys() == {"theirs"}
    assert grafana.folders == {"gitops": "GitOps"}


async def test_what_cannot_be_taken_back_is_told(filled: Grafana, access: Access) -> None:
    filled.fault = faults(("POST", None), ("POST", 500), ("DELETE", 500))
    with pytest.raises(PublishError) as told:
        await publish(access)
    assert str(told.value).splitlines()[1].startswith("a is not as it was: DELETE ")
    assert "a" in filled.dashboards


async def test_what_somebody_changed_since_is_not_taken_back(filled: Grafana, access: Access) -> None:
    theirs = document("a", title="theirs")

    def fault(request: web.Request) -> int | None:
        if request.method == "POST" and "a" in filled.dashboards:
            filled.put(theirs, "gitops")
            return 500
        return None

    filled.fault = fault
    with pytest.raises(PublishError, match="a is not as it was: somebody changed it meanwhile"):
        await publish(access)
    assert filled.dashboards["a"]["dashboard"]["title"] == "theirs"


async def test_who_interrupts_a_run_leaves_all_as_it_was(filled: Grafana, access: Access) -> None:
    before, said = state(filled), list[str]()
    running = asyncio.create_task(publish(access, said=said))

    def interrupt(request: web.Request) -> None:
        if request.path.endswith("/old") and request.method == "DELETE":
            running.cancel()

    filled.fault = interrupt
    with pytest.raises(asyncio.CancelledError):
        await running
    assert state(filled) == before
    assert said[-1] == "all is as it was before"


@pytest.mark.parametrize(
    ("token", "said"), [("wrong", "401 Unauthorized: Invalid API key"), (VIEWER, "may not change the folder gitops")]
)
async def test_who_may_not_is_told_so_before_anything_is_written(
    filled: Grafana, access: Access, tmp_path: Path, token: str, said: str
) -> None:
    written(tmp_path / "token", token)
    with pytest.raises(PublishError, match=said) as told:
        await publish(access)
    assert (writes(filled), token in str(told.value)) == ([], False)


async def test_a_user_and_a_password_do_too(grafana: Grafana, tmp_path: Path) -> None:
    file = written(tmp_path / "user", "admin:password of the admin")
    await publish(Access(url=grafana.url, user_file=file))
    assert grafana.dashboards.keys() == WANTED.keys()


async def test_a_grafana_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="Cannot connect to host"):
        await publish(Access(url=f"http://127.0.0.1:{free_port()}"))


async def test_another_server_is_told(grafana: Grafana, access: Access) -> None:
    with pytest.raises(PublishError, match=r"answers? with"):
        await publish(Access(url=f"{grafana.url}/api/annotations?tags=", token_file=access.token_file))


async def test_dashboards_on_further_pages_are_found(
    filled: Grafana, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("observability.monitoring.publish.grafana._PAGE", 1)
    await publish(access)
    assert "old" not in filled.dashboards


@pytest.mark.parametrize(
    "access",
    [
        Access(url="grafana.example.com"),
        Access(url="https://user:password@grafana.example.com"),
        Access(url="http://localhost", token_file=Path("absent")),
        Access(url="http://localhost", token_file=Path("empty")),
        Access(url="http://localhost", user_file=Path("token")),
        Access(url="https://localhost", ca_file=Path("token")),
    ],
)
async def test_addresses_and_files_that_cannot_be_used_are_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access: Access
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "token", "a-token")
    written(tmp_path / "empty", "")
    with pytest.raises(SettingsError, match=r"expected|No such file"):
        await publish(access)
