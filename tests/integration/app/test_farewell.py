"""SIGTERM with a journal in memory: what is on its way still arrives, and what does not is said to be lost."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.fakes.confidant import Confidant
from tests.integration.app.conftest import Simulated, StartExporter
from tests.integration.app.shops import Shop, SimulatedCluster
from tests.integration.exporters import Exporter
from tests.integration.servers import free_port, patience, until

LOST: Final = "records are lost with the process: they were not delivered"
WHOLE_SECONDS: Final = 10.0
"""A shutdown takes no longer."""


class Slow(Confidant):
    """It answers once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.may = threading.Event()

    def take(self, path: str, shown: str, body: bytes) -> tuple[int, str, bytes]:
        self.asked.set()
        self.may.wait(patience(20))
        return super().take(path, shown, body)


@pytest.fixture
def slow() -> Iterator[Slow]:
    receiver = Slow()
    with receiver.serving():
        yield receiver
        receiver.may.set()


def settings(url: str) -> dict[str, Any]:
    return {"events": {"sinks": [{"type": "cdevents", "name": "pipeline", "url": url}]}}


def said(exporter: Exporter, event: str) -> list[dict[str, Any]]:
    return [one for one in exporter.records() if one["event"] == event]


def deploys(simulated: Simulated, exporter: Exporter, *numbers: int) -> None:
    """The shop is created at its first commit and deployed to these, and that has been seen."""
    api, shop = SimulatedCluster(*simulated), Shop("prod")
    api.put(shop.synced(0))
    exporter.wait_for(r'gitops_application_info\{.*application="shop-prod".*')
    for count, number in enumerate(numbers, 2):
        api.put(shop.runs(number))
        api.put(shop.ends(number))
        exporter.wait_for(rf'gitops_application_deployments_total\{{.*application="shop-prod".*\}} {count}')


def test_what_is_on_its_way_arrives(simulated: Simulated, start_exporter: StartExporter, slow: Slow) -> None:
    exporter = start_exporter(simulated.kubeconfig, settings=settings(f"{slow.url}/events"))
    exporter.wait_until_ready()
    deploys(simulated, exporter, 1, 2, 3)
    assert slow.asked.wait(patience(10))
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(exporter.end, signal.SIGTERM)
        until(lambda: bool(said(exporter, "stopping")), "it was told to stop", patience(10))
        assert slow.bodies == {}
        slow.may.set()
        code, seconds = ending.result()
    assert (code, said(exporter, LOST)) == (0, [])
    assert sum(b"dev.cdevents.service." in body for body in slow.bodies["/events"]) == 4
    assert seconds < WHOLE_SECONDS


def test_what_does_not_arrive_is_counted_by_endpoint(simulated: Simulated, start_exporter: StartExporter) -> None:
    exporter = start_exporter(simulated.kubeconfig, settings=settings(f"http://127.0.0.1:{free_port()}/events"))
    exporter.wait_until_ready()
    deploys(simulated, exporter, 1)
    code, seconds = exporter.end()
    assert code == 0
    (lost,) = said(exporter, LOST)
    assert (lost["endpoint"], lost["records"] > 0) == ("pipeline", True)
    assert seconds < WHOLE_SECONDS
