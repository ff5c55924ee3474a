"""The verb `report`: what the journal of an exporter tells about the past, also while it runs."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from observability.cli import formats, journals, tables
from observability.errors import SettingsError
from observability.reports import instants
from observability.reports.selection import Selection

if TYPE_CHECKING:
    from observability.journal.verifying import Verdict
    from observability.model.event import Event
    from observability.reports.reading import Snapshot


class _Asked(NamedTuple):
    """What all reports are asked: of which journal, about what part of it, and how to print it."""

    journal: Path
    selection: Selection
    now: float
    output: str
    limit: int | None


_APPLICATIONS: Final = (
    click.option("--application", metavar="GLOB", help="Only [NAMESPACE/]NAME, where * is any text."),
    click.option("--environment", metavar="NAME", help="Only this environment."),
    click.option("--service", metavar="NAME", help="Only this service."),
)
_TIMES: Final = (
    click.option("--since", metavar="TIME", help="From here on: RFC 3339, or 30d, 12h, 8w ago.  [the beginning]"),
    click.option("--until", metavar="TIME", help="Before this: the same forms.  [now]"),
)
_KEEP: Final = "keep the head elsewhere: --anchor HEAD finds a tail that was cut and a chain that was written anew"
_LIMIT: Final = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.  [all]")


@click.group(
    epilog="""\b
Examples:
  gitops-obs report audit --since 30d --environment prod
  gitops-obs report drift --application 'argocd/shop-*'
  gitops-obs report delivery --since 90d -o markdown
  gitops-obs report recovery --journal /backup/journal.db
  gitops-obs report verify --anchor 4711:9f86d081…
\b
They read the journal of a running exporter without being in its way.
Exit codes: 0 answered, 1 the chain is broken, 2 bad input, 3 the journal cannot be read.
""",
)
def command() -> None:
    """What happened: audit, drift, delivery, recovery, and whether the record is whole.

    Read from the journal of `gitops-obs run --journal FILE`.
    """


@command.command(
    short_help="Who deployed what, when, from which commit, approved how.",
    epilog="""\b
Examples:
  gitops-obs report audit --since 30d --environment prod
  gitops-obs report audit --application argocd/shop-prod --limit 20
  gitops-obs report audit --since 2026-10-01T00:00:00Z --until 2027-01-01T00:00:00Z -o csv > audit.csv
\b
The lines below a sync say what was not as agreed, as far as the policies of the environment ask for it, why it
failed, and whose commit it was. CSV, JSON and Markdown say more: the revision before, images, the whole reason.
""",
)
@journals.options(*journals.WHICH, *_APPLICATIONS, *_TIMES, _LIMIT, formats.OUTPUT)
def audit(**given: Any) -> None:
    """Who deployed what, when, from which commit, and approved how.

    One line for each sync that ended, oldest first.
    """
    from observability.reports import audit as report  # noqa: PLC0415 - loaded when asked for

    asked = _asked(given)
    with journals.snapshot(asked.journal) as journal:
        events = _events(journal, report.NAMES, asked)
        table = report.report(events, asked.selection, asked.limit, journal.commits())
    formats.show(table, asked.output)


@command.command(
    short_help="When what ran was not what Git said, why, for how long.",
    epilog="""\b
Examples:
  gitops-obs report drift --since 7d
  gitops-obs report drift --environment prod -o json
""",
)
@journals.options(*journals.WHICH, *_APPLICATIONS, *_TIMES, _LIMIT, formats.OUTPUT)
def drift(**given: Any) -> None:
    """When what ran was not what Git said: since when, for how long, why, and how it ended."""
    from observability.reports import drift as report  # noqa: PLC0415 - loaded when asked for

    asked = _asked(given)
    with journals.snapshot(asked.journal) as journal:
        events = _events(journal, report.NAMES, asked)
        table = report.report(events, journal.applications(), asked.selection, asked.now, asked.limit)
    formats.show(table, asked.output)


@command.command(
    short_help="The DORA metrics by environment and service.",
    epilog="""\b
Examples:
  gitops-obs report delivery --since 90d
  gitops-obs report delivery --since 90d --by environment -o csv
  gitops-obs report delivery --environment prod --failure-window 15m
""",
)
@journals.options(*journals.WHICH, *_APPLICATIONS, *_TIMES)
@click.option(
    "--by", type=click.Choice(["service", "environment"]), default="service", show_default=True, help="A line for each."
)
@click.option("--failure-window", metavar="TIME", help="How long a Degraded is blamed on a deployment.  [1h]")
@formats.OUTPUT
def delivery(by: str, failure_window: str | None, **given: Any) -> None:
    """How often and how well is delivered: the DORA metrics, with their definitions.

    Deployment frequency, lead time, change failure rate, time to restore, rework rate.
    """
    from observability.reports import delivery as report  # noqa: PLC0415 - loaded when asked for

    asked = _asked(given)
    window = None if failure_window is None else _seconds("--failure-window", failure_window)
    with journals.snapshot(asked.journal) as journal:
        table = report.report(
            journal.events(report.NAMES), asked.selection, asked.now, by_service=by == "service", window=window
        )
    formats.show(table, asked.output)


@command.command(
    short_help="What Git alone would not bring back.",
    epilog="""\b
