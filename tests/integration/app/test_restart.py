"""The exporter is killed and started again: what it knew it knows, what happened meanwhile is told once.

Against the demo's API and against a real API server. Whatever a file of events holds twice has the same id twice.
"""

import asyncio
import fcntl
import json
import re
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from observability.journal import schema
from tests.integration.app.conftest import Simulated, StartExporter
from tests.integration.app.shops import Cluster, RealCluster, Shop, SimulatedCluster
from tests.integration.conftest import StartApiServer
from tests.integration.exporters import COMMAND
from tests.integration.servers import ARGO_KINDS, ApiServer, Etcd, patience, running, until

PREFIX: Final = "gitops.application."
GAP: Final = "gitops.exporter.gap"


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.servers)])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """An API of the test's own, with the kinds of Argo CD."""
    if request.param == "simulated":
        simulated: Simulated = request.getfixturevalue("simulated")
        return SimulatedCluster(*simulated)
    etcd: Etcd = request.getfixturevalue("etcd")
    start: StartApiServer = request.getfixturevalue("start_api_server")
    api = start(etcd, watch_cache=False)
    api.install(*ARGO_KINDS)
    return RealCluster(api, etcd)


class Kept:
    """An exporter with a journal and a file of events, that is killed and started again."""

    def __init__(
        self, start: StartExporter, kubeconfig: Path, folder: Path, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.journal, self.events_file = folder / "journal.db", folder / "events.ndjson"
        self._arguments = ("--journal", str(self.journal), "--events", str(self.events_file))
        settings = {"state": {"settle_seconds": 1}, **(settings or {})}
        self.exporter = start(kubeconfig, *self._arguments, settings=settings)
        self.exporter.wait_until_ready()
        until(self._is_saved, "the first lists are in the journal", patience(10))

    def killed(self) -> None:
        """It ends without a word."""
        self.exporter.stop(kill=True)
        self.exporter.log.rename(self.exporter.log.with_suffix(f".{time.monotonic_ns()}"))

    def back(self) -> None:
        """It is started as before, and ready."""
        self.exporter.start()
        self.exporter.wait_until_ready()

    def started_with(self, start: StartExporter, kubeconfig: Path, settings: Mapping[str, Any]) -> None:
        """It is started with other settings, and ready."""
        self.exporter = start(kubeconfig, *self._arguments, settings=settings)
        self.exporter.wait_until_ready()

    def events(self) -> list[dict[str, Any]]:
        """What was told so far, each once. A line that is half written is not told."""
        text = self.events_file.read_bytes() if self.events_file.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        return list({event["id"]: event for event in map(json.loads, whole.splitlines())}.values())

    def told(self, name: str, application: str = "shop-prod") -> list[dict[str, Any]]:
        """The events of this name, of one Application."""
        return [one for one in self.events() if one["name"] == PREFIX + name and _of(one) == application]

    def gaps(self) -> list[str]:
        """The kinds of which something was not seen."""
        return [str(one["attributes"]["gitops.gap.kind"]) for one in self.events() if one["name"] == GAP]

    def wait_for(self, name: str, count: int = 1, application: str = "shop-prod") -> None:
        """Until so many events of this name were told; fails when there are more."""
        until(lambda: len(self.told(name, application)) >= count, f"{name} is told", patience(10))
        assert len(self.told(name, application)) == count

    def count(self, table: str) -> int:
        """The rows of a table of the journal."""
        with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - ours

    def _is_saved(self) -> bool:
        return self.count("cursors") == len(ARGO_KINDS)

    def facts(self) -> Mapping[Any, float]:
        """All of /metrics but what the exporter says of itself."""
        series = self.exporter.series()
        return {name: value for name, value in series.items() if not name[0].startswith("gitops_exporter_")}

    def value(self, family: str, **labels: str) -> float:
        """The sum of the series of a family with these labels."""
        found = self.exporter.series(family)
        return sum(value for (_, known), value in found.items() if labels.items() <= dict(known).items())


def _of(event: dict[str, Any]) -> str:
    return str(event["attributes"].get("gitops.application.name", ""))


@pytest.fixture
def kept(cluster: Cluster, start_exporter: StartExporter, tmp_path: Path) -> Kept:
    """The exporter beside a service that was deployed in two environments before it came."""
    cluster.put(Shop("dev").synced(1))
    return Kept(start_exporter, cluster.kubeconfig, tmp_path)


def lived(cluster: Cluster, kept: Kept) -> Shop:
    """Production comes, is deployed twice, fails once, drifts and is Degraded: all that must not be forgotten."""
    shop = Shop("prod")
    cluster.put(shop.now())
    kept.wait_for("created")
    for number, phase in ((1, "Succeeded"), (2, "Failed"), (3, "Succeeded")):
        cluster.put(shop.runs(number))
        cluster.put(shop.ends(number, phase))
    cluster.put(shop.health("Healthy"))
    kept.wait_for("sync.finished", 3)
    time.sleep(1.1)  # the settle time after a sync
    cluster.put(shop.drifts())
    kept.wait_for("drift.detected")
    cluster.put(shop.health("Degraded"))
    kept.exporter.wait_for(r'^gitops_application_health_status{.*"shop-prod".*health_status="Degraded"} 1$', seconds=10)
    until(lambda: kept.told("health.changed")[-1]["attributes"]["gitops.health.status"] == "Degraded", "it is told")
    return shop


def test_what_the_settings_do_not_watch_any_more_is_forgotten_and_was_not_deleted(
    cluster: Cluster, kept: Kept, start_exporter: StartExporter
) -> None:
    assert kept.value("gitops_application_info", application="shop-dev") == 1
    kept.killed()
    kept.started_with(start_exporter, cluster.kubeconfig, {"kubernetes": {"namespaces": ["elsewhere"]}})
    assert kept.value("gitops_application_info", application="shop-dev") == 0
    until(lambda: not kept.count("states"), "the journal has forgotten it", patience(10))
    assert not kept.told("deleted", "shop-dev")


def test_under_another_selector_all_that_match_are_known_and_no_others(
    cluster: Cluster, kept: Kept, start_exporter: StartExporter
) -> None:
    cluster.put(Shop("prod").synced(1))
    kept.exporter.wait_for(r'^gitops_application_info{.*"shop-prod"')
    kept.killed()
    for environment, other in (("prod", "dev"), ("dev", "prod")):
        kept.started_with(start_exporter, cluster.kubeconfig, {"kubernetes": {"label_selector": f"env={environment}"}})
        kept.exporter.wait_for(rf'^gitops_application_info{{.*"shop-{environment}"', seconds=10)
        assert kept.value("gitops_application_info", application=f"shop-{other}") == 0
        kept.killed()


def test_while_nothing_changes_nothing_is_told_and_all_is_as_before(cluster: Cluster, kept: Kept) -> None:
    lived(cluster, kept)
    facts, events, lists = kept.facts(), kept.events(), cluster.lists()
    assert kept.value("gitops_syncs_total", environment="prod") == 3
    assert kept.value("gitops_deployments_total", environment="prod") == 2
    assert kept.value("gitops_application_operations_total", application="shop-prod") == 3
    assert kept.value("gitops_application_out_of_sync", cause="live_drift") == 1
    for _ in range(2):
        kept.killed()
        kept.back()
        assert kept.facts() == facts
    assert kept.events() == events
    assert cluster.lists() == lists + 2, "it went on from where it was, once a list of one object told that it can"
    assert sum(kept.exporter.series("gitops_exporter_relists_total").values()) == 0
    assert GAP not in {event["name"] for event in events}


def test_what_changes_meanwhile_is_told_as_if_it_had_been_there(cluster: Cluster, kept: Kept) -> None:
    shop = lived(cluster, kept)
    lists, (drift,) = cluster.lists(), kept.told("drift.detected")
    since = kept.value("gitops_application_out_of_sync_since_timestamp_seconds", application="shop-prod")
    before = {event["id"] for event in kept.events()}
    kept.killed()
    cluster.put(shop.health("Healthy"))
    cluster.put(shop.runs(4))
    cluster.put(shop.ends(4))
    kept.back()
    kept.wait_for("sync.finished", 4)
    kept.wait_for("deployed", 3)
    kept.wait_for("drift.resolved")
    new = [event for event in kept.events() if event["id"] not in before]
    assert not any(event["attributes"]["gitops.catch_up"] for event in new)
    assert (
        Counter(event["name"].removeprefix(PREFIX) for event in new if "health" in event["name"])["health.changed"] == 1
    )
    assert cluster.lists() == lists + 1, "of one object"
    assert kept.value("gitops_syncs_total", environment="prod") == 4
    assert kept.value("gitops_deployments_total", environment="prod") == 3
    assert kept.value("gitops_application_operations_total", application="shop-prod") == 4
    (resolved,) = kept.told("drift.resolved")
    assert drift["attributes"]["gitops.out_of_sync.cause"] == resolved["attributes"]["gitops.out_of_sync.cause"]
    ended_at = datetime.fromisoformat(resolved["time"]).timestamp()
    lasted = resolved["attributes"]["gitops.out_of_sync.duration_seconds"]
    assert ended_at - lasted == pytest.approx(since, abs=0.01), "it began before the exporter was killed"


def test_what_nobody_can_watch_any_more_is_told_as_one_step(cluster: Cluster, kept: Kept) -> None:
    shop = lived(cluster, kept)
    before = {event["id"] for event in kept.events()}
    kept.killed()
    cluster.put(shop.health("Progressing"))
    cluster.put(shop.runs(4))
    cluster.put(shop.ends(4))
    cluster.put(shop.health("Healthy"))
    staging = Shop("staging")
    cluster.put(staging.synced(4))
    cluster.expire()
    kept.back()
    kept.exporter.wait_for(r'^gitops_exporter_relists_total{kind="Application",reason="expired"} 1\.0$', seconds=20)
    until(lambda: bool(kept.told("sync.finished")[3:]), "the sync is told", patience(10))
    until(lambda: "Application" in kept.gaps(), "the gap is told, at the end of the list", patience(10))
    new = [event for event in kept.events() if event["id"] not in before]
    assert all(event["attributes"]["gitops.catch_up"] is True for event in new)
    counted = Counter((_of(event), event["name"].removeprefix(PREFIX)) for event in new)
    assert counted["shop-prod", "sync.finished"] == 1
    assert counted["shop-prod", "deployed"] == 1
    assert counted["shop-prod", "drift.resolved"] == 1
    assert counted["shop-prod", "health.changed"] == 1, "from Degraded to Healthy"
    assert counted["shop-staging", "created"] == 1
    assert not {name for application, name in counted if application == "shop-dev"}
    assert Counter(kept.gaps())["Application"] == 1
    reasons = {event["attributes"]["gitops.gap.reason"] for event in new if event["name"] == GAP}
    assert reasons == {"expired"}
    assert kept.value("gitops_syncs_total", environment="prod") == 4
    assert kept.value("gitops_application_operations_total", application="shop-prod") == 4

    kept.killed()
    facts = [event["id"] for event in kept.events()]
    kept.back()
    assert [event["id"] for event in kept.events()] == facts, "once"


@pytest.mark.parametrize("expired", [False, True])
def test_one_that_was_deleted_and_born_again_is_another_one(cluster: Cluster, kept: Kept, expired: bool) -> None:
    lived(cluster, kept)
    old = kept.told("created")[0]["attributes"]["gitops.application.uid"]
    kept.killed()
    cluster.delete("shop-prod")
    time.sleep(1.1)  # a creationTimestamp has whole seconds
    again = Shop("prod", generation=1)
    cluster.put(again.synced(1))
    if expired:
        cluster.expire()
    kept.back()
    kept.wait_for("created", 2)
    kept.wait_for("deleted")
    (gone,), (*_, born) = kept.told("deleted"), kept.told("created")
    assert gone["attributes"]["gitops.application.uid"] == old
    assert born["attributes"]["gitops.application.uid"] != old
    assert gone["attributes"]["gitops.catch_up"] is born["attributes"]["gitops.catch_up"] is expired
    assert len(kept.told("drift.resolved")) == 1, "the drift went with it"
    assert kept.value("gitops_application_out_of_sync", application="shop-prod") == 0
    assert len(kept.exporter.series("gitops_application_info")) == 2


def test_killed_again_and_again_it_tells_all_once(cluster: Cluster, kept: Kept) -> None:
    """Each sync and each change of health has its time: whatever the kills cut off is made up for, nothing is added."""
    shop, rounds = Shop("prod"), 12
    cluster.put(shop.now())
    kept.wait_for("created")
    for number in range(1, rounds + 1):
        if number % 3 == 0:
            kept.killed()
        for document in (shop.runs(number), shop.ends(number), shop.health("Degraded"), shop.health("Healthy")):
            cluster.put(document)
            time.sleep(0.01 * (number % 4))
        if number % 3 == 0:
            kept.exporter.start()
    kept.exporter.wait_until_ready()
    kept.wait_for("sync.finished", rounds)
    kept.wait_for("deployed", rounds)
    until(lambda: len(_health(kept)) >= 2 * rounds, "all health is told", patience(10))
    assert _health(kept) == ["Degraded", "Healthy"] * rounds
    revisions = [event["attributes"]["gitops.revision"] for event in kept.told("deployed")]
    assert len(set(revisions)) == rounds
    assert kept.value("gitops_syncs_total", environment="prod") == rounds
    assert kept.value("gitops_deployments_total", environment="prod") == rounds
    assert kept.value("gitops_application_operations_total", application="shop-prod") == rounds
    assert GAP not in {event["name"] for event in kept.events()}
    assert not any(event["attributes"]["gitops.catch_up"] for event in kept.events())


def _health(kept: Kept) -> list[str]:
    """What was told of its health, from the first Degraded on: how it got well at its birth is another matter."""
    told = [event["attributes"]["gitops.health.status"] for event in kept.told("health.changed")]
    return told[told.index("Degraded") :] if "Degraded" in told else []


@pytest.mark.servers
async def test_started_while_the_api_is_away_it_goes_on_when_that_is_back(
    etcd: Etcd, start_api_server: StartApiServer, start_exporter: StartExporter, tmp_path: Path
) -> None:
    api = await asyncio.to_thread(start_api_server, etcd, watch_cache=False)
    await asyncio.to_thread(api.install, *ARGO_KINDS)
    cluster = RealCluster(api, etcd)
    await asyncio.to_thread(cluster.put, Shop("prod").synced(1))
    kept = await asyncio.to_thread(Kept, start_exporter, cluster.kubeconfig, tmp_path)
    facts = kept.facts()
    kept.killed()
    api.stop(kill=True)
    kept.exporter.start()
    unreachable = "AppProject in all namespaces: unreachable"
    await asyncio.to_thread(until, lambda: unreachable in kept.exporter.get("/readyz").text, "it says so", patience(10))
    await asyncio.to_thread(api.start)
    await asyncio.to_thread(until, lambda: kept.exporter.get("/readyz").status == 200, "it is ready", patience(60))
    assert kept.facts() == facts
    assert GAP not in {event["name"] for event in kept.events()}


# A server that goes back


def replaced(api: ApiServer, etcd: Etcd, data: Path | None) -> None:
    """The API server is killed, and comes back with what is in `data`; None: with nothing but the kinds."""
    api.stop(kill=True)
    etcd.stop()
    shutil.rmtree(etcd.data)
    if data is not None:
        shutil.copytree(data, etcd.data)
    etcd.start()
    api.start()
    if data is None:
        api.install(*ARGO_KINDS)


def relists(kept: Kept) -> float:
    """How often Applications were listed because the server went back."""
    series = kept.exporter.series("gitops_exporter_relists_total")
    labels = {"kind": "Application", "reason": "restored"}
    return sum(value for (_, known), value in series.items() if labels.items() <= dict(known).items())


@pytest.mark.servers
@pytest.mark.parametrize("rebuilt", [True, False], ids=["rebuilt", "from a backup"])
@pytest.mark.parametrize("runs", [True, False], ids=["running", "restarted"])
def test_a_cluster_that_went_back_is_listed_anew(
    tmp_path: Path, start_api_server: StartApiServer, start_exporter: StartExporter, rebuilt: bool, runs: bool
) -> None:
    with running(Etcd(tmp_path / "etcd")) as etcd:
        api = start_api_server(etcd)
        api.install(*ARGO_KINDS)
        cluster, shop = RealCluster(api, etcd), Shop("prod")
        cluster.put(shop.synced(1))
        etcd.stop()
        backup = shutil.copytree(etcd.data, tmp_path / "backup")
        etcd.start()
        kept = Kept(start_exporter, cluster.kubeconfig, tmp_path, {"watch": {"unavailable_retry_seconds": 1}})
        cluster.put(Shop("staging").synced(1))
        for _ in range(30):
            cluster.put(shop.health("Progressing"))
            cluster.put(shop.health("Degraded"))
        kept.wait_for("created", application="shop-staging")
        until(lambda: _health(kept)[-1:] == ["Degraded"], "it is told", patience(10))
        if not runs:
            kept.killed()
        replaced(api, etcd, None if rebuilt else backup)
        if not runs:
            kept.exporter.start()
        until(lambda: bool(kept.told("deleted", "shop-staging")), "it is told that it is gone", patience(60))
        kept.exporter.wait_until_ready()
        (gone,) = kept.told("deleted", "shop-staging")
        assert gone["attributes"]["gitops.catch_up"] is True
        assert relists(kept) == 1
        names = {dict(labels)["application"] for _, labels in kept.exporter.series("gitops_application_info")}
        assert names == (set() if rebuilt else {"shop-prod"})
        until(lambda: "Application" in kept.gaps(), "the gap is told", patience(10))
        reasons = [one["attributes"]["gitops.gap.reason"] for one in kept.events() if one["name"] == GAP]
        assert set(reasons) == {"restored"}
        if not rebuilt:
            assert kept.told("health.changed")[-1]["attributes"]["gitops.health.status"] != "Degraded"
        cluster.put(Shop("dev").synced(1))
        kept.wait_for("created", application="shop-dev")


# A journal that cannot be used


def ended(kubeconfig: Path, journal: Path) -> tuple[int, str]:
    """Exit code of `gitops-obs run`, and the last line of stderr."""
    arguments = ("run", "--kubeconfig", str(kubeconfig), "--listen", "127.0.0.1:0", "--journal", str(journal))
    process = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=patience(20))
    assert process.stdout == ""
    assert "Traceback" not in process.stderr
    return process.returncode, process.stderr.splitlines()[-1]


