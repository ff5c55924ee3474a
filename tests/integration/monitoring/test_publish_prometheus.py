"""Rule files into a folder of a real Prometheus, which loads them or has its former ones back."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as server
from aiohttp.test_utils import TestServer

from observability.errors import Conflict, PublishError, SpecError
from observability.monitoring.publish import folder as disk
from observability.monitoring.publish import promtool, rulefiles
from observability.monitoring.publish.prometheus import Target, publish
from observability.monitoring.publish.web import Access, opened
from tests.integration import servers
from tests.integration.servers import Prometheus, free_port

pytestmark = pytest.mark.servers

UP = "groups: [{name: up, rules: [{alert: Down, expr: up == 0}, {record: ups, expr: sum(up)}]}]\n"
UP_FOR_LONG = UP.replace("up == 0", "up == 0 < 1")
OTHER = "groups: [{name: other, rules: [{alert: Other, expr: vector(1)}]}]\n"
REFUSED = "groups: [{name: up, rules: [{alert: Down, expr: 'up =='}]}]\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that reloads over HTTP and reads the folder `rules` beside its own."""
    folder = tmp_path_factory.mktemp("lifecycle")
    (folder / "rules").mkdir()
    with servers.running(
        Prometheus(folder / "prometheus", [], "--web.enable-lifecycle", rule_files=[str(folder / "rules" / "*.yml")])
    ) as started:
        yield started


@pytest.fixture
def rules(running: Prometheus) -> Iterator[Path]:
    """Its folder of rules, empty."""
    folder = folder_of(running)
    yield folder
    for path in folder.iterdir():
        path.unlink()


def folder_of(prometheus: Prometheus) -> Path:
    return prometheus.folder.parent / "rules"


async def put(
    folder: Path,
    wanted: Mapping[str, str],
    url: str | None = None,
    said: list[str] | None = None,
    *,
    overwrite: bool = False,
    **target: Any,
) -> None:
    """Publish these as the rules of prod."""
    before = disk.read(folder)
    planned = rulefiles.plan({"prod": wanted}, before.files, rulefiles.entries(before.manifest), overwrite=overwrite)
    say = ([] if said is None else said).append
    if url is None:
        await publish(Target(folder=folder, **target), planned, before, wanted, say)
        return
    async with opened(Access(url=url, timeout_seconds=30)) as reached:
        await publish(Target(folder=folder, web=reached, **target), planned, before, wanted, say)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_rules_are_written_and_loaded(running: Prometheus, rules: Path) -> None:
    said: list[str] = []
    await put(rules, {"prod-up.yml": UP, "prod-other.yml": OTHER}, running.url, said)
    assert running.loaded() == {"prod-up.yml": ["Down", "ups"], "prod-other.yml": ["Other"]}
    assert said == ["created prod-up.yml", "created prod-other.yml", f"loaded by {running.url}"]


async def test_a_second_run_writes_nothing_and_reloads_nothing(running: Prometheus, rules: Path) -> None:
    await put(rules, {"prod-up.yml": UP}, running.url)
    stamps = {path.name: path.stat().st_mtime_ns for path in rules.iterdir()}
    said: list[str] = []
    await put(rules, {"prod-up.yml": UP}, running.url, said)
    assert (said, {path.name: path.stat().st_mtime_ns for path in rules.iterdir()}) == ([], stamps)


async def test_rules_that_were_written_but_never_loaded_are_loaded(running: Prometheus, rules: Path) -> None:
    await put(rules, {"prod-up.yml": UP}, running.url)
    await put(rules, {"prod-up.yml": UP_FOR_LONG})
    assert running.expression("Down") == "up == 0"
    await put(rules, {"prod-up.yml": UP_FOR_LONG}, running.url)
    assert running.expression("Down") == "up == 0 < 1"