Examples:
  gitops-obs report recovery
  gitops-obs report recovery --environment prod -o markdown > before-the-move.md
  watch gitops-obs report recovery --journal /data/journal.db    while a cluster is rebuilt
""",
)
@journals.options(*journals.WHICH, *_APPLICATIONS, formats.OUTPUT)
def recovery(**given: Any) -> None:
    """What Git alone would not bring back, and how many applications are Synced and Healthy.

    For disaster recovery, from what is visible: live drift, standing rollbacks, parameter overrides, local
    manifests, comparison errors.
    """
    from observability.reports import recovery as report  # noqa: PLC0415 - loaded when asked for

    asked = _asked(given)
    with journals.snapshot(asked.journal) as journal:
        table = report.report(journal.applications(), asked.selection, journal.recorded_at())
    formats.show(table, asked.output)


@command.command(
    short_help="Whether the record is whole: the audit chain.",
    epilog="""\b
Examples:
  gitops-obs report verify
  gitops-obs report verify --print-anchor > /elsewhere/anchor
  gitops-obs report verify --anchor 4711:9f86d081…
\b
Each event carries a hash of the one before it, so that what was changed, removed or put in another order is
found. Only an anchor that was kept where the journal's owner cannot write finds a chain that was written anew.
Exit codes: 0 whole, 1 broken, and where, 2 no such anchor, 3 the journal cannot be read.
""",
)
@journals.options(*journals.WHICH)
@click.option("--print-anchor", is_flag=True, help="Print the head of the chain once it is whole, and nothing else.")
@click.option("--anchor", metavar="HEAD", help="What --print-anchor said at some time: it must still be there.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
def verify(journal: Path | None, config: Path | None, print_anchor: bool, anchor: str | None, output: str) -> int:
    """Was any event changed, removed or put in another order since it was recorded?"""
    from observability.journal import verifying  # noqa: PLC0415 - loaded when asked for

    path = journals.locate(journal, config)
    try:
        verdict = verifying.verify(path, anchor)
    except ValueError as error:
        raise SettingsError("--anchor", "", str(error)) from error
    fault = verdict.fault
    if output == "json":
        click.echo(json.dumps(_document(verdict)))
    elif fault is not None:
        click.echo(f"BROKEN: {tables.plain(fault.message)}", err=print_anchor)
        click.echo(f"{verdict.rows:,} rows before it are as they were recorded", err=print_anchor)
    elif print_anchor:
        click.echo(verdict.anchor)
    else:
        click.echo(f"whole: {verdict.rows:,} rows are as they were recorded")
        click.echo(f"head: {verdict.anchor}")
        click.echo(f"the anchor {anchor} is there" if anchor else _KEEP)
    return 0 if fault is None else 1


def _document(verdict: "Verdict") -> dict[str, object]:
    fault = verdict.fault
    return {
        "whole": fault is None,
        "rows": verdict.rows,
        "anchor": verdict.anchor,
        "fault": None if fault is None else {"row": fault.number, "wrong": fault.wrong, "message": fault.message},
    }


def _events(journal: "Snapshot", names: tuple[str, ...], asked: _Asked) -> Iterator["Event"]:
    """Those of the environment and the service that are asked about, of all times: what began earlier may go on."""
    return journal.events(names, asked.selection.environment, asked.selection.service)


def _asked(given: dict[str, Any]) -> _Asked:
    """What the options say; those that a report does not have are empty."""
    now = time.time()  # noqa: TID251 - a command answers for now
    since, until = given.get("since"), given.get("until")
    selection = Selection(
        application=given["application"] or "",
        environment=given["environment"] or "",
        service=given["service"] or "",
        since=None if since is None else _instant("--since", since, now),
        until=None if until is None else _instant("--until", until, now),
    )
    if selection.since is not None and selection.until is not None and selection.since >= selection.until:
        raise SettingsError("--until", "", "expected a time after --since")
    journal = journals.locate(given["journal"], given["config"])
    return _Asked(journal, selection, now, given["output"], given.get("limit"))


def _instant(option: str, text: str, now: float) -> float:
    try:
        return instants.parse(text, now)
    except ValueError as error:
        raise SettingsError(option, "", str(error)) from error


def _seconds(option: str, text: str) -> float:
    """A length of time, in the form that also says how long ago something was."""
    try:
        seconds = -instants.parse(text, 0.0)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise SettingsError(option, "", f"expected a length of time such as 15m or 2h, got {text!r}")
    return seconds
