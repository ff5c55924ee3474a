"""Reading a watch: ours against `kubernetes.aio` Watch.stream, on the same objects from the same server.

The initial events of a watch of the simulated cluster are read to the last one; CPU time of the reading process, which
is one of its own.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final

from kubernetes.aio.client import ApiClient, Configuration, CustomObjectsApi
from kubernetes.aio.watch import Watch as PeerWatch

from observability.model.observation import Kind, Scope, Seen
from observability.settings import Settings
from observability.sources import ENGINES
from observability.sources.kubernetes import connect
from observability.sources.watching import Subject, watch
from tests.benchmarks.rows import Peer, Row
from tests.benchmarks.simulated import CLOCK, simulated

_MOST: Final = 5_000
_KIND: Final = next(kind for engine in ENGINES for kind in engine.kinds if kind.kind is Kind.APPLICATION)


def run(applications: int, folder: Path) -> list[Row]:
    """Events per CPU second, of at most 5,000 applications."""
    count = min(applications, _MOST)
    with simulated(folder, count) as cluster, multiprocessing.get_context("spawn").Pool(1) as pool:
        ours = pool.apply(_rate, (_ours, cluster.kubeconfig, cluster.url, count))
        theirs = pool.apply(_rate, (_theirs, cluster.kubeconfig, cluster.url, count))
    note = f"{count:,} applications of about 11 KB, received over HTTP and decoded, nothing more."
    peer = Peer("kubernetes.aio", theirs)
    return [
        Row(
            name="watch events read per CPU second",
            value=ours,
            unit="/s",
            more_is_better=True,
            peers=(peer,),
            notes=(note,),
        )
    ]


_Read = Callable[[Path, str, int], Awaitable[int]]


def _rate(read: _Read, kubeconfig: Path, url: str, count: int) -> float:
    async def timed() -> float:
        await read(kubeconfig, url, 1)  # what is made once
        started = time.process_time()
        events = await read(kubeconfig, url, count)
        return events / (time.process_time() - started)

    return asyncio.run(timed())


async def _ours(kubeconfig: Path, _url: str, count: int) -> int:
    settings = Settings()
    events = 0
    async with connect(settings.kubernetes.model_copy(update={"kubeconfig": str(kubeconfig)}), CLOCK) as connection:
        subject = Subject(
            connection=connection,
            scope=Scope(Kind.APPLICATION),
            kind=_KIND,
            settings=settings.watch,
            selector="",
            clock=CLOCK,
            random=lambda: 0.5,
        )
        async with aclosing(watch(subject)) as batches:
            async for batch in batches:
                events += sum(isinstance(observation, Seen) for observation in batch)
                if events >= count:
                    break
    return events


async def _theirs(_kubeconfig: Path, url: str, count: int) -> int:
    events = 0
    async with ApiClient(Configuration(host=url)) as client:
        api = CustomObjectsApi(client)
        stream = PeerWatch().stream(  # type: ignore[no-untyped-call]
            api.list_cluster_custom_object, "argoproj.io", "v1alpha1", "applications", _request_timeout=3600.0
        )
        async with stream as found:
            async for _event in found:
                events += 1
                if events >= count:
                    break
    return events
