"""Bad input and faults: a clear message, nothing lost, the rest goes on."""

import asyncio
import copy
import gc
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from observability import app
from observability.settings import Settings
from observability.settings.groups import Kubernetes, Server
from tests.builders import NOON, manifest
from tests.fakes.scripted_api import Answer, Request, ScriptedApi, application, bookmark, event, stream
from tests.integration.app.conftest import Simulated, StartExporter
from tests.integration.app.stages import Clock
from tests.integration.exporters import COMMAND, Exporter, Series
from tests.integration.servers import free_port, patience, tool, until, write_kubeconfig

ROOT: Final = Path(__file__).parents[3]
NASTY: Final = 'a "quoted" word, a \\, a\nnewline, a 🚀, a \u2028, {label="value"} 1'


def shop(name: str = "shop-prod", namespace: str = "argocd") -> dict[str, Any]:
    """A sound Application, Synced and Healthy."""
    document = manifest("application-local")
    document["metadata"] |= {"name": name, "namespace": namespace, "uid": f"uid of {namespace}/{name}"}
    return document


def changed(name: str, *changes: tuple[str, Any]) -> dict[str, Any]:
    """The same with other values at dotted paths."""
    document = shop(name)
    for path, value in changes:
        *parents, last = path.split(".")
        place = document
        for parent in parents:
            place = place[parent]
        place[last] = value
    return document


def value(exporter: Exporter, name: str, **labels: str) -> float | None:
    """The value of a series with these labels among its labels; None when there is none."""
    found = [value for (_, known), value in exporter.series(name).items() if labels.items() <= dict(known).items()]
    assert len(found) <= 1
    return found[0] if found else None


def health(exporter: Exporter, status: str, **labels: str) -> float | None:
    """1 when that is the health of the Application with these labels, 0 when it is not; None when there is none."""
    return value(exporter, "gitops_application_health_status", health_status=status, **labels)


def shown(exporter: Exporter) -> set[str]:
    """The Applications on /metrics."""
    return {dict(labels)["application"] for _, labels in exporter.series("gitops_application_info")}


def lint(exporter: Exporter) -> None:
    """Fails when promtool complains."""
    said = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=exporter.metrics().encode(), capture_output=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


WRONG: Final = {
    "status-is-text": ("status", "broken"),
    "spec-is-a-list": ("spec", []),
    "status-is-null": ("status", None),
    "labels-are-a-list": ("metadata.labels", ["env"]),
    "resources-are-an-object": ("status.resources", {"a": 1}),
    "history-is-a-number": ("status.history", 17),
    "operation-is-text": ("status.operationState", "Running"),
    "destination-is-null": ("spec.destination", None),
    "time-is-no-time": ("status.reconciledAt", "yesterday"),
    "health-is-unknown": ("status.health.status", "Sleepy"),
    "sync-is-unknown": ("status.sync.status", "Perhaps"),
    "phase-is-unknown": ("status.operationState.phase", "Paused"),
    "annotation-of-a-megabyte": ("metadata.annotations", {"notes": "x" * 1_000_000}),
    "retries-are-huge": ("status.operationState.retryCount", 10**30),
    "time-is-before-christ": ("status.operationState.startedAt", "0000-01-01T00:00:00Z"),
    "time-is-far": ("status.operationState.startedAt", "9999-12-31T23:59:59Z"),
}
"""Applications with one field that is not as it should be, by name."""
READ: Final = {"status-is-null", "destination-is-null", "annotation-of-a-megabyte", "time-is-far"}
"""Those of them in which nothing is wrong for us."""


@pytest.mark.servers
def test_malformed_objects_stand_beside_good_ones(simulated: Simulated, start_exporter: StartExporter) -> None:
    api = simulated.api
    for name, change in WRONG.items():
        api.put(changed(name, change))
    api.put(shop() | {"kind": "Pod"}, "applications")
    api.put(shop("good-dev"))
    exporter = start_exporter(simulated.kubeconfig)
    exporter.wait_until_ready()
    assert shown(exporter) == {*WRONG, "good-dev"}
    assert value(exporter, "gitops_application_sync_status", application="good-dev", sync_status="Synced") == 1
    for name in ("status-is-null", "health-is-unknown", "status-is-text"):
        assert health(exporter, "Unknown", application=name) == 1
    failures = len(WRONG.keys() - READ) + 1
    assert value(exporter, "gitops_exporter_decode_failures_total", kind="Application") == failures
    assert value(exporter, "gitops_exporter_judge_failures_total", kind="Application") == 0
    assert sum(exporter.series("gitops_exporter_render_failures_total").values()) == 0
    named = {record["object"] for record in exporter.records() if "object" in record}
    assert named == {f"argocd/{name}" for name in (WRONG.keys() - READ) | {"shop-prod"}}
    lint(exporter)

    api.put(shop("later-dev"))
    until(lambda: "later-dev" in shown(exporter), "what comes later is there", patience(2))