async def test_rules_that_are_generated_no_more_are_removed_and_others_stay(running: Prometheus, rules: Path) -> None:
    (rules / "theirs.yml").write_text(OTHER)
    await put(rules, {"prod-up.yml": UP, "prod-other.yml": OTHER}, running.url)
    await put(rules, {"prod-up.yml": UP_FOR_LONG}, running.url)
    assert running.loaded() == {"prod-up.yml": ["Down", "ups"], "theirs.yml": ["Other"]}


async def test_what_prometheus_cannot_load_is_taken_back(running: Prometheus, rules: Path) -> None:
    await put(rules, {"prod-up.yml": UP, "prod-other.yml": OTHER}, running.url)
    before, loaded = contents(rules), running.loaded()
    with pytest.raises(PublishError) as told:
        await put(rules, {"prod-up.yml": REFUSED, "prod-new.yml": OTHER}, running.url)
    first, last = str(told.value).splitlines()
    assert first.startswith(
        f"POST {running.url}/-/reload was answered 500 Internal Server Error: failed to reload config"
    )
    assert last == "the former files are back, and loaded"
    assert (contents(rules), running.loaded(), told.value.exit_code) == (before, loaded, 3)


async def test_files_that_somebody_changed_are_in_the_way(running: Prometheus, rules: Path) -> None:
    await put(rules, {"prod-up.yml": UP}, running.url)
    (rules / "prod-up.yml").write_text(OTHER)
    before = contents(rules)
    with pytest.raises(Conflict, match="changed since we wrote it"):
        await put(rules, {"prod-up.yml": UP_FOR_LONG}, running.url)
    assert contents(rules) == before
    await put(rules, {"prod-up.yml": UP_FOR_LONG}, running.url, overwrite=True)
    assert (rules / "prod-up.yml").read_text() == UP_FOR_LONG


async def test_a_folder_that_prometheus_does_not_read_is_told(running: Prometheus, tmp_path: Path) -> None:
    with pytest.raises(PublishError) as told:
        await put(tmp_path, {"prod-elsewhere.yml": UP}, running.url)
    assert "has not loaded prod-elsewhere.yml: its rule_files are" in str(told.value)
    assert str(folder_of(running)) in str(told.value)
    assert contents(tmp_path) == {}


async def test_nothing_is_written_for_a_prometheus_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="Cannot connect"):
        await put(tmp_path, {"prod-up.yml": UP}, f"http://127.0.0.1:{free_port()}")
    assert contents(tmp_path) == {}


