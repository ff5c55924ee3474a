"""`gitops-obs run` in a process of its own against a real Kubernetes API server on a real etcd."""

import json
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from observability import cli
from tests.builders import APPLICATION_MANIFESTS, manifest
from tests.fakes.reviews import Reviews, Upstream, User
from tests.integration import servers
from tests.integration.app.conftest import APPLICATIONS, NAMES, StartExporter
from tests.integration.conftest import StartApiServer
from tests.integration.exporters import Exporter, lines_of, series_of
from tests.integration.servers import ARGO_KINDS, ApiServer, Etcd, objects_path, patience, until, write_kubeconfig

pytestmark = pytest.mark.servers

QUICK: Final[Mapping[str, Mapping[str, Any]]] = {
    "watch": {"backoff_initial_seconds": 0.1, "backoff_max_seconds": 0.5, "unavailable_retry_seconds": 0.5},
    "kubernetes": {"request_timeout_seconds": 2},
}


def application(namespace: str, name: str, sync: str = "Synced") -> dict[str, Any]:
    """A real one that is `sync` and can be deleted."""
    document = manifest("application-behind")
    document["metadata"] = {"name": name, "namespace": namespace}
    document["status"]["sync"]["status"] = sync
    return document


def line(name: str, word: str) -> str:
    """The line of /metrics that says the sync status of an Application."""
    return rf'^gitops_application_sync_status{{.*application="{name}",.*sync_status="{word}"}} 1$'


def available(kind: str, value: int) -> str:
    """The line of /metrics that says whether a kind can be had."""
    return rf'^gitops_exporter_kind_available{{kind="{kind}"}} {value}\.0$'


def names(exporter: Exporter) -> set[str]:
    """The Applications on /metrics."""
    return {dict(labels)["application"] for _, labels in exporter.series("gitops_application_info")}


@pytest.fixture
def own_api(etcd: Etcd, start_api_server: StartApiServer) -> ApiServer:
    """An API server of the test's own, with the kinds of Argo CD and one Application."""
    api = start_api_server(etcd)
    api.install(*ARGO_KINDS)
    api.create(application("argocd", "shop"))
    return api


def test_every_application_is_on_metrics_as_it_is_in_the_cluster(company: ApiServer, exporter: Exporter) -> None:
    there = company.ask("GET", objects_path("Application"))["items"]
    assert len(there) >= APPLICATIONS
    for field in ("sync", "health"):
        series = exporter.series(f"gitops_application_{field}_status")
        said = [dict(labels) for (_, labels), value in series.items() if value == 1]
        assert sorted(
            (one["application_namespace"], one["application"], one[f"{field}_status"]) for one in said
        ) == sorted(
            (one["metadata"]["namespace"], one["metadata"]["name"], one["status"][field]["status"]) for one in there
        )


def test_what_is_created_changed_and_deleted_shows_within_two_seconds(
    company: ApiServer, exporter: Exporter, namespace: str
) -> None:
    name = f"{namespace}-dev"
    company.create(application(namespace, name))
    exporter.wait_for(line(name, "Synced"))
    company.patch("Application", namespace, name, {"status": {"sync": {"status": "Unknown"}}})
    exporter.wait_for(line(name, "Unknown"))
    company.delete("Application", namespace, name)
    until(lambda: f'"{name}"' not in exporter.metrics(), "the deleted Application is gone", patience(2))


def test_a_relist_after_a_compaction_of_etcd_is_right_within_two_seconds(
    etcd: Etcd, start_api_server: StartApiServer, start_exporter: StartExporter
) -> None:
    """While the exporter sleeps its watches end, and what happened after that is forgotten by etcd."""
    api = start_api_server(etcd, watch_cache=False)
    api.install(*ARGO_KINDS)
    for name in ("stays", "changes", "goes"):
        api.create(application("argocd", name))
    short = {"watch": {"timeout_seconds_min": 1, "timeout_seconds_max": 1}}
    exporter = start_exporter(api.kubeconfig(), settings=short)
    exporter.wait_until_ready()
    until(lambda: api.watches("Application") == 1, "the exporter watches")
    with exporter.asleep():
        until(lambda: api.watches("Application") == 0, "its watch has ended")
        api.patch("Application", "argocd", "changes", {"status": {"sync": {"status": "OutOfSync"}}})
        api.delete("Application", "argocd", "goes")
        api.create(application("argocd", "comes", "Unknown"))
        etcd.compact()
    expired = r'^gitops_exporter_relists_total{kind="Application",reason="expired"} 1\.0$'
    exporter.wait_for(expired, line("changes", "OutOfSync"), line("comes", "Unknown"), line("stays", "Synced"))
    assert names(exporter) == {"stays", "changes", "comes"}