def test_an_application_that_becomes_unreadable_stays_as_it_was_until_it_can_be_read_again(
    simulated: Simulated, start_exporter: StartExporter
) -> None:
    simulated.api.put(shop())
    exporter = start_exporter(simulated.kubeconfig)
    exporter.wait_until_ready()
    simulated.api.put(shop() | {"kind": "Pod"}, "applications")
    exporter.wait_for(r'^gitops_exporter_decode_failures_total{kind="Application"} 1\.0$')
    assert shown(exporter) == {"shop-prod"}
    simulated.api.put(changed("shop-prod", ("status.health.status", "Degraded")))
    exporter.wait_for('health_status="Degraded"} 1$')


@pytest.mark.servers
def test_label_values_of_any_kind_come_back_as_they_were(simulated: Simulated, start_exporter: StartExporter) -> None:
    simulated.api.put(
        changed(
            "shop-prod",
            ("metadata.labels", {"team": NASTY}),
            ("spec.source.targetRevision", NASTY),
            ("spec.source.path", "p" * 100_000),
            ("spec.project", NASTY),
            ("status.conditions", [{"type": NASTY, "message": NASTY}]),
        )
    )
    exporter = start_exporter(simulated.kubeconfig, settings={"exposition": {"application_labels": ["team"]}})
    exporter.wait_until_ready()
    assert value(exporter, "gitops_application_labels", label_team=NASTY) == 1
    assert value(exporter, "gitops_application_condition", condition=NASTY, project=NASTY) == 1
    ((_, labels),) = exporter.series("gitops_application_info")
    info = dict(labels)
    assert info["target_revision"] == NASTY
    assert info["path"].startswith("p" * 900)
    assert len(info["path"]) <= 1024
    assert value(exporter, "gitops_exporter_label_values_truncated_total") == 1
    lint(exporter)


def test_an_invalid_cron_is_shown_and_blocks_what_it_matches_as_in_argo_cd(
    simulated: Simulated, start_exporter: StartExporter
) -> None:
    project = manifest("project")
    project["spec"]["syncWindows"].append(
        {"kind": "allow", "schedule": "not a cron", "duration": "1h", "applications": ["*"]}
    )
    other = copy.deepcopy(project) | {"metadata": {"name": "tools", "namespace": "argocd"}}
    other["spec"]["syncWindows"] = []
    for document in (project, other, changed("web-prod", ("spec.project", "web")), shop("tools-prod")):
        simulated.api.put(document)
    exporter = start_exporter(simulated.kubeconfig)
    exporter.wait_until_ready()
    assert value(exporter, "gitops_project_sync_window_invalid", project="web", schedule="not a cron") == 1
    assert value(exporter, "gitops_project_sync_window_active", project="web", schedule="* * * * *") == 1
    for by in ("automated", "manual"):
        assert value(exporter, "gitops_application_sync_blocked", application="web-prod", by=by) == 1
        assert value(exporter, "gitops_application_sync_blocked", application="tools-prod", by=by) == 0


def test_two_applications_of_one_name_are_two(simulated: Simulated, start_exporter: StartExporter) -> None:
    simulated.api.put(shop())
    simulated.api.put(shop(namespace="team-a") | {"status": {"health": {"status": "Degraded"}}})
    exporter = start_exporter(simulated.kubeconfig)
    exporter.wait_until_ready()

    def healthy(namespace: str) -> float | None:
        return health(exporter, "Healthy", application="shop-prod", application_namespace=namespace)

    assert (healthy("argocd"), healthy("team-a")) == (1, 0)
    simulated.api.delete("Application", "team-a", "shop-prod")
    until(lambda: healthy("team-a") is None, "the deleted one is gone", patience(2))
    assert healthy("argocd") == 1


