"""The verb `demo`: a simulated cluster in one process, the exporter in another, and this one that watches over both."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import aiohttp
import click

from observability.delivery import listening
from observability.demo import cluster
from observability.errors import ObservabilityError, SettingsError
from observability.settings.values import host_and_port

CLOCK: Final = time.time  # noqa: TID251 - the simulated cluster is a program of its own, and this is where it begins
STOP_SECONDS: Final = 10.0
START_SECONDS: Final = 30.0
_MODULE: Final = "observability"
_TIED: Final = f"""\
import ctypes, runpy, signal
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
runpy.run_module("{_MODULE}", run_name="__main__")
"""
"""The program as one that gets a SIGTERM when its parent is gone (PR_SET_PDEATHSIG), even by SIGKILL; Linux only."""


class Exporter(NamedTuple):
    """What the exporter is told: where to listen, where to keep its journal and events. None: nowhere."""

    listen: str
    journal: str | None
    events: str | None

    def arguments(self, kubeconfig: Path, address: listening.Address) -> list[str]:
        """Those of its command line."""
        given = {"--journal": self.journal, "--events": self.events}
        options = [word for flag, value in given.items() if value is not None for word in (flag, value)]
        return ["run", "--kubeconfig", str(kubeconfig), "--listen", str(address), *options]

    @property
    def has_stdout(self) -> bool:
        """Whether stdout is for events alone: what else there is to tell goes to stderr."""
        return self.events == "-"


class DemoError(ObservabilityError):
    """One of the two processes ended by itself, or does not answer."""

    exit_code = 3


@click.command(
    epilog="""\b
Examples:
  gitops-obs demo
  gitops-obs demo --applications 600 --speed 5
  gitops-obs demo --applications 100000 --object-bytes 11000 --duration 120
  gitops-obs demo --journal journal.db --events events.jsonl
  gitops-obs demo --events - | jq .body
  gitops-obs demo --api-only --api-listen 127.0.0.1:8001
