"""`gitops-obs publish` as a process: everything that is generated, into a faked Grafana and a real Prometheus."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web

from tests.fakes.grafana import TOKEN, Grafana
from tests.integration import servers
from tests.integration.servers import Prometheus, free_port

ROOT = Path(__file__).parents[3]


class Ended(NamedTuple):
    """What a process left behind."""

    status: int
    lines: list[str]
    errors: list[str]


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "observability", "publish", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode().splitlines(), err.decode().splitlines())


async def publish(*arguments: str) -> Ended:
    return await ended(await started(*arguments))


@pytest.fixture
async def grafana() -> AsyncIterator[Grafana]:
    """It has no dashboards yet."""
    async with Grafana().serving() as serving:
        yield serving


@pytest.fixture
def arguments(grafana: Grafana, tmp_path: Path) -> tuple[str, ...]:
    """Of `publish`, for that Grafana."""
    (tmp_path / "token").write_text(TOKEN)
    return ("grafana", "--url", grafana.url, "--token-file", str(tmp_path / "token"), "--environment", "prod")


async def test_dashboards_are_published_once(grafana: Grafana, arguments: tuple[str, ...]) -> None:
    tried = await publish(*arguments, "--dry-run")
    assert (tried.status, grafana.dashboards, grafana.folders) == (0, {}, {})
    count = len(tried.lines) - 1
    assert tried.lines[-1] == f"{count} to create, 0 to change, 0 to prune, 0 unchanged"
    first = await publish(*arguments)
    assert (first.status, len(grafana.dashboards), grafana.folders) == (0, count, {"gitops": "GitOps"})
    again = await publish(*arguments)
    assert again == (0, [f"0 dashboards published, {count} unchanged: {grafana.url}"], [])


async def test_a_dry_run_tells_what_differs_panel_by_panel(grafana: Grafana, arguments: tuple[str, ...]) -> None:
    await publish(*arguments)
    changed = grafana.dashboards["gitops-overview"]["dashboard"]
    panel = next(one for one in changed["panels"] if one["type"] != "row")
    panel["description"], said = "By hand", panel["description"]
    tried = await publish(*arguments, "--dry-run")
    assert (tried.status, tried.lines[0]) == (0, f"~ gitops-overview  {changed['title']}")
    assert tried.lines[1].startswith(f"    ~ panel {panel['id']} ")
    assert tried.lines[2].startswith(f'        description: "By hand" → "{said[:20]}')
    assert panel["description"] == "By hand"


async def test_dashboards_of_somebody_else_are_told(grafana: Grafana, arguments: tuple[str, ...]) -> None:
    grafana.put({"uid": "gitops-overview", "title": "Theirs", "tags": []})
    for how in ((), ("--dry-run",)):
        refused = await publish(*arguments, *how)
        assert refused.status == 1
        assert refused.errors == [
            "gitops-obs: gitops-overview is in the root, not in gitops: --overwrite would move it",
            "gitops-obs: nothing was changed",
        ]
    assert grafana.dashboards.keys() == {"gitops-overview"}


async def test_one_that_is_ended_takes_back_what_it_did(grafana: Grafana, arguments: tuple[str, ...]) -> None:
    process = await started(*arguments)

    def end(request: web.Request) -> None:
        if request.method == "POST" and len(grafana.dashboards) == 2:
            grafana.fault = lambda _: None
            process.send_signal(signal.SIGTERM)

    grafana.fault = end
    told = await ended(process)
    assert (told.status, told.lines[-1]) == (130, "all is as it was before")
    assert (grafana.dashboards, grafana.folders) == ({}, {})


async def test_a_grafana_that_is_away_or_does_not_know_us_ends_with_3(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("of nobody")
    refused = await publish(*arguments)
    assert (refused.status, "401 Unauthorized" in refused.errors[0]) == (3, True)
    away = await publish("grafana", "--url", f"http://127.0.0.1:{free_port()}", "--environment", "prod")
    assert (away.status, "Cannot connect" in away.errors[0]) == (3, True)


@pytest.mark.servers
async def test_all_rules_are_loaded_by_prometheus(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    with servers.running(
        Prometheus(tmp_path / "prometheus", [], "--web.enable-lifecycle", rule_files=[f"{rules}/*.yml"])
    ) as prometheus:
        into = ("prometheus", "--folder", str(rules), "--url", prometheus.url)
        first = await publish(*into, "--environment", "prod", "--environment", "dev")
        assert (first.status, first.errors) == (0, [])
        loaded = prometheus.loaded()
        assert loaded.keys() == {path.name for path in rules.glob("*.yml")}
        assert {name.partition("-")[0] for name in loaded} == {"prod", "dev"}
        again = await publish(*into, "--environment", "prod")
        count = sum(name.startswith("prod-") for name in loaded)
        assert again == (0, [f"0 files published, {count} unchanged: {rules}"], [])
        assert prometheus.loaded() == loaded


@pytest.mark.servers
async def test_what_promtool_refuses_of_a_user_writes_nothing(tmp_path: Path) -> None:
    folder, promtool = tmp_path / "rules", tmp_path / "promtool"
    folder.mkdir()
    promtool.write_text('#!/bin/sh\necho "$3: no good" >&2\nexit 1\n')
    promtool.chmod(0o755)
    refused = await publish("prometheus", "--folder", str(folder), "--environment", "prod", "--promtool", str(promtool))
    assert refused.status == 2
    assert refused.errors == ["gitops-obs: promtool check rules: prod-gitops-applicationsets.yml: no good"]
    assert list(folder.iterdir()) == []
