"""The verb `demo`: a simulated cluster in one process, the exporter in another, and this one that watches over them.

With a Prometheus, an Alertmanager and somebody who is called, where these are installed.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from observability.cli.children import DemoError
from observability.cli.supervision import Exporter, Plan, free, supervise
from observability.demo import cluster
from observability.errors import SettingsError
from observability.settings.values import host_and_port

if TYPE_CHECKING:
    from observability.demo.monitors import Monitors

CLOCK: Final = time.time  # noqa: TID251 - the simulated cluster is a program of its own, and this is where it begins


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
            plan = Plan(options, file, duration, exporter, monitors, left_out, CLOCK)
            asyncio.run(supervise(plan, Path(folder)))


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