@pytest.mark.parametrize(
    ("name", "environment", "service"),
    [("shop-staging-prod", "prod", "shop-staging"), ("prod-dev", "dev", "prod"), ("dev", "unassigned", "dev")],
)
def test_a_name_that_matches_two_environments_has_the_one_at_its_end(
    simulated: Simulated, start_exporter: StartExporter, name: str, environment: str, service: str
) -> None:
    simulated.api.put(shop(name))
    exporter = start_exporter(simulated.kubeconfig)
    exporter.wait_until_ready()
    ((_, labels),) = exporter.series("gitops_application_info")
    assert (dict(labels)["environment"], dict(labels)["service"]) == (environment, service)


def test_of_two_rules_that_match_the_first_wins(simulated: Simulated, start_exporter: StartExporter) -> None:
    simulated.api.put(changed("shop-prod", ("metadata.labels", {"stage": "staging"})))
    settings = {
        "identity": [
            {"from": "application_label", "key": "stage"},
            {"from": "name", "pattern": "(?P<service>.+)-(?P<environment>prod)"},
        ]
    }
    exporter = start_exporter(simulated.kubeconfig, settings=settings)
    exporter.wait_until_ready()
    ((_, labels),) = exporter.series("gitops_application_info")
    assert (dict(labels)["environment"], dict(labels)["service"]) == ("staging", "shop")


def test_without_an_api_it_lives_and_says_so(tmp_path: Path, start_exporter: StartExporter) -> None:
    write_kubeconfig(tmp_path / "nowhere.yaml", f"http://127.0.0.1:{free_port()}", {}, {})
    exporter = start_exporter(tmp_path / "nowhere.yaml")
    until(lambda: "unreachable" in exporter.get("/readyz").text, "it says what is missing", patience(5))
    assert exporter.get("/readyz").status == 503
    assert exporter.get("/livez").status == 200
    assert value(exporter, "gitops_exporter_ready") == 0
    families = {line.split()[2] for line in exporter.metrics().splitlines() if line.startswith("# TYPE")}
    assert families
    assert {family.partition("_exporter_")[0] for family in families} == {"gitops"}
    exporter.alive()


def test_of_a_web_configuration_and_a_certificate_nothing_is_said_where_there_is_none(
    tmp_path: Path, start_exporter: StartExporter
) -> None:
    """0 would say that the last reload failed, and that the certificate has expired."""
    write_kubeconfig(tmp_path / "nowhere.yaml", f"http://127.0.0.1:{free_port()}", {}, {})
    web_config = tmp_path / "web.yaml"
    web_config.write_text("http_server_config: {}\n")
    reload = "gitops_exporter_web_config_last_reload"
    names = f"{reload}_successful", f"{reload}_success_timestamp_seconds"
    families = *names, "gitops_exporter_certificate_expiry_timestamp_seconds"
    assert start_exporter(tmp_path / "nowhere.yaml").series(*families) == {}
    with_file = start_exporter(tmp_path / "nowhere.yaml", settings={"server": {"web_config": str(web_config)}})
    series = with_file.series(*families)
    assert {name for name, _ in series} == set(names)
    assert value(with_file, names[0]) == 1


@pytest.fixture
async def dribbling(tmp_path: Path) -> AsyncIterator[Path]:
    """The kubeconfig of an API that begins its first list of Applications, and never ends it."""

    def answer(request: Request) -> Answer:
        lines = (event("ADDED", application("first", 1)),)
        return stream(*lines if request.path.endswith("/applications") else (bookmark(1, end_of_list=True),))

    api = ScriptedApi()
    api.script = [answer] * 3
    async with api.serving():
        write_kubeconfig(tmp_path / "dribbling.yaml", api.url, {}, {})
        yield tmp_path / "dribbling.yaml"


async def test_sigterm_during_the_first_list_ends_it_soon(dribbling: Path, start_exporter: StartExporter) -> None:
    exporter = await asyncio.to_thread(start_exporter, dribbling)
    begun = r'^gitops_exporter_objects{kind="Application"} 1\.0$'
    await asyncio.to_thread(exporter.wait_for, begun, seconds=5)
    page = await asyncio.to_thread(exporter.get, "/readyz")
    assert (page.status, page.text) == (503, "not ready: Application in all namespaces: not listed yet\n")
    assert await asyncio.to_thread(shown, exporter) == set()
    code, seconds = await asyncio.to_thread(exporter.end)
    assert code == 0
    assert seconds < patience(3)


