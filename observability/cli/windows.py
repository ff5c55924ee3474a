"""The verb `windows`: may an Application sync now, by hand or by itself, and when does that change?"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import click

from observability.cli import manifests, tables
from observability.errors import SettingsError
from observability.model.application import Application
from observability.model.instants import rfc_3339
from observability.model.project import SyncWindow
from observability.model.state import WindowVerdict
from observability.state import windows

_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339: Final = re.compile(
    r"(?P<to_second>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]+))?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_LAST_YEAR: Final = 9998
"""So that what is 35 days ahead has a date, too."""
_HEADINGS: Final = ("#", "KIND", "SCHEDULE", "DURATION", "TIME ZONE", "APPLIES", "ACTIVE")
_BY: Final = {"automated": "can_sync_auto", "manual": "can_sync_manual"}


class Question(NamedTuple):
    """An Application, and the windows that may hold for it: its project's, then those of global projects."""

    application: Application
    windows: tuple[SyncWindow, ...]


class Answer(NamedTuple):
    """What holds for a question at `at`, and when that changes for automated and for manual syncs, in nanoseconds."""

    at: int
    assigned: tuple[int, ...]
    active: tuple[int, ...]
    verdict: WindowVerdict
    automated_changes_at: int | None
    manual_changes_at: int | None


@click.command(
    epilog="""\b
Examples:
  gitops-obs windows shop-prod                    in namespace argocd of the current context
  gitops-obs windows teams/shop-prod --context prod -o json
  gitops-obs windows shop-prod --assert automated && echo "Argo CD may sync"
  gitops-obs windows --application app.yaml --project project.yaml --at 2026-03-29T02:30:00+02:00
\b
Exit codes: 0 answered, 1 the answer to --assert is no, 2 bad input, 3 cannot reach the cluster.
""",
)
@click.argument("name", required=False, metavar="[[NAMESPACE/]NAME]")
@click.option("--application", metavar="FILE", help="The Application, YAML or JSON; - is stdin.  [from the cluster]")
@click.option(
    "--project",
    "projects",
    multiple=True,
    metavar="FILE",
    help="Its AppProject; repeat for global projects, whose windows follow.  [from the cluster]",
)
@click.option("--at", "instant", metavar="RFC3339", help="Judge this instant.  [now]")
@click.option("--assert", "required", type=click.Choice(list(_BY)), help="Exit with 1 when such a sync may not run.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings, for global projects.")
@click.option("--kubeconfig", metavar="FILE", help="How to reach the cluster.  [inside a cluster: its service account]")
@click.option("--context", metavar="NAME", help="A context of the kubeconfig.  [its current one]")
def command(
    name: str | None,
    application: str | None,
    projects: tuple[str, ...],
    instant: str | None,
    required: str | None,
    output: str,
    **cluster: object,
) -> int:
    """May this Application sync now, by hand or by itself, and when does that change?

    Answers as Argo CD would, from the sync windows of its project.
    """
    at = time.time_ns() if instant is None else _nanoseconds(instant)  # noqa: TID251 - a command answers for now
    question = _from_files(application, projects) if name is None else _named(name, application, projects, cluster)
    answer = ask(question, at)
    if output == "json":
        click.echo(json.dumps(_document(answer)))
    else:
        click.echo(_table(question, answer))
    return 0 if required is None or getattr(answer.verdict, _BY[required]) else 1


def ask(question: Question, at: int) -> Answer:
    """The answer at `at`, nanoseconds since the epoch."""
    application = question.application
    assigned = windows.matching(question.windows, application.name, application.destination)
    verdict = windows.verdict(question.windows, assigned, at)
    active = windows.actives(question.windows, assigned, at)
    return Answer(at, assigned, active, verdict, *windows.changes(question.windows, assigned, at))


def _named(name: str, application: str | None, projects: Sequence[str], cluster: Mapping[str, object]) -> Question:
    if application is not None or projects:
        raise click.UsageError("give the name of an Application in a cluster, or --application and --project, not both")
    # They load the Kubernetes client and pydantic, which files do not need.
    from observability.cli import lookup  # noqa: PLC0415
    from observability.settings import load  # noqa: PLC0415

    config = cluster["config"]
    flags = {"--kubeconfig": cluster["kubeconfig"], "--context": cluster["context"]}
    found = lookup.find(name, load(config if isinstance(config, Path) else None, flags=flags))
    return Question(found.application, found.calendar.candidates(found.application))


def _from_files(application: str | None, projects: Sequence[str]) -> Question:
    if application is None or not projects:
        raise click.UsageError("give the name of an Application in a cluster, or both --application and --project")
    found, given = manifests.read(application, projects)
    return Question(found, tuple(window for project in given for window in project.windows))


def _nanoseconds(text: str) -> int:
    """An instant as in RFC 3339, in nanoseconds since the epoch; digits beyond are dropped."""
    try:
        match = _RFC_3339.fullmatch(text)
        moment = datetime.fromisoformat((match["to_second"] + match["offset"]).upper()) if match else None
    except ValueError:
        match = moment = None
    if match is None or moment is None or moment.year > _LAST_YEAR:
        raise SettingsError("--at", "", f"expected RFC 3339 such as 2026-03-29T02:30:00Z, got {json.dumps(text)}")
    return (moment - _EPOCH) // timedelta(seconds=1) * _SECOND + int((match["fraction"] or "")[:9].ljust(9, "0"))


def _instant(at: int | None) -> str | None:
    """Nanoseconds since the epoch in UTC, with as many digits of a fraction as it needs."""
    if at is None:
        return None
    seconds, fraction = divmod(at, _SECOND)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return f"{rfc_3339(seconds, 0)[:-1]}{digits}Z"


def _document(answer: Answer) -> dict[str, object]:
    verdict = answer.verdict
    return {
        "active": list(answer.active),
        "canSyncAuto": verdict.can_sync_auto,
        "canSyncManual": verdict.can_sync_manual,
        "nextChange": {
            "automated": _instant(answer.automated_changes_at),
            "manual": _instant(answer.manual_changes_at),
        },
        "error": verdict.error,
    }


def _table(question: Question, answer: Answer) -> str:
    verdict = answer.verdict
    lines = tables.aligned((_HEADINGS, *_rows(question, answer))) if question.windows else ["no sync windows"]
    lines += [
        "",
        f"automated sync: {_sentence(verdict.can_sync_auto, answer.automated_changes_at, verdict.error)}",
        f"manual sync:    {_sentence(verdict.can_sync_manual, answer.manual_changes_at, verdict.error)}",
    ]
    return "\n".join(lines)


def _rows(question: Question, answer: Answer) -> Iterator[Sequence[str]]:
    for index, window in enumerate(question.windows):
        active = windows.active(window, answer.at)
        yield (
            str(index),
            window.kind,
            window.schedule,
            window.duration,
            window.time_zone or "UTC",
            "yes" if index in answer.assigned else "no",
            "invalid" if active is None else "yes" if active else "no",
        )


def _sentence(may: bool, changes_at: int | None, error: str | None) -> str:
    if error is not None:
        return f"denied, because a window is invalid: {tables.plain(error)}"
    until = "no change within 35 days" if changes_at is None else f"until {_instant(changes_at)}"
    return f"{'allowed' if may else 'denied'}, {until}"