def test_it_waits_for_an_etcd_that_is_stopped_and_shows_the_last_known_state_of_one_that_stops(
    tmp_path: Path, start_api_server: StartApiServer, start_exporter: StartExporter
) -> None:
    with servers.running(Etcd(tmp_path / "etcd")) as etcd:
        api = start_api_server(etcd)
        api.install(*ARGO_KINDS)
        api.create(application("argocd", "shop"))
        settings = {**QUICK, "watch": {**QUICK["watch"], "timeout_seconds_min": 1, "timeout_seconds_max": 1}}
        early = start_exporter(api.kubeconfig(), settings=settings)
        early.wait_until_ready()
        etcd.stop(kill=True)
        late = start_exporter(api.kubeconfig(), settings=settings)
        missing = "not ready: AppProject in all namespaces: unreachable\n"
        until(lambda: missing in late.get("/readyz").text, "it says that there is no API", patience(10))
        assert late.get("/readyz").status == 503
        assert names(late) == set()
        assert early.get("/readyz").status == 200
        assert names(early) == {"shop"}
        etcd.start()
        late.wait_until_ready()
        api.create(application("argocd", "new"))
        for one in (early, late):
            one.wait_for(line("new", "Synced"), seconds=5)
            assert names(one) == {"shop", "new"}


def test_while_the_api_server_is_away_the_last_known_state_is_served(
    own_api: ApiServer, start_exporter: StartExporter
) -> None:
    exporter = start_exporter(own_api.kubeconfig(), settings=QUICK)
    exporter.wait_until_ready()
    own_api.stop(kill=True)
    exporter.wait_for(*(available(kind, 0) for kind in ARGO_KINDS), line("shop", "Synced"), seconds=5)
    assert exporter.get("/readyz").status == exporter.get("/livez").status == 200
    own_api.start()
    own_api.wait_for("Application")
    own_api.create(application("argocd", "new"))
    exporter.wait_for(*(available(kind, 1) for kind in ARGO_KINDS), line("new", "Synced"), seconds=5)


def test_a_kind_that_is_installed_later_holds_up_nothing_and_then_shows(
    etcd: Etcd, start_api_server: StartApiServer, start_exporter: StartExporter
) -> None:
    api = start_api_server(etcd)
    api.install("Application", "AppProject")
    api.create(application("argocd", "shop"))
    exporter = start_exporter(api.kubeconfig(), settings=QUICK)
    exporter.wait_until_ready()
    exporter.wait_for(line("shop", "Synced"), available("ApplicationSet", 0), available("Application", 1))
    assert "ApplicationSet in all namespaces: not_found" in exporter.get("/").text
    api.install("ApplicationSet")
    api.create(manifest("applicationset") | {"metadata": {"name": "tenants", "namespace": "argocd"}})
    exporter.wait_for('^gitops_applicationset_info{.*"tenants".*} 1$', available("ApplicationSet", 1), seconds=5)


def test_a_kind_that_is_forbidden_stops_nothing_else(
    company: ApiServer, reviews: Reviews, start_exporter: StartExporter
) -> None:
    reviews.users["no-projects"] = User("no-projects")
    reviews.denied.add(("no-projects", "appprojects"))
    exporter = start_exporter(company.kubeconfig("no-projects"), settings=QUICK)
    exporter.wait_until_ready()
    exporter.wait_for(available("AppProject", 0), available("Application", 1), available("ApplicationSet", 1))
    assert len(names(exporter)) >= APPLICATIONS
    assert exporter.series("gitops_project_sync_window_active") == {}
    told = [record for record in exporter.records() if record.get("reason") == "forbidden"]
    assert [(one["resource"], one["level"]) for one in told] == [("appprojects.argoproj.io", "warning")]
    reviews.denied.remove(("no-projects", "appprojects"))
    exporter.wait_for(available("AppProject", 1), "^gitops_project_sync_window_active{", seconds=5)


def test_applications_of_chosen_namespaces_and_labels_only(company: ApiServer, start_exporter: StartExporter) -> None:
    some = start_exporter(
        company.kubeconfig(), "--namespace", "team-a", "--namespace", "team-b", "--selector", "env=prod"
    )
    some.wait_until_ready()
    there = company.ask("GET", objects_path("Application") + "?labelSelector=env%3Dprod")["items"]
    wanted = {one["metadata"]["name"] for one in there if one["metadata"]["namespace"] in ("team-a", "team-b")}
    assert names(some) == wanted != set()


