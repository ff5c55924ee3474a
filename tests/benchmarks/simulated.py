"""The demo's simulated cluster in a process of its own, told what to do line by line.

    python -m tests.benchmarks.simulated KUBECONFIG APPLICATIONS [SERVICES]

It is quiet until it is told: `rate N` lets life go on at N events a second, 0 stops it; `sync N` lets N different
Applications change at once as a sync changes them; `status` changes nothing. Each is answered with a line of JSON.
SERVICES: something goes on in one of so many.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from observability.demo import operations
from observability.demo.api import Api
from observability.demo.application import App, Operation, Release
from observability.demo.cluster import Driver, Options, write_kubeconfig
from observability.demo.company import PEOPLE, Company, found, revision, stamp, version_after
from observability.demo.life import Life
from observability.demo.store import Record, Store
from tests.benchmarks.processes import python, running, until

CLOCK: Final = time.time  # noqa: TID251 - a program of its own, and this is where it begins
OBJECT_BYTES: Final = 11_000
SEED: Final = 1
BUSY: Final = 3
"""Something goes on in one of so many services: six of ten events tell something new."""
CALM: Final = 45
"""The same with one of ten, as far as events come that are recorded."""
_START_SECONDS: Final = 120.0


class Still(Store):
    """A cluster whose AppProjects stay as they are.

    The demo edits sync windows once in 200 events. Each edit is a matter of thousands of Applications, and would be
    most of what an event costs; nobody edits projects so often. What one edit costs is measured by itself.
    """

    def put(self, plural: str, record: Record) -> None:
        """As every store, AppProjects aside."""
        if plural != "appprojects":
            super().put(plural, record)


def furnished(company: Company, ring: int, first: int = 1000) -> Still:
    """A cluster with all that the company has; `ring` and `first` are those of Store."""
    store = Still(ring, first)
    for plural, records in (
        ("appprojects", company.projects),
        ("applicationsets", company.sets),
        ("applications", company.applications),
    ):
        store.load(plural, list(records))
    return store


class Status(Struct, frozen=True):
    """`events`: Applications' events that were sent to the watcher. `behind`: those that it has yet to be sent.

    `synced`: Applications that the last command changed.
    """

    events: int
    behind: int
    synced: int = 0


class Cluster:
    """The simulated cluster, as seen by who measures."""

    def __init__(self, process: "subprocess.Popen[bytes]", kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.pid = process.pid
        self._process = process

    @property
    def url(self) -> str:
        """Where its API is."""
        url: str = json.loads(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        return url

    def status(self) -> Status:
        """How far the watcher is."""
        return self._tell("status")

    def rate(self, events_per_second: float) -> Status:
        """Let life go on at this rate, 0 stops it. How far the watcher is now."""
        return self._tell(f"rate {events_per_second}")

    def sync(self, applications: int) -> int:
        """Change so many different Applications at once. How many were changed: fewer when there are fewer."""
        changed = self._tell(f"sync {applications}").synced
        until(lambda: self.status().behind == 0, 120, "the watcher is sent all events", self._process)
        return changed

    def _tell(self, command: str) -> Status:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{command}\n".encode())
        stdin.flush()
        return Status(**json.loads(stdout.readline()))


@contextmanager
def simulated(folder: Path, applications: int, services: int = BUSY) -> Iterator[Cluster]:
    """A cluster of so many Applications, its kubeconfig in `folder`; something goes on in one of `services`."""
    file = folder / f"kubeconfig-{applications}"
    file.unlink(missing_ok=True)
    with running(python("tests.benchmarks.simulated", str(file), str(applications), str(services))) as process:
        until(file.exists, _START_SECONDS, "the simulated cluster starts", process)
        yield Cluster(process, file)


class _Simulation:
    """What the commands do."""

    def __init__(self, applications: int, services: int) -> None:
        self._random = Random(SEED)
        self._options = Options(applications=applications)
        company = found(applications, self._random, CLOCK(), OBJECT_BYTES)
        self._store = furnished(company, first=int(CLOCK()) - 1_700_000_000, ring=self._options.ring)
        self._life = Life(self._store, company, self._random, stories=max(3, len(company.services) // services))
        self.api = Api(self._store)
        self._driver: asyncio.Task[None] | None = None

    async def obey(self, command: str) -> Status:
        verb, _, number = command.partition(" ")
        synced = 0
        if verb == "rate":
            await self._rate(float(number))
        elif verb == "sync":
            synced = self._sync(int(number))
        shelf = self._store.shelves["applications"]
        return Status(shelf.head - self.api.lag(), self.api.lag(), synced)

    async def _rate(self, events_per_second: float) -> None:
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
            self._driver = None
        if events_per_second:
            options = Options(applications=self._options.applications, events_per_second=events_per_second)
            driver = Driver(self._life, self.api, options, CLOCK, lambda _: None)
            self._driver = asyncio.create_task(driver.run())

    def _sync(self, applications: int) -> int:
        entries = self._store.shelves["applications"].entries.values()
        rested = [entry.record for entry in entries if isinstance(entry.record, App) and _is_at_rest(entry.record)]
        chosen = self._random.sample(rested, min(applications, len(rested)))
        now = stamp(int(CLOCK()))
        for app in chosen:
            self._store.put("applications", _synced(app, now, self._random))
        return len(chosen)


def _is_at_rest(app: App) -> bool:
    return app.compared is not None and app.operation is None and not app.deleted_at


def _synced(app: App, now: str, random: Random) -> App:
    """The application right after a sync to a new release, its pods still on their way: all updates of it in one."""
    release = Release(revision(random), app.target, version_after(app.version or "1.0.0", random))
    *moves, _healthy = operations.sync(random, Operation(release, random.choice(PEOPLE)))
    after: App | None = app
    for _, change in moves:
        assert after is not None
        after = change(after, now)
    assert after is not None
    return after


async def _crds(request: web.Request) -> web.StreamResponse:
    """That the CRD of Applications is installed, for peers that look it up; a watch of CRDs ends at once."""
    names = {"kind": "Application", "plural": "applications"}
    spec = {"group": "argoproj.io", "names": names, "versions": [{"name": "v1alpha1"}]}
    metadata = {"name": "applications.argoproj.io", "uid": "1", "resourceVersion": "1"}
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    if "sendInitialEvents" in request.query:
        return web.Response(status=422)
    if "watch" in request.query:
        return web.json_response(text="")
    items = [{**crd, "metadata": metadata, "spec": spec}]
    listed: dict[str, Any] = {**crd, "kind": "CustomResourceDefinitionList", "metadata": {"resourceVersion": "1"}}
    return web.json_response({**listed, "items": items})


async def _serve(kubeconfig: Path, applications: int, services: int) -> None:
    simulation = _Simulation(applications, services)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    app = simulation.api.application()
    app.router.add_get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _crds)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        write_kubeconfig(kubeconfig, f"http://{host}:{port}")
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        while line := await commands.readline():  # until whoever measures is gone
            status = await simulation.obey(line.decode().strip())
            print(json.dumps({field: getattr(status, field) for field in Status.__struct_fields__}), flush=True)
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else BUSY))
