"""The verb `journal`: look after the journal of an exporter, also while it runs."""

import time
from pathlib import Path
from typing import Final

import click

from observability.cli import formats, journals

_YES: Final = click.option("--yes", is_flag=True, help="Do not ask.")
_LIMIT: Final = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N.  [all]")


@click.group(
    epilog="""\b
Examples:
  gitops-obs journal status
  gitops-obs journal dead-letters list --endpoint otlp
  gitops-obs journal drop-endpoint old-collector
  gitops-obs journal backup /backup/journal.db --journal /data/journal.db
\b
Exit codes: 0 done, 1 there are no such dead letters, 2 bad input, 3 the journal cannot be used or has no such endpoint.
""",
)
def command() -> None:
    """Look after the journal: what it holds, who is owed what, dead letters, a backup.

    Of `gitops-obs run --journal FILE`, which may go on meanwhile.
    """


@command.command(
    short_help="How large it is, and how far behind each endpoint is.",
    epilog="""\b
Examples:
  gitops-obs journal status
  gitops-obs journal status --journal /data/journal.db -o json
""",
)
@journals.options(*journals.WHICH, formats.OUTPUT)
def status(journal: Path | None, config: Path | None, output: str) -> None:
    """How large it is, and how far behind each endpoint is."""
    from observability.reports import outbox  # noqa: PLC0415 - loaded when asked for

    with journals.snapshot(journals.locate(journal, config)) as found:
        sizes = {name: next((value for (value,) in found.rows(query)), None) for name, query in outbox.SIZES.items()}
        endpoints = found.endpoints()
        file_bytes = found.file_bytes()
    now = time.time()  # noqa: TID251 - a command answers for now
    formats.show(outbox.status(file_bytes, sizes, endpoints, now), output)


@command.group(
    "dead-letters",
    short_help="What endpoints will never take: list, retry, purge.",
    epilog="""\b
Examples:
  gitops-obs journal dead-letters list
  gitops-obs journal dead-letters retry --endpoint otlp
  gitops-obs journal dead-letters purge --endpoint otlp --number 4711
""",
)
def dead_letters() -> None:
    """Records that an endpoint will never take: look at them, try them again, or give them up."""


_ENDPOINT: Final = click.option("--endpoint", metavar="NAME", required=True, help="Of this one.")
_NUMBER: Final = click.option(
    "--number",
    "numbers",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Only this one; repeat it.  [all]",
)


@dead_letters.command(
    "list",
    short_help="Which there are, and why they were refused.",
    epilog="""\b
Examples:
  gitops-obs journal dead-letters list
  gitops-obs journal dead-letters list --endpoint otlp --limit 20 -o json
""",
)
@journals.options(
    *journals.WHICH, click.option("--endpoint", metavar="NAME", help="Only of this one."), _LIMIT, formats.OUTPUT
)
def show(journal: Path | None, config: Path | None, endpoint: str | None, limit: int | None, output: str) -> None:
    """Which there are, and why they were refused."""
    from observability.reports import outbox  # noqa: PLC0415 - loaded when asked for

    with journals.snapshot(journals.locate(journal, config)) as found:
        letters = found.letters(endpoint)
    formats.show(outbox.letters(letters, limit), output)


@dead_letters.command(
    short_help="Send them once more.",
    epilog="""\b
Examples:
  gitops-obs journal dead-letters retry --endpoint otlp
  gitops-obs journal dead-letters retry --endpoint otlp --number 4711 --number 4712
\b
They are owed to the endpoint anew, behind all else, with new numbers: for other endpoints nothing changes. A
running exporter sends them with the next record. Exit code 1: there are no such dead letters, 3: there is no
such endpoint.
""",
)
@journals.options(*journals.WHICH, _ENDPOINT, _NUMBER)
def retry(journal: Path | None, config: Path | None, endpoint: str, numbers: tuple[int, ...]) -> int:
    """Send dead letters of an endpoint once more, as after it was put right."""
    from observability.journal import letters  # noqa: PLC0415 - loaded when asked for
    from observability.journal.reading import changing  # noqa: PLC0415

    with changing(journals.locate(journal, config)) as connection:
        count = letters.retry(connection, endpoint, numbers or None)
    click.echo(f"{_count(count)} of {endpoint} will be sent again" if count else f"{endpoint} has no such dead letter")
    return 0 if count else 1


@dead_letters.command(
    short_help="Give them up.",
    epilog="""\b
Examples:
  gitops-obs journal dead-letters purge --endpoint otlp --number 4711
  gitops-obs journal dead-letters purge --endpoint otlp --yes
\b
The events themselves stay in the journal, for audits. Exit code 1: there are no such dead letters, 3: there is
no such endpoint.
""",
)
@journals.options(*journals.WHICH, _ENDPOINT, _NUMBER, _YES)
def purge(journal: Path | None, config: Path | None, endpoint: str, numbers: tuple[int, ...], yes: bool) -> int:
    """Give up dead letters of an endpoint: it will never have them."""
    from observability.journal import letters  # noqa: PLC0415 - loaded when asked for
    from observability.journal.reading import changing, reading  # noqa: PLC0415

    path = journals.locate(journal, config)
    if not yes:
        with reading(path) as connection:
            count = letters.count(connection, endpoint, numbers or None)
        if count:  # else there is nothing to ask
            click.confirm(f"give up {_count(count)} of {endpoint} in {path}?", abort=True, err=True)
    with changing(path) as connection:
        count = letters.purge(connection, endpoint, numbers or None)
    click.echo(f"{_count(count)} of {endpoint} given up" if count else f"{endpoint} has no such dead letter")
    return 0 if count else 1


def _count(letters: int) -> str:
    return f"{letters:,} dead letter{'' if letters == 1 else 's'}"


@command.command(
    "drop-endpoint",
    short_help="Give up an endpoint that will not come back.",
    epilog="""\b
Examples:
  gitops-obs journal drop-endpoint old-collector
  gitops-obs journal drop-endpoint old-collector --yes
\b
Take it out of the settings first: a running exporter that still sends to it complains until it is restarted,
and begins with it anew then. What others are owed stays.
""",
)
@click.argument("name")
@journals.options(*journals.WHICH, _YES)
def drop_endpoint(name: str, journal: Path | None, config: Path | None, yes: bool) -> None:
    """Give up an endpoint: what it was owed, and its dead letters. The journal does not grow for it any more."""
    from observability.journal import endpoints  # noqa: PLC0415 - loaded when asked for
    from observability.journal.reading import changing, reading  # noqa: PLC0415

    path = journals.locate(journal, config)
    if not yes:
        with reading(path) as connection:
            endpoints.acknowledged(connection, name)
        click.confirm(f"give up all that {name} is owed in {path}?", abort=True, err=True)
    with changing(path) as connection:
        endpoints.drop(connection, name)
    click.echo(f"{name} is owed nothing any more")


@command.command(
    short_help="Copy it to a file, also while it is written.",
    epilog="""\b
Examples:
  gitops-obs journal backup /backup/journal.db
  gitops-obs journal backup /backup/journal.db --journal /data/journal.db
\b
The copy is one consistent state, with the audit chain, and can be reported on as it lies there. Exit code 3:
the journal cannot be read, or the file not be written or is there already.
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@journals.options(*journals.WHICH)
def backup(file: Path, journal: Path | None, config: Path | None) -> None:
    """Copy the journal to FILE, which must not exist yet; the exporter may go on writing."""
    from observability.journal import copying, verifying  # noqa: PLC0415 - loaded when asked for

    copying.backup(journals.locate(journal, config), file)
    click.echo(f"{file}: the journal up to {verifying.head(file)}")
