"""The verb `demo`: a simulated cluster in one process, the exporter in another, and this one that watches over them.

With a Prometheus, an Alertmanager and somebody who is called, where these are installed.
"""

import asyncio
import os
import sys
import tempfile
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from observability.cli import children
from observability.cli.children import Child, DemoError
from observability.cli.invitation import Invitation, Watching
from observability.delivery import listening
from observability.demo import cluster
from observability.demo.company import stamp
from observability.errors import SettingsError
from observability.settings.values import host_and_port

if TYPE_CHECKING:
    from observability.demo.monitors import Monitors
    from observability.demo.pages import Page

CLOCK: Final = time.time  # noqa: TID251 - the simulated cluster is a program of its own, and this is where it begins


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


class Plan(NamedTuple):
    """What is started. `monitors` None: only the cluster and the exporter, `left_out` says why, when there is more."""

    options: cluster.Options
    kubeconfig: Path
    duration: float | None
    exporter: Exporter
    monitors: "Monitors | None"
    left_out: str


@click.command(
    epilog="""\b
Examples:
  gitops-obs demo
  gitops-obs demo --applications 600 --speed 5
  gitops-obs demo --applications 100000 --object-bytes 11000 --duration 120
  gitops-obs demo --prometheus-listen 127.0.0.1:9090 --alertmanager-listen 127.0.0.1:9093
  gitops-obs demo --journal journal.db --events events.jsonl
  gitops-obs demo --events - | jq .body
  gitops-obs demo --api-only --api-listen 127.0.0.1:8001
\b
Exit codes: 0 after --duration, SIGTERM or Ctrl-C, 2 an address in use, 3 a process ended by itself.
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
@click.option(
    "--monitoring/--no-monitoring",
    default=None,
    help="With Prometheus and Alertmanager.  [where they are installed, up to 10,000 Applications]",
)
@click.option(
    "--prometheus-listen", metavar="HOST:PORT", default="127.0.0.1:0", show_default=True, help="Prometheus is here."
)
@click.option(
    "--alertmanager-listen", metavar="HOST:PORT", default="127.0.0.1:0", show_default=True, help="Alertmanager is here."
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@click.option("--outages", is_flag=True, hidden=True)
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
    monitoring: bool | None,
    prometheus_listen: str,
    alertmanager_listen: str,
    until_stdin_closes: bool,
    outages: bool,
) -> None:
    """Run the exporter against a simulated cluster of a believable company.

    Its services live in dev, staging and prod: they deploy, wait for approval, drift, degrade, heal, roll back and run
    into sync windows. Who is called of an alert is told on the terminal.
    """
    host, port = address(api_listen, "--api-listen")
    address(listen, "--listen")
    address(prometheus_listen, "--prometheus-listen")
    address(alertmanager_listen, "--alertmanager-listen")
    options = cluster.Options(
        applications=applications,
        seed=seed,
        speed=speed,
        host=host,
        port=port,
        object_bytes=object_bytes,
        events_per_second=events_per_second,
        burst=burst,
        outages=outages,
    )
    if kubeconfig and not kubeconfig.parent.is_dir():
        raise SettingsError("--kubeconfig", "", f"expected a file in a folder that exists, got {kubeconfig}")
    if api_only and (journal or events):
        raise click.UsageError("--journal and --events are the exporter's, which --api-only leaves out")
    if api_only and monitoring:
        raise click.UsageError("--monitoring looks at the exporter, which --api-only leaves out")
    with tempfile.TemporaryDirectory(prefix="gitops-obs-demo-") as folder:
        file = kubeconfig or Path(folder) / "kubeconfig"
        if api_only:
            asyncio.run(_serve(options, file, duration, until_stdin_closes))
        else:
            monitors, left_out = _monitors(monitoring, applications, prometheus_listen, alertmanager_listen)
            exporter = Exporter(listen, journal, events)
            asyncio.run(_supervise(Plan(options, file, duration, exporter, monitors, left_out), Path(folder)))


def address(text: str, flag: str) -> tuple[str, int]:
    """HOST:PORT; no host is every interface. Raises SettingsError."""
    try:
        host, port = host_and_port(text)
    except ValueError as error:
        raise SettingsError(flag, "", f'{error}, got "{text}"') from None
    return host or "0.0.0.0", port


def _monitors(
    wanted: bool | None, applications: int, prometheus: str, alertmanager: str
) -> "tuple[Monitors | None, str]":
    """Who watches, or None and why. `wanted` None: where it is possible. Raises DemoError: it must be, and is not."""
    if wanted is False:
        return None, ""
    from observability.demo import monitors  # noqa: PLC0415 - what it loads takes longer than other verbs run

    lacking = monitors.missing()
    if lacking and wanted:
        raise DemoError(lacking)
    if lacking:
        return None, f"Nobody is called of it: {lacking}.\n"
    if applications > monitors.MOST_APPLICATIONS and wanted is None:
        many = f"{monitors.MOST_APPLICATIONS:,}"
        return None, f"Of more than {many} Applications people are called only with --monitoring.\n"
    return monitors.Monitors(free(prometheus), free(alertmanager), applications), ""


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


async def _supervise(plan: Plan, folder: Path) -> None:
    """Start the cluster, then the exporter, then who watches it; wait for the end; stop all, whatever happened."""
    unused = free(plan.exporter.listen)
    stop = asyncio.Event()
    cluster.stop_on_signals(stop)
    if plan.duration:
        asyncio.get_running_loop().call_later(plan.duration, stop.set)
    plan.kubeconfig.unlink(missing_ok=True)  # one of an earlier run would be taken for the new one
    async with AsyncExitStack() as stack:
        running: list[Child] = []
        webhook = await stack.enter_async_context(_webhook(plan)) if plan.monitors else ""
        stack.push_async_callback(children.end, running)
        api = await children.start(
            "the simulated cluster",
            _api_arguments(plan),
            piped=True,
            stdout=sys.stderr if plan.exporter.has_stdout else None,
        )
        running.append(api)
        if not await _appears(plan.kubeconfig, api, stop):
            return
        exporter = await children.start("the exporter", plan.exporter.arguments(plan.kubeconfig, unused), tied=True)
        running.append(exporter)
        if not await children.answers(f"{_url(unused)}/livez", exporter, stop):
            return
        if plan.monitors and not await _watched(plan.monitors, folder, (unused, webhook), running, stop):
            return
        click.echo(_invitation(plan, _url(unused)).text(), err=plan.exporter.has_stdout)
        await children.until(stop, running)


def _webhook(plan: Plan) -> AbstractAsyncContextManager[str]:
    from observability.demo import webhook  # noqa: PLC0415 - what it loads takes longer than other verbs run

    def tell(page: "Page") -> None:
        colour = "red" if page.urgent else "yellow" if page.firing else "green"
        line = page.line(stamp(int(CLOCK()))[-9:])
        click.secho(line, fg=colour, err=plan.exporter.has_stdout)

    return webhook.serving(tell)


async def _watched(
    wanted: "Monitors",
    folder: Path,
    addresses: tuple[listening.Address, str],
    running: list[Child],
    stop: asyncio.Event,
) -> bool:
    """Start Alertmanager, then Prometheus; False when it is time to stop. Raises DemoError.

    `addresses`: that of the exporter, and the URL of the webhook.
    """
    from observability.demo import monitors  # noqa: PLC0415 - the same
    from observability.settings import load  # noqa: PLC0415 - the same

    settings = load()
    exporter, webhook = addresses
    monitors.write(
        folder,
        settings.environments,
        settings.monitoring,
        {"exporter": _reached(exporter), "alertmanager": _reached(wanted.alertmanager), "webhook": webhook},
        wanted.scrape_seconds,
    )
    prometheus, alertmanager = wanted.commands(folder)
    for program, command, served in (
        (monitors.ALERTMANAGER, alertmanager, wanted.alertmanager),
        (monitors.PROMETHEUS, prometheus, wanted.prometheus),
    ):
        log = folder / f"{program.name}.log"
        running.append(await children.start_other(program.name, command, log))
        if not await children.answers(f"{_url(served)}/-/ready", running[-1], stop):
            return False
    return True


def _api_arguments(plan: Plan) -> list[str]:
    options = plan.options
    facts = {
        "--applications": options.applications,
        "--seed": options.seed,
        "--speed": options.speed,
        "--api-listen": f"{options.host}:{options.port}",
        "--object-bytes": options.object_bytes,
        "--events-per-second": options.events_per_second,
        "--burst": options.burst,
        "--kubeconfig": plan.kubeconfig,
    }
    hidden = ["--until-stdin-closes", *(["--outages"] if plan.monitors else [])]
    return ["demo", "--api-only", *hidden, *(f"{flag}={value}" for flag, value in facts.items())]


def free(listen: str) -> listening.Address:
    """Where something can listen; for port 0 a free one. Raises DeliveryError when somebody does already."""
    wanted = listening.parse_address(listen)
    sockets = listening.listen(wanted)
    port = listening.bound_address(sockets[0]).port
    for listener in sockets:
        listener.close()
    return listening.Address(wanted.host, port)


async def _appears(file: Path, api: Child, stop: asyncio.Event) -> bool:
    """Wait until the cluster has written its kubeconfig; False when it is time to stop. Raises DemoError."""
    while not file.exists():  # noqa: ASYNC240 - another process makes it, and a look costs nothing
        if stop.is_set():
            return False
        children.alive(api)
        await asyncio.sleep(0.05)
    return True


def _url(served: listening.Address) -> str:
    """Where people on this machine reach it."""
    return f"http://{_reached(served)}"


def _reached(served: listening.Address) -> str:
    every = served.host in ("", "0.0.0.0", "::")
    return str(listening.Address("127.0.0.1", served.port) if every else served)


def _invitation(plan: Plan, url: str) -> Invitation:
    monitors = plan.monitors
    watching = Watching(_url(monitors.prometheus), _url(monitors.alertmanager)) if monitors else None
    return Invitation(plan.options.applications, plan.kubeconfig, url, watching, plan.left_out)