@pytest.fixture(scope="module")
def signalled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that reloads by SIGHUP only."""
    folder = tmp_path_factory.mktemp("signalled")
    (folder / "rules").mkdir()
    with servers.running(
        Prometheus(folder / "prometheus", [], rule_files=[str(folder / "rules" / "*.yml")])
    ) as started:
        yield started


async def test_one_that_may_not_be_reloaded_over_http_is_told(signalled: Prometheus) -> None:
    with pytest.raises(PublishError, match="403 Forbidden: Lifecycle API is not enabled"):
        await put(folder_of(signalled), {"prod-web.yml": UP}, signalled.url)
    assert "prod-web.yml" not in contents(folder_of(signalled))


async def test_reloading_by_a_signal(signalled: Prometheus, tmp_path: Path) -> None:
    folder, pid_file = folder_of(signalled), tmp_path / "pid"
    pid_file.write_text(f"{signalled.pid}\n")
    await put(folder, {"prod-up.yml": UP}, signalled.url, pid_file=pid_file)
    await put(folder, {"prod-up.yml": UP, "prod-other.yml": OTHER}, signalled.url, pid_file=pid_file)
    assert signalled.loaded().keys() == {"prod-up.yml", "prod-other.yml"}
    before = contents(folder)
    with pytest.raises(PublishError, match="could not reload: its log says why\nthe former files are back, and loaded"):
        await put(folder, {"prod-up.yml": REFUSED}, signalled.url, pid_file=pid_file)
    assert contents(folder) == before
    assert signalled.loaded().keys() == {"prod-up.yml", "prod-other.yml"}


async def test_a_signal_alone_is_not_known_to_have_worked(signalled: Prometheus, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(str(signalled.pid))
    (tmp_path / "rules").mkdir()
    said: list[str] = []
    await put(tmp_path / "rules", {"prod-up.yml": UP}, said=said, pid_file=tmp_path / "pid")
    assert said == ["created prod-up.yml", "told to reload; without --url nobody asked whether it did"]


@pytest.mark.parametrize("text", ["", "0", "-1", "1 2", "nobody"])
async def test_a_pid_file_without_a_process_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    with pytest.raises(PublishError, match="expected the number of a process"):
        await put(tmp_path, {"prod-up.yml": UP}, pid_file=tmp_path / "pid")
    assert contents(tmp_path).keys() == {"pid"}


async def test_without_anybody_to_tell_the_files_are_written(tmp_path: Path) -> None:
    said: list[str] = []
    await put(tmp_path, {"prod-up.yml": UP}, said=said)
    assert (tmp_path / "prod-up.yml").read_text() == UP
    assert said[-1].startswith("nobody was told")


@asynccontextmanager
async def refusing(*statuses: int) -> AsyncIterator[str]:
    """The address of one that has loaded nothing and answers reloads with these statuses in turn.

    A fake, since the real one never answers 400. Faithful to Prometheus' HTTP API: /api/v1/rules and /-/reload, and to
    its own metrics.
    """
    answers = iter(statuses)

    async def reload(_: server.Request) -> server.Response:
        return server.Response(status=next(answers), text="no\n")

    async def metrics(_: server.Request) -> server.Response:
        lines = ("success_timestamp_seconds 1.7e+09", "successful 1")
        return server.Response(text="".join(f"prometheus_config_last_reload_{line}\n" for line in lines))

    async def rules(_: server.Request) -> server.Response:
        return server.json_response({"status": "success", "data": {"groups": []}})

    application = server.Application()
    application.router.add_post("/-/reload", reload)
    application.router.add_get("/api/v1/rules", rules)
    application.router.add_get("/metrics", metrics)
    async with TestServer(application) as started:
        yield str(started.make_url("")).rstrip("/")


@pytest.mark.parametrize(
    ("again", "said"),
    [(200, "the former files are back, and loaded"), (500, "the former files are back, but not loaded")],
)
async def test_any_refusal_takes_the_files_back(tmp_path: Path, again: int, said: str) -> None:
    async with refusing(400, again) as url:
        with pytest.raises(PublishError, match=rf"400 Bad Request: no\n{said}"):
            await put(tmp_path, {"prod-up.yml": UP}, url)
    assert contents(tmp_path) == {}


async def test_a_signal_that_brings_no_reload_takes_the_files_back(tmp_path: Path) -> None:
    """To a process that ends on SIGHUP, and an address where nothing is ever reloaded."""
    process = await asyncio.create_subprocess_exec("sleep", "100")
    try:
        (tmp_path / "pid").write_text(str(process.pid))
        (tmp_path / "rules").mkdir()
        async with refusing() as url:
            with pytest.raises(PublishError, match=r"has not reloaded within 0\.2 s after SIGHUP: its log says why"):
                await put(tmp_path / "rules", {"prod-up.yml": UP}, url, pid_file=tmp_path / "pid", patience_seconds=0.2)
        assert contents(tmp_path / "rules") == {}
        await process.wait()
        with pytest.raises(PublishError, match="No such process"):
            await put(tmp_path / "rules", {"prod-up.yml": UP}, pid_file=tmp_path / "pid")
        assert contents(tmp_path / "rules") == {}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_promtool_is_asked_first() -> None:
    program = promtool.find(str(servers.tool("promtool")))
    assert program is not None
    promtool.check(program, {"prod-up.yml": UP})
    with pytest.raises(SpecError, match=r"(?s)promtool check rules.*prod-up\.yml.*could not parse expression"):
        promtool.check(program, {"prod-other.yml": OTHER, "prod-up.yml": REFUSED})


def test_a_promtool_that_is_not_there_is_told() -> None:
    with pytest.raises(PublishError, match="absent: expected the program promtool"):
        promtool.find("absent")