def test_a_folder_that_is_missing_is_said(simulated: Simulated, tmp_path: Path) -> None:
    journal = tmp_path / "nowhere" / "journal.db"
    folder = f"the folder {journal.parent} does not exist: create it, or name a file in one that does"
    assert ended(simulated.kubeconfig, journal) == (3, f"gitops-obs: {journal}: {folder}")


def test_a_journal_that_somebody_else_writes_is_said(
    simulated: Simulated, start_exporter: StartExporter, tmp_path: Path
) -> None:
    kept = Kept(start_exporter, simulated.kubeconfig, tmp_path)
    code, said = ended(simulated.kubeconfig, kept.journal)
    assert code == 3
    holder = r"another process writes this journal: process \d+ on .+; stop it, or give each a file of its own"
    assert re.fullmatch(f"gitops-obs: {re.escape(str(kept.journal))}: {holder}", said)
    kept.exporter.alive()
    kept.killed()
    with kept.journal.with_name("journal.db.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a dead process holds nothing


def test_a_journal_of_a_newer_version_is_said_and_left_as_it_is(simulated: Simulated, tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        connection.execute("CREATE TABLE later(x)")
    before = journal.read_bytes()
    code, said = ended(simulated.kubeconfig, journal)
    assert code == 3
    assert said.startswith(
        f"gitops-obs: {journal}: the journal has schema version {schema.VERSION + 1}, "
        f"this program knows up to {schema.VERSION}: "
    )
    assert journal.read_bytes() == before


def _torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def _overwritten(file: Path) -> None:
    file.write_bytes(b"not a database" * 1000)


@pytest.mark.parametrize("damage", [_torn, _overwritten])
def test_a_journal_beyond_repair_is_moved_aside_and_begun_anew(
    simulated: Simulated, start_exporter: StartExporter, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    cluster = SimulatedCluster(*simulated)
    shop = Shop("prod")
    cluster.put(shop.synced(1))
    kept = Kept(start_exporter, simulated.kubeconfig, tmp_path)
    kept.exporter.end()
    kept.killed()
    damage(kept.journal)
    kept.back()
    (aside,) = tmp_path.glob("journal.db.corrupt-*")
    assert aside.stat().st_size > 0
    (said,) = [record for record in kept.exporter.records() if record["event"] == "the journal was unusable"]
    assert said["moved_to"] == str(aside)
    assert kept.value("gitops_exporter_journal_unreadable_total") == 1
    cluster.put(shop.health("Degraded"))
    kept.wait_for("health.changed")
    assert GAP not in {event["name"] for event in kept.events()}, "of what was before nothing is known"