\b
Exit codes: 0 after --duration, SIGTERM or Ctrl-C, 2 an address in use, 3 one of the two processes ended by itself.
""",
)
@click.option("--applications", type=click.IntRange(0), default=120, show_default=True, help="Applications in all.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same company and life.")
@click.option(
    "--speed", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True, help="Virtual per real second."
)
@click.option("--duration", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="End then.  [never]")
@click.option(
    "--listen", metavar="HOST:PORT", default="127.0.0.1:9797", show_default=True, help="The exporter's address."
)
@click.option("--api-only", is_flag=True, help="Only the cluster: print the path of its kubeconfig.")
@click.option("--api-listen", metavar="HOST:PORT", default="127.0.0.1:0", show_default=True, help="The API is here.")
@click.option("--object-bytes", type=click.IntRange(0), default=0, help="Mean size of an Application.  [about 5000]")
@click.option("--events-per-second", type=click.FloatRange(0), default=0.0, help="A load of so many.  [as life goes]")
@click.option("--burst", type=click.IntRange(0), default=0, help="So many events at once every ten seconds.  [none]")
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="Write the kubeconfig here.")
@click.option("--journal", metavar="FILE", help="The exporter keeps here what must survive a restart.  [in memory]")
@click.option("--events", metavar="FILE", help="It adds events as JSON lines to this file, - is stdout.  [nowhere]")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def command(
    *,
    applications: int,
    seed: int,
    speed: float,
    duration: float | None,
    listen: str,
    api_only: bool,
    api_listen: str,
    object_bytes: int,
    events_per_second: float,
    burst: int,
    kubeconfig: Path | None,
    journal: str | None,
    events: str | None,
    until_stdin_closes: bool,
) -> None:
    """Run the exporter against a simulated cluster of a believable company.

    Its services live in dev, staging and prod: they deploy, wait for approval, drift, degrade, heal, roll back and run
    into sync windows.
    """
    host, port = address(api_listen, "--api-listen")
    address(listen, "--listen")
    options = cluster.Options(
        applications=applications,
        seed=seed,
        speed=speed,
        host=host,
        port=port,
        object_bytes=object_bytes,
        events_per_second=events_per_second,
        burst=burst,
    )
    if kubeconfig and not kubeconfig.parent.is_dir():
        raise SettingsError("--kubeconfig", "", f"expected a file in a folder that exists, got {kubeconfig}")
    if api_only and (journal or events):
        raise click.UsageError("--journal and --events are the exporter's, which --api-only leaves out")
    with tempfile.TemporaryDirectory(prefix="gitops-obs-demo-") as folder:
        file = kubeconfig or Path(folder) / "kubeconfig"
        if api_only:
            asyncio.run(_serve(options, file, duration, until_stdin_closes))
        else:
            exporter = Exporter(listen, journal, events)
            asyncio.run(_supervise(options, file, duration, exporter))


def address(text: str, flag: str) -> tuple[str, int]:
    """HOST:PORT; no host is every interface. Raises SettingsError."""
    try:
        host, port = host_and_port(text)
    except ValueError as error:
        raise SettingsError(flag, "", f'{error}, got "{text}"') from None
    return host or "0.0.0.0", port


async def _serve(options: cluster.Options, file: Path, duration: float | None, until_stdin_closes: bool) -> None:
    """The cluster, in this process."""
    stop = asyncio.Event()
    cluster.stop_on_signals(stop)
    if until_stdin_closes:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    if duration:
        asyncio.get_running_loop().call_later(duration, stop.set)

    def ready(url: str) -> None:
        cluster.write_kubeconfig(file, url)
        if not until_stdin_closes:
            click.echo(
                f"The simulated cluster of {options.applications} Applications is at {url}, its kubeconfig:\n{file}"
            )

    await cluster.serve(options, clock=CLOCK, ready=ready, tell=click.echo, stop=stop)


def _stop_at_end(stop: asyncio.Event) -> None:
    """Whoever started this process is gone when its end of the pipe is."""
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


async def _supervise(options: cluster.Options, file: Path, duration: float | None, exporter: Exporter) -> None:
    """Start the cluster, then the exporter; wait for the end; stop both, whatever happened."""
    unused = _unused(exporter.listen)
    stop = asyncio.Event()
    cluster.stop_on_signals(stop)
    if duration:
        asyncio.get_running_loop().call_later(duration, stop.set)
    file.unlink(missing_ok=True)  # noqa: ASYNC240 - one call; one of an earlier run would be taken for the new one
    children: dict[str, asyncio.subprocess.Process] = {}
    try:
        children["the simulated cluster"] = await _start(
            _api_arguments(options, file), piped=True, stdout=sys.stderr if exporter.has_stdout else None
        )
        if not await _appears(file, children["the simulated cluster"], stop):
            return
        children["the exporter"] = await _start(exporter.arguments(file, unused), tied=True)
        if await _answers(_url(unused), children["the exporter"], stop):
            click.echo(_invitation(options, file, _url(unused)), err=exporter.has_stdout)
            await _until(stop, children)
    finally:
        await _end(list(children.values()))


def _api_arguments(options: cluster.Options, file: Path) -> list[str]:
    facts = {
        "--applications": options.applications,
        "--seed": options.seed,
        "--speed": options.speed,
        "--api-listen": f"{options.host}:{options.port}",
        "--object-bytes": options.object_bytes,
        "--events-per-second": options.events_per_second,
        "--burst": options.burst,
        "--kubeconfig": file,
    }
    return ["demo", "--api-only", "--until-stdin-closes", *(f"{flag}={value}" for flag, value in facts.items())]


def _unused(listen: str) -> listening.Address:
    """Where the exporter can listen; for port 0 a free one. Raises DeliveryError when somebody does already."""
    wanted = listening.parse_address(listen)
    sockets = listening.listen(wanted)
    port = listening.bound_address(sockets[0]).port
    for listener in sockets:
        listener.close()
    return listening.Address(wanted.host, port)


async def _start(
    arguments: Sequence[str], *, piped: bool = False, tied: bool = False, stdout: TextIO | None = None
) -> asyncio.subprocess.Process:
    """This program again, with other arguments, in a session of its own: Ctrl-C reaches only the supervisor.

    `stdout` None: that of this process.
    When the supervisor is gone, a `piped` one sees its stdin close, and a `tied` one is told to end, where that works.
    """
    stdin = subprocess.PIPE if piped else subprocess.DEVNULL
    program = ("-c", _TIED) if tied and sys.platform == "linux" else ("-m", _MODULE)
    return await asyncio.create_subprocess_exec(
        sys.executable, *program, *arguments, stdin=stdin, stdout=stdout, start_new_session=True
    )


async def _appears(file: Path, api: asyncio.subprocess.Process, stop: asyncio.Event) -> bool:
    """Wait until the cluster has written its kubeconfig; False when it is time to stop. Raises DemoError."""
    while not file.exists():  # noqa: ASYNC240 - another process makes it, and a look costs nothing
        if stop.is_set():
            return False
        _alive("the simulated cluster", api)
        await asyncio.sleep(0.05)
    return True


async def _answers(url: str, exporter: asyncio.subprocess.Process, stop: asyncio.Event) -> bool:
    """Wait until the exporter answers; False when it is time to stop. Raises DemoError."""
    try:
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as client:
            while not stop.is_set():
                _alive("the exporter", exporter)
                try:
                    async with client.get(f"{url}/livez") as response:
                        if response.ok:
                            return True
                except aiohttp.ClientError:
                    pass  # it does not listen yet
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise DemoError(f"the exporter does not answer at {url}/livez within {START_SECONDS:.0f} s") from error
    return False


async def _until(stop: asyncio.Event, children: dict[str, asyncio.subprocess.Process]) -> None:
    """Wait for `stop`. Raises DemoError when a child ends before."""
    waits = [asyncio.create_task(child.wait()) for child in children.values()]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({*waits, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (*waits, stopped):
        task.cancel()
    if not stop.is_set():
        for name, child in children.items():
            _alive(name, child)


def _alive(name: str, child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        error = DemoError(f"{name} ended by itself, with exit code {child.returncode}")
        if child.returncode == 2:  # it has said what is wrong with an option or an address
            error.exit_code = 2
        raise error


async def _end(children: Sequence[asyncio.subprocess.Process]) -> None:
    """SIGTERM, the last started first; SIGKILL for what is still there after ten seconds."""
    running = [child for child in reversed(children) if child.returncode is None]
    for child in running:
        child.send_signal(signal.SIGTERM)
    for child in running:
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()


def _url(served: listening.Address) -> str:
    """Where people on this machine reach it."""
    every = served.host in ("", "0.0.0.0", "::")
    return f"http://{listening.Address('127.0.0.1', served.port) if every else served}"


def _invitation(options: cluster.Options, file: Path, url: str) -> str:
    return f"""
A simulated cluster of {options.applications} Applications runs, and the exporter watches it. Open

  {url}/         the page
  {url}/metrics  what Prometheus scrapes
  {url}/readyz   ok as soon as the first list is in

Try
  curl -s {url}/metrics | grep '^gitops_application_out_of_sync{{'
  curl -s {url}/metrics | grep 'health_status="Degraded"}} 1'
  kubectl --kubeconfig {file} get applications --watch
and in Prometheus
  sum by (environment, cause) (gitops_application_out_of_sync)
  time() - gitops_application_out_of_sync_since_timestamp_seconds > 60
  sum by (environment) (gitops_application_health_status{{health_status="Degraded"}})
  increase(gitops_application_deployments_total[10m]) > 0

Ctrl-C ends both. What happens in the company:
"""
