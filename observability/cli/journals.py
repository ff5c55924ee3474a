"""Which journal a command is about: the one that it is told, or that of the settings. Opens it to read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from observability.reports.reading import Snapshot

_Command = TypeVar("_Command", bound=Callable[..., Any])

WHICH: Final = (
    click.option(
        "--journal",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The journal.  [journal.path of the settings]",
    ),
    click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings, for journal.path."),
)
"""The options that say which."""


def options(*several: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """These options, in this order in the help."""

    def add(function: _Command) -> _Command:
        for option in reversed(several):
            function = option(function)
        return function

    return add


def locate(journal: Path | None, config: Path | None) -> Path:
    """The file of the journal: `journal`, else `journal.path` of the settings in `config` and the environment.

    Raises:
        UsageError: neither says which.
        SettingsError: the settings are bad.
    """
    if journal is not None:
        return journal
    from observability.settings import load  # noqa: PLC0415 - it loads pydantic, which a given file does not need

    path = load(config).journal.path
    if path is None:
        raise click.UsageError(
            "which journal? Give --journal FILE, or set journal.path in the settings (--config FILE, or the variable "
            "GITOPS_OBS_JOURNAL__PATH)"
        )
    return Path(path)


@contextmanager
def snapshot(path: Path) -> Iterator["Snapshot"]:
    """The journal in this file, open to be read. What could not be understood in it is told at the end.

    Raises:
        JournalError: it cannot be read.
    """
    from observability.reports import reading  # noqa: PLC0415 - it loads SQLite, which --help need not wait for

    with reading.snapshot(path) as journal:
        yield journal
    if journal.unreadable:
        click.echo(f"rows of the journal that could not be read: {journal.unreadable}; see report verify", err=True)
