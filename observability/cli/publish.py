"""The verb `publish`: puts dashboards and rules where they are read."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from observability.cli import tables
from observability.errors import SettingsError

if TYPE_CHECKING:
    from observability.monitoring.load import Authored
    from observability.monitoring.publish.web import Access
    from observability.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE: Final = click.Path(path_type=Path)
_ACCESS: Final = (
    click.option(
        "--token-file",
        type=_FILE,
        metavar="FILE",
        help="A file with a bearer token; for Grafana that of a service account.",
    ),
    click.option("--user-file", type=_FILE, metavar="FILE", help="Instead: a file with USER:PASSWORD."),
    click.option(
        "--ca-file", type=_FILE, metavar="FILE", help="Who is trusted with https.  [the system's authorities]"
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        default=30.0,
        show_default=True,
        help="For one request.",
    ),
)
_COMMON: Final = (
    click.option("--source", type=_FILE, metavar="FOLDER", help="With alerts/ and dashboards/ of yours, beside ours."),
    click.option("--config", type=_FILE, metavar="FILE", help="Settings, a YAML file."),
    click.option("--overwrite", is_flag=True, help="Also replace what somebody else has put or changed there."),
    click.option("--dry-run", is_flag=True, help="Only print what would change."),
)


def _options(*several: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """These options, in this order in the help."""

    def add(function: _Command) -> _Command:
        for option in reversed(several):
            function = option(function)
        return function

    return add


class _Asked(NamedTuple):
    """What both are asked: how much may be replaced, and whether anything is written at all."""

    overwrite: bool
    dry_run: bool


@click.group(
    epilog="""\b
Examples:
  gitops-obs publish grafana --url https://grafana.example.com --token-file token --environment prod --dry-run
  gitops-obs publish prometheus --folder rules --environment prod --url http://localhost:9090
\b
What is there is read first. Nothing is written while anything is in the way, and what a failed run has written is
taken back. A second run changes nothing.
Exit codes: 0 published, 1 somebody else's work is in the way, 2 bad input, 3 not reachable or refused.
""",
)
def command() -> None:
    """Put dashboards into Grafana, and rules into Prometheus."""


@command.command(
    short_help="Dashboards into a folder of Grafana.",
    epilog="""\b
Examples:
  gitops-obs publish grafana --url https://grafana.example.com --token-file token --environment prod --dry-run
  gitops-obs publish grafana --config settings.yaml --token-file token --environment prod --folder Delivery
\b
The folder is made when it is not there, and is known by its uid, which is made of the title. Dashboards of ours have
the tag gitops-observability; those that are in the folder and are generated no more are removed. All others are left.
Exit codes: 0 published, 1 somebody else's work is in the way, 2 bad input, 3 Grafana is away or refuses.
""",
)
@click.option("--url", metavar="URL", help="Grafana.  [monitoring.grafana_url of the settings]")
@click.option("--environment", metavar="NAME", required=True, help="Whose dashboards: the one that is shown first.")
@click.option("--folder", "title", metavar="TITLE", default="GitOps", show_default=True, help="The folder in Grafana.")
@click.option("--prune/--no-prune", default=True, help="Remove dashboards of ours that are generated no more.  [yes]")
@_options(*_ACCESS, *_COMMON)
def grafana(
    *,
    url: str | None,
    environment: str,
    title: str,
    prune: bool,
    source: Path | None,
    config: Path | None,
    overwrite: bool,
    dry_run: bool,
    **access: Any,
) -> None:
    """Put the dashboards of an environment into a folder of Grafana, by its HTTP API."""
    from observability.monitoring.generate.grafana import TAG  # noqa: PLC0415 - loaded when asked for
    from observability.monitoring.publish import dashboards  # noqa: PLC0415

    settings, authored = _read(config, source, (environment,))
    address = url or settings.monitoring.grafana_url
    if address is None:
        raise click.UsageError("which Grafana? Give --url URL, or set monitoring.grafana_url in the settings")
    wanted = dashboards.parsed(_dashboard_texts(settings, authored, environment))
    rules = dashboards.Rules(folder=dashboards.folder(title), tag=TAG, overwrite=overwrite, prune=prune)
    _run(_to_grafana(_access(address, access), wanted, rules, dry_run))


async def _to_grafana(access: "Access", wanted: Mapping[str, Any], rules: Any, dry_run: bool) -> None:
    from observability.monitoring.publish import dashboards, web  # noqa: PLC0415 - loaded when asked for
    from observability.monitoring.publish.grafana import Publication, refuse  # noqa: PLC0415

    async with web.opened(access) as server:
        publication = Publication(server, wanted, rules, _say)
        planned = await publication.planned()
        if dry_run:
            for line in dashboards.described(planned):
                _say(line)
            refuse(planned)
            return
        await publication.publish(planned)
        _say(f"{len(planned.steps)} dashboards published, {planned.unchanged} unchanged: {server.url}")


@command.command(
    short_help="Rules into a folder of Prometheus, and a reload.",
    epilog="""\b
Examples:
  gitops-obs publish prometheus --folder rules --environment prod --dry-run
  gitops-obs publish prometheus --folder rules --environment prod --url http://localhost:9090
  gitops-obs publish prometheus --folder rules --environment dev --environment staging --pid-file prometheus.pid
