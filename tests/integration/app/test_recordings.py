"""The recordings of a real Argo CD, played into an API on a real socket: what /metrics says is what the store believes.

tests/unit/test_recordings.py compares what the store believes with the logs of what was really done.
"""

import asyncio
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiohttp.test_utils import TestServer

from observability.demo.api import Api
from observability.demo.objects import Literal
from observability.demo.store import Store
from observability.model.state import ApplicationState
from tests import replay
from tests.integration.app.stages import Belief, Clock, running
from tests.integration.conftest import StartApiServer
from tests.integration.servers import ARGO_KINDS, ApiServer, Etcd, write_kubeconfig
from tests.replay import KINDS, TOPICS, Line, Spell


class Cluster(Protocol):
    """Where a recording is played."""

    async def play(self, line: Line) -> bool:
        """Do what the line tells; False when it told nothing new, and no watcher hears of it."""
        ...


class SimulatedCluster:
    """The demo's API: what is put into it comes out as it is, but for the resourceVersion."""

    def __init__(self) -> None:
        self.store = Store()
        self._versions: dict[tuple[str, tuple[str, str]], str] = {}

    async def play(self, line: Line) -> bool:
        literal = Literal(line.object)
        place, version = (line.resource, literal.key), line.object["metadata"]["resourceVersion"]
        if line.type == "DELETED":
            self.store.delete(*place)
        elif self._versions.get(place) == version:
            return False  # a recorder that was away lists again, also what is as it was
        else:
            self.store.put(line.resource, literal)
        self._versions[place] = version
        return True


class RealCluster:
    """A real API server: uid, resourceVersion, generation and creationTimestamp are its own."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._known: dict[tuple[str, str], dict[str, Any]] = {}

    async def play(self, line: Line) -> bool:
        given = line.object["metadata"]
        metadata = {name: given[name] for name in ("name", "namespace", "labels", "annotations") if name in given}
        place = (line.resource, given["name"])
        before = self._known.get(place)
        if before is not None:
            metadata["resourceVersion"] = before["resourceVersion"]
        put = self._api.create if before is None else self._api.replace
        self._known[place] = (await asyncio.to_thread(put, line.object | {"metadata": metadata}))["metadata"]
        return before is None or before["resourceVersion"] != self._known[place]["resourceVersion"]


async def compare(topic: str, cluster: Cluster, kubeconfig: Path) -> int:
    """Play a topic, and compare after each line. How many lines watchers were told of."""
    events = list(replay.lines(topic))
    there, began_at = replay.listed(events), events[0].at
    believed = replay.spells(topic, belief)
    for event in there:
        await cluster.play(event)
    async with running(kubeconfig, replay.new_store(), Clock(began_at)) as stages:
        told = stages.arrived.copy()
        for at, together in groupby(events, lambda event: event.at):
            await stages.pass_time(at)
            for event in together:
                if event not in there:
                    kind = KINDS[event.resource].kind
                    told[kind] += await cluster.play(event)
                    await stages.wait(kind, told[kind])
            assert await stages.beliefs() == expected(believed, at - began_at), (topic, at - began_at)
    return told.total()


def expected(believed: dict[str, list[Spell]], at: float) -> dict[str, Belief]:
    """What is believed of each Application at `at`."""
    now = {name: [spell for spell in known if spell.at <= at] for name, known in believed.items()}
    return {name: belief(spells[-1].state) for name, spells in now.items() if spells and spells[-1].state is not None}


def belief(state: ApplicationState) -> Belief:
    """What /metrics should say of a state."""
    facts, violations = state.facts, tuple(policy.value for policy in state.violations)
    return Belief(facts.sync.value, facts.health.value, state.memory.cause or "", violations)


@pytest.mark.parametrize("topic", TOPICS)
async def test_metrics_say_at_each_line_of_a_recording_what_the_store_believes(topic: str, tmp_path: Path) -> None:
    cluster = SimulatedCluster()
    async with TestServer(Api(cluster.store).application()) as server:
        write_kubeconfig(tmp_path / "kubeconfig", str(server.make_url("")), {}, {})
        assert await compare(topic, cluster, tmp_path / "kubeconfig") > 30


@pytest.mark.servers
@pytest.mark.parametrize("topic", ["drift", "windows"])
async def test_so_they_do_through_a_real_api_server(topic: str, etcd: Etcd, start_api_server: StartApiServer) -> None:
    """Recordings in which nothing is deleted: a real server sets deletionTimestamp itself.

    What is believed must not hang on the rest that is its own: uids, versions, times of creation later than all else.
    """
    api = await asyncio.to_thread(start_api_server, etcd)
    await asyncio.to_thread(api.install, *ARGO_KINDS)
    assert await compare(topic, RealCluster(api), api.kubeconfig()) > 30