@pytest.fixture
def collector() -> Iterator[None]:
    """The exporter sets the garbage collector as it needs it; other tests shall not notice."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


class InProcess:
    """The exporter in this process, under a clock of the test's; asked like any other."""

    def __init__(self, kubeconfig: Path, clock: Clock) -> None:
        self.clock = clock
        listen = f"127.0.0.1:{free_port()}"
        self._settings = Settings(kubernetes=Kubernetes(kubeconfig=kubeconfig), server=Server(listen=listen))
        self.page = Exporter(kubeconfig.parent)
        self.page.url = f"http://{listen}"

    async def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Until it holds; the exporter looks at the clock once a second."""
        await asyncio.to_thread(until, holds, what, patience(5))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it while the block runs, from when it is ready."""
        task = asyncio.create_task(app.run(self._settings, self.clock))
        try:
            await self.wait_for(lambda: self.page.get("/readyz").status == 200, "it is ready")
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("collector")
async def test_a_clock_that_jumps_loses_nothing_and_windows_follow_it(simulated: Simulated) -> None:
    """A window forbids syncs by night; from noon the clock jumps into the next night, into others far off, and back."""
    project = manifest("project")
    window = {"kind": "deny", "schedule": "0 18 * * *", "duration": "12h", "applications": ["*"], "manualSync": True}
    project["spec"]["syncWindows"] = [window]
    for document in (project, changed("web-prod", ("spec.project", "web")), shop("tools-dev")):
        simulated.api.put(document)
    exporter = InProcess(simulated.kubeconfig, Clock(NOON))

    def says(blocked: int) -> bool:
        series = "gitops_application_sync_blocked"
        return value(exporter.page, series, application="web-prod", by="automated") == blocked

    async with exporter.running():
        assert await asyncio.to_thread(says, 0)
        before = await asyncio.to_thread(exporter.page.series)
        for hours, blocked in ((9, 1), (0, 0), (24 * 400 + 9, 1), (0, 0), (-24 * 400 - 15, 1), (0, 0)):
            exporter.clock.now = NOON + hours * 3600
            await exporter.wait_for(partial(says, blocked), f"blocked is {blocked} after {hours} hours")
        after = await asyncio.to_thread(exporter.page.series)
        simulated.api.put(changed("tools-dev", ("status.health.status", "Degraded")))
        await exporter.wait_for(lambda: health(exporter.page, "Degraded", application="tools-dev") == 1, "it shows")
    assert of_applications(after) == of_applications(before)


def of_applications(series: Series) -> Series:
    """The exporter's own aside."""
    return {name: value for name, value in series.items() if not name[0].startswith("gitops_exporter_")}


def ended(*arguments: str) -> tuple[int, str]:
    """Exit code and stderr of `gitops-obs run`."""
    process = subprocess.run(
        [*COMMAND, "run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=patience(20)
    )
    assert process.stdout == ""
    return process.returncode, process.stderr


def test_a_port_in_use_is_said(simulated: Simulated) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        code, said = ended("--kubeconfig", str(simulated.kubeconfig), "--listen", listen)
    assert code == 2
    assert said.splitlines()[-1] == f"gitops-obs: cannot listen on {listen}: address already in use"


def test_a_kubeconfig_that_is_not_there_is_said(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    code, said = ended("--kubeconfig", str(missing), "--listen", "127.0.0.1:0")
    assert (code, said) == (2, f"gitops-obs: {missing}: expected a kubeconfig, there is no such file\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("state: {settle_secnds: 3}", 'state.settle_secnds: unknown key, did you mean "settle_seconds"?'),
        ("state: {settle_seconds: soon}", "state.settle_seconds: "),
        ("server: {listen: 70000}", "server.listen: "),
        ("state: [", ""),
    ],
)
def test_a_mistake_in_the_settings_is_said_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    code, said = ended("--config", str(file))
    assert code == 2
    assert said.startswith(f"gitops-obs: {file}: {message}")
