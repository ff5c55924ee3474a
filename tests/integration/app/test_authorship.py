"""Who wrote what is deployed, asked of Argo CD while the exporter runs: it comes late, and is judged then."""

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fakes.argocd_api import TOKEN, ArgoCd
from tests.integration.app.conftest import Simulated, StartExporter
from tests.integration.app.shops import Shop, SimulatedCluster, commit
from tests.integration.exporters import COMMAND

VIOLATED: Final = r'gitops_application_policy_violation\{.*application="shop-prod".*policy="four_eyes"\} 1'
KEPT: Final = "gitops.application.policy.restored"


@contextmanager
def serving(argocd: ArgoCd) -> Iterator[ArgoCd]:
    """In a thread of its own, while the exporter runs in another process."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="argocd")
    thread.start()
    server = argocd.serving()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield argocd
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def metadata(author: str) -> dict[str, Any]:
    return {"author": f"{author} <{author}@example.com>", "date": "2026-11-23T11:00:00Z", "message": "Sell more"}


def told(journal: Path) -> list[tuple[Any, ...]]:
    """What the report for auditors says of each deployment."""
    command = [*COMMAND, "report", "audit", "--journal", str(journal), "-o", "json"]
    rows = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["rows"]
    return [(row["commit_author"], row["commit_message"], row["four_eyes_violated"]) for row in rows if row["deployed"]]


@pytest.fixture
def argocd() -> Iterator[ArgoCd]:
    with serving(ArgoCd()) as running:
        yield running


def test_who_deploys_their_own_is_seen_and_still_is_after_a_restart(
    simulated: Simulated, start_exporter: StartExporter, argocd: ArgoCd, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    argocd.commits["argocd", "shop-prod", 0] = {commit(1): metadata("Alice"), commit(2): metadata("bob")}
    api, shop = SimulatedCluster(*simulated), Shop("prod")
    api.put(shop.synced(0))
    settings = {"argocd": {"metadata": {"source": "api", "url": argocd.url, "token_file": str(token)}}}
    journal = ("--journal", str(tmp_path / "journal.db"))
    exporter = start_exporter(simulated.kubeconfig, *journal, settings=settings)
    exporter.wait_until_ready()
    api.put(shop.runs(1))
    api.put(shop.ends(1))
    exporter.wait_for(VIOLATED, seconds=10)
    exporter.end()
    assert told(tmp_path / "journal.db") == [("Alice", "Sell more", True)]
    asked = len(argocd.asked)
    exporter.log.unlink()
    exporter.start()
    exporter.wait_until_ready()
    exporter.wait_for(VIOLATED)
    assert len(argocd.asked) == asked
    api.put(shop.runs(2))
    api.put(shop.ends(2))
    exporter.wait_for(r'gitops_application_deployments_total\{.*application="shop-prod".*\} 2')
    assert "four_eyes" not in exporter.metrics()