\b
The rule_files of Prometheus must find FOLDER/*.yml. The files of an environment begin with its name, so that several
can share a folder. Which files are ours says .gitops-observability.json there; all others are left.
promtool judges the files where it is installed. When Prometheus does not load them, the former files are put back.
Exit codes: 0 published, 1 somebody else's work is in the way, 2 bad input, 3 Prometheus is away or refuses.
""",
)
@click.option("--folder", type=_FILE, metavar="FOLDER", required=True, help="Where Prometheus reads rule files.")
@click.option(
    "--environment", "environments", metavar="NAME", multiple=True, required=True, help="Whose rules; several."
)
@click.option("--url", metavar="URL", help="Prometheus: it is told to reload, and asked whether it has loaded them.")
@click.option("--pid-file", type=_FILE, metavar="FILE", help="Reload by SIGHUP to this process instead of over HTTP.")
@click.option("--promtool", metavar="PROGRAM", help="The promtool to use.  [that on the PATH, if any]")
@_options(*_ACCESS, *_COMMON)
def prometheus(
    *,
    folder: Path,
    environments: tuple[str, ...],
    url: str | None,
    pid_file: Path | None,
    promtool: str | None,
    source: Path | None,
    config: Path | None,
    overwrite: bool,
    dry_run: bool,
    **access: Any,
) -> None:
    """Put the rules of environments into a folder of Prometheus, and have it reload."""
    from observability.monitoring.publish import promtool as judge  # noqa: PLC0415
    from observability.monitoring.publish import rulefiles  # noqa: PLC0415 - loaded when asked for

    settings, authored = _read(config, source, environments)
    wanted = {name: rulefiles.named(name, _rule_texts(settings, authored, name)) for name in environments}
    program = judge.find(promtool)
    if program is None:
        click.echo("promtool is not installed: Prometheus itself will judge the files", err=True)
    else:
        judge.check(program, {name: text for texts in wanted.values() for name, text in texts.items()})
    reached = None if url is None else _access(url, access)
    _run(_to_prometheus(folder, reached, pid_file, wanted, _Asked(overwrite, dry_run)))


async def _to_prometheus(
    folder: Path,
    access: "Access | None",
    pid_file: Path | None,
    wanted: Mapping[str, Mapping[str, str]],
    asked: _Asked,
) -> None:
    from observability.monitoring.publish import folder as disk  # noqa: PLC0415 - loaded when asked for
    from observability.monitoring.publish import prometheus as server  # noqa: PLC0415
    from observability.monitoring.publish import rulefiles, web  # noqa: PLC0415

    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(disk.alone(folder))
        before = disk.read(folder)
        planned = rulefiles.plan(wanted, before.files, rulefiles.entries(before.manifest), overwrite=asked.overwrite)
        if asked.dry_run:
            for line in rulefiles.described(planned):
                _say(line)
            server.refuse(planned)
            return
        texts = {name: text for one in wanted.values() for name, text in one.items()}
        reached = None if access is None else await stack.enter_async_context(web.opened(access))
        target = server.Target(folder=folder, web=reached, pid_file=pid_file)
        await server.publish(target, planned, before, texts, _say)
    _say(f"{len(planned.steps)} files published, {planned.unchanged} unchanged: {folder}")


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run it; SIGTERM interrupts it as Ctrl-C does, so that it takes back what it did. Raises Abort then."""

    async def interruptible() -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs is a task's
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await work

    try:
        asyncio.run(interruptible())
    except asyncio.CancelledError as error:
        raise click.Abort from error


def _say(line: str) -> None:
    click.echo(tables.plain(line))


def _access(url: str, given: Mapping[str, Any]) -> "Access":
    """Raises UsageError for two answers to who we are."""
    from observability.monitoring.publish.web import Access  # noqa: PLC0415 - loaded when asked for

    if given["token_file"] is not None and given["user_file"] is not None:
        raise click.UsageError("--token-file and --user-file exclude each other")
    return Access(
        url=url,
        token_file=given["token_file"],
        user_file=given["user_file"],
        ca_file=given["ca_file"],
        timeout_seconds=given["timeout"],
    )


def _read(config: Path | None, source: Path | None, environments: tuple[str, ...]) -> "tuple[Settings, Authored]":
    """The settings, and all that is authored, judged. Raises SettingsError for an environment that there is not."""
    from observability.monitoring import load  # noqa: PLC0415 - loaded when asked for
    from observability.monitoring.generate import grafana, references  # noqa: PLC0415
    from observability.settings import load as load_settings  # noqa: PLC0415

    settings = load_settings(config)
    names = tuple(environment.name for environment in settings.environments)
    for name in environments:
        if name not in names:
            raise SettingsError("--environment", "", f"expected one of {', '.join(names)}, got {name}")
    authored = load.load(source)
    references.check(authored, names)
    grafana.check_uids(one.row for one in authored.dashboards)
    return settings, authored


def _dashboard_texts(settings: "Settings", authored: "Authored", environment: str) -> Mapping[str, str]:
    """The text of each dashboard by the file that it comes from."""
    from observability.monitoring.generate import grafana  # noqa: PLC0415 - loaded when asked for
    from observability.monitoring.spec import Recording  # noqa: PLC0415

    monitoring = settings.monitoring
    places = grafana.Places(argocd=monitoring.argocd_url or "", runbooks=monitoring.runbooks_url or "")
    known = grafana.Environments(environment, tuple(one.name for one in settings.environments))
    recordings = tuple(rule for one in authored.groups for rule in one.row.rules if isinstance(rule, Recording))
    return {
        f"{one.file} ({one.row.uid})": grafana.text(one.row, known, places, recordings) for one in authored.dashboards
    }


def _rule_texts(settings: "Settings", authored: "Authored", environment: str) -> Mapping[str, str]:
    """The text of each rule file of an environment by its name."""
    from observability.monitoring.generate.rules import rule_files  # noqa: PLC0415 - loaded when asked for

    return rule_files(authored.groups, environment, settings.monitoring)