def test_explain_says_what_metrics_say(
    company: ApiServer, exporter: Exporter, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of(exporter.metrics())
    for name, namespace in NAMES[: len(APPLICATION_MANIFESTS)]:
        command = ["explain", f"{namespace}/{name}", "--kubeconfig", str(company.kubeconfig()), "-o", "json"]
        assert cli.status(command) == 0
        explained = json.loads(capsys.readouterr().out)
        said: dict[str, set[tuple[str, str]]] = defaultdict(set)
        of_this = [line for line in lines if f'application_namespace="{namespace}",application="{name}"' in line]
        for (family, pairs), value in series_of("".join(of_this)).items():
            said[family] |= set(pairs) if value == 1 else set()
        assert ("environment", explained["identity"]["environment"]) in said["gitops_application_info"]
        assert {
            "sync": words(said["gitops_application_sync_status"], "sync_status"),
            "health": words(said["gitops_application_health_status"], "health_status"),
            "cause": words(said["gitops_application_out_of_sync"], "cause"),
            "policies": words(said["gitops_application_policy_violation"], "policy"),
            "blocked": words(said["gitops_application_sync_blocked"], "by"),
        } == {
            "sync": {explained["sync"]["status"]},
            "health": {explained["health"]["status"]},
            "cause": {explained["sync"]["cause"]} - {None},
            "policies": {policy for policy, judged in explained["policies"].items() if judged["violated"]},
            "blocked": blocked(explained["windows"]),
        }


def words(labels: Iterable[tuple[str, str]], name: str) -> set[str]:
    """The values of a label."""
    return {value for label, value in labels if label == name}


def blocked(windows: Mapping[str, bool]) -> set[str]:
    """Who may not sync, in the words of gitops_application_sync_blocked."""
    return {by for by, key in (("automated", "canSyncAuto"), ("manual", "canSyncManual")) if not windows[key]}


@pytest.fixture
def proxied(own_api: ApiServer, tmp_path: Path) -> Iterator[tuple[Reviews, Path]]:
    """The API server behind a proxy that answers reviews, and a kubeconfig of that."""
    with Reviews(Upstream(own_api.url, own_api.context)).serving() as proxy:
        write_kubeconfig(tmp_path / "proxy.yaml", proxy.url, {}, {})
        yield proxy, tmp_path / "proxy.yaml"


def test_only_tokens_that_the_api_lets_read_metrics_get_them(
    proxied: tuple[Reviews, Path], start_exporter: StartExporter
) -> None:
    proxy, kubeconfig = proxied
    proxy.users |= {"of-prometheus": User("prometheus"), "of-somebody": User("somebody")}
    proxy.denied.add(("somebody", "/metrics"))
    exporter = start_exporter(kubeconfig, settings={**QUICK, "server": {"token_review": True}})
    exporter.wait_until_ready()

    def status(token: str) -> int:
        return exporter.get("/metrics", Authorization=f"Bearer {token}").status

    allowed = exporter.get("/metrics", Authorization="Bearer of-prometheus")
    assert (allowed.status, 'application="shop"' in allowed.text) == (200, True)
    refused = exporter.get("/metrics")
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (status("of-somebody"), status("unknown")) == (403, 403)
    assert exporter.get("/").status == 401
    assert exporter.get("/livez").status == exporter.get("/readyz").status == 200
    review = next(spec for spec in proxy.asked if spec.get("user") == "prometheus")
    assert review["nonResourceAttributes"] == {"path": "/metrics", "verb": "get"}


@pytest.mark.parametrize("failing", ["the reviews", "the whole API"])
def test_a_token_that_cannot_be_reviewed_is_refused(
    proxied: tuple[Reviews, Path], start_exporter: StartExporter, own_api: ApiServer, failing: str
) -> None:
    proxy, kubeconfig = proxied
    proxy.users["of-prometheus"] = User("prometheus")
    exporter = start_exporter(kubeconfig, settings={**QUICK, "server": {"token_review": True}})
    exporter.wait_until_ready()
    if failing == "the reviews":
        proxy.status = 500
    else:
        own_api.stop(kill=True)
        proxy.gone = True
    answer = exporter.get("/metrics", Authorization="Bearer of-prometheus")
    assert (answer.status, "gitops_" in answer.text) == (503, False)


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_soon(company: ApiServer, start_exporter: StartExporter, signal_: signal.Signals) -> None:
    exporter = start_exporter(company.kubeconfig())
    exporter.wait_until_ready()
    code, seconds = exporter.end(signal_)
    assert code == (0 if signal_ is signal.SIGTERM else 130), exporter.log.read_text()
    assert seconds < patience(3)
    assert exporter.get("/livez").status == 0
