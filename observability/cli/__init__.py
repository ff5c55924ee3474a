"""The command `gitops-obs`: one module a verb, loaded when it is asked for.

Reads arguments, calls one stage or the whole of them, prints. Errors become messages and exit codes here:
0 ok, 1 findings or the answer is no, 2 usage or settings, 3 could not check or reach, 70 a defect of ours,
130 interrupted, 141 nobody reads the output any more.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import click
from click.shell_completion import CompletionItem

from observability import __version__
from observability.errors import ObservabilityError

PROGRAM: Final = "gitops-obs"

DEFECT: Final = 70
INTERRUPTED: Final = 130
NO_READER: Final = 141
"""As shells report a program that SIGPIPE ended."""


class Verb(NamedTuple):
    """A verb of the command: `module` has its click command as `command`."""

    name: str
    module: str
    help: str


VERBS: Final = (
    Verb("run", "observability.cli.run", "Watch a cluster and serve its metrics."),
    Verb("demo", "observability.cli.demo", "Run against a simulated cluster."),
    Verb("settings", "observability.cli.settings", "Print or judge the effective settings."),
    Verb("check", "observability.cli.check", "What is wrong with rules, dashboards and routes, ours or anybody's?"),
    Verb("windows", "observability.cli.windows", "May this application sync now, and when does that change?"),
    Verb("explain", "observability.cli.explain", "What is believed of an application, and why."),
    Verb("publish", "observability.cli.publish", "Put dashboards into Grafana and rules into Prometheus."),
    Verb("report", "observability.cli.report", "What happened: audit, drift, delivery, recovery, verify."),
    Verb("journal", "observability.cli.journal", "Look after the journal: status, dead letters, backup."),
    Verb("generate", "observability.cli.generate", "Dashboards, alerts and routes as files."),
    Verb("completion", "observability.cli.completion", "Print the completion script of a shell."),
    Verb("version", "observability.cli.version", "Print the versions of the program and of its libraries."),
)


class _NoReaderError(Exception):
    """Nobody reads stdout any more."""


class Verbs(click.Group):
    """The group of VERBS. Lists and completes them without loading any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order in which people need them."""
        del ctx
        return [verb.name for verb in VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, loaded now. None when there is no such verb."""
        del ctx
        modules = {verb.name: verb.module for verb in VERBS}
        if cmd_name not in modules:
            return None
        command = importlib.import_module(modules[cmd_name]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{modules[cmd_name]}.command: expected a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs as a list for `--help`."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(verb.name, verb.help) for verb in VERBS])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb. A reader that went away is told apart here: click would end with 1, which means findings."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _NoReaderError from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs and options that begin with `incomplete`."""
        verbs = [CompletionItem(verb.name, help=verb.help) for verb in VERBS if verb.name.startswith(incomplete)]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  gitops-obs run                                  inside a cluster
  gitops-obs run --kubeconfig ~/.kube/config --listen 127.0.0.1:9797
  gitops-obs demo --applications 200              without a cluster
  gitops-obs VERB --help                          examples of each verb
""",
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def commands() -> None:
    """Sync, health and drift of Argo CD applications as Prometheus metrics."""


def main() -> None:
    """Run the command with the arguments of the process and exit."""
    sys.exit(status(sys.argv[1:]))


def status(arguments: Sequence[str]) -> int:
    """Run the command; its exit code. Errors are printed to stderr."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except (_NoReaderError, BrokenPipeError):
        _read_no_more()
        return NO_READER
    except BaseExceptionGroup as group:
        return _report(group)
    except (Exception, KeyboardInterrupt) as error:
        return _report(error)
    return code


def _run(arguments: Sequence[str]) -> int:
    """Let click run the verb. Raises what the verb raises."""
    try:
        result = commands.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return result if isinstance(result, int) else 0


def _report(error: BaseException) -> int:
    """Say on stderr what went wrong; the exit code. Of several errors at once the gravest counts."""
    return max(_report_one(one) for one in _leaves(error))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _report_one(error: BaseException) -> int:
    match error:
        case click.Abort() | KeyboardInterrupt():
            return INTERRUPTED
        case click.ClickException():
            error.show()
            return 2
        case ObservabilityError():
            for line in str(error).splitlines():
                click.echo(f"{PROGRAM}: {line}", err=True)
            return error.exit_code
        case _:
            return _report_defect(error)


def _report_defect(error: BaseException) -> int:
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(
        f"{PROGRAM}: this is a defect of {PROGRAM} {__version__}, please report it to its authors with the lines above",
        err=True,
    )
    return DEFECT


def _read_no_more() -> None:
    """Stop the interpreter from complaining when it flushes stdout at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
