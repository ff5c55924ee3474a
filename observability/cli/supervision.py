"""What runs together in the demo: a simulated cluster, the exporter, and those who watch it. Starts processes."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from observability.cli import children
from observability.cli.children import Child
from observability.cli.invitation import Invitation, Watching
from observability.delivery import listening
from observability.demo import cluster
from observability.demo.company import stamp

if TYPE_CHECKING:
    from observability.demo.monitors import Monitors
    from observability.demo.pages import Page


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
    """What is started. `monitors` None: only the cluster and the exporter, `left_out` says why, when there is more.

    `duration`: seconds until the end, None: never. `clock`: now, in seconds since the epoch.
    """

    options: cluster.Options
    kubeconfig: Path
    duration: float | None
    exporter: Exporter
    monitors: "Monitors | None"
    left_out: str
    clock: Callable[[], float]


async def supervise(plan: Plan, folder: Path) -> None:
    """Start the cluster, then the exporter, then who watches it; wait for the end; stop all, whatever happened.

    `folder`: for what they write. Raises DemoError: one of them ended by itself, or does not answer.
    """
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
        line = page.line(stamp(int(plan.clock()))[-9:])
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
