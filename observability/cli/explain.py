"""The verb `explain`: what the exporter believes of an Application, and why."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from observability.cli import manifests, tables
from observability.model.application import Application, Target
from observability.model.applicationset import ApplicationSet
from observability.model.state import Memory, WindowVerdict
from observability.model.status import Policy, SyncStatus
from observability.state import memory as memories
from observability.state.causes import CAUSES

if TYPE_CHECKING:
    from observability.settings import Settings
    from observability.state.calendar import Calendar

_REASONS: Final = {
    "deleting": "it is being deleted",
    "stale_verdict": "the verdict is about another source than the spec has now",
    "never_deployed": "it has no history and was never Synced",
    "rolled_back": "the newest deployment repeats an older one and is behind Git",
    "pending_source_change": "another source is desired than was deployed",
    "pending_revision": "another revision is desired than was deployed: a commit waits",
    "prune_pending": "only resources that wait to be pruned are OutOfSync",
    "unconverged": "it was not Synced since the newest deployment",
    "live_drift": "desired is what was deployed: the cluster was changed by hand",
}


_JUDGED: Final = {Policy.FOUR_EYES: "not judged: who wrote a commit is not in the Kubernetes API"}


class Explained(NamedTuple):
    """What is believed, and what for."""

    application: Application
    memory: Memory
    rows: tuple[tuple[str, bool], ...]
    """The rows of the table of causes, and whether each holds. Empty unless OutOfSync."""
    policies: tuple[tuple[Policy, str, bool], ...]
    """What the environment says to each policy, and whether it is violated."""
    windows: WindowVerdict


@click.command(
    epilog="""\b
Examples:
  gitops-obs explain shop-prod                    in namespace argocd of the current context
  gitops-obs explain teams/shop-prod --context prod
  gitops-obs explain argocd/shop-prod -o json
  gitops-obs explain --application app.yaml --project project.yaml
\b
It looks at the object once: what only a running exporter has seen is not known here.
Exit codes: 0 answered, 2 bad input, 3 cannot reach the cluster.
""",
)
@click.argument("name", required=False, metavar="[[NAMESPACE/]NAME]")
@click.option("--application", metavar="FILE", help="The Application, YAML or JSON; - is stdin.  [from the cluster]")
@click.option("--project", "projects", multiple=True, metavar="FILE", help="Its AppProject.  [from the cluster]")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings: environments, policies …")
@click.option("--kubeconfig", metavar="FILE", help="How to reach the cluster.  [inside a cluster: its service account]")
@click.option("--context", metavar="NAME", help="A context of the kubeconfig.  [its current one]")
def command(
    *,
    name: str | None,
    application: str | None,
    projects: tuple[str, ...],
    output: str,
    config: Path | None,
    kubeconfig: str | None,
    context: str | None,
) -> None:
    """What does the exporter believe of this Application, and why?

    The cause with the facts and the row of the table that decided, policies, and sync windows.
    """
    # These load pydantic, which --help need not wait for.
    from observability.settings import load  # noqa: PLC0415
    from observability.state.calendar import Calendar  # noqa: PLC0415

    settings = load(config, flags={"--kubeconfig": kubeconfig, "--context": context})
    owner: ApplicationSet | None = None
    if name is not None:
        if application is not None or projects:
            raise click.UsageError("give the name of an Application in a cluster, or --application and --project")
        from observability.cli import lookup  # noqa: PLC0415 - it loads the Kubernetes client, which files do not need

        found, owner, calendar = lookup.find(name, settings)
    elif application is None:
        raise click.UsageError("give the name of an Application in a cluster, or --application")
    else:
        found = manifests.application(application)
        calendar = Calendar(settings.argocd.global_projects)
        for file in projects:
            calendar.put(manifests.project(file))
    now = time.time()  # noqa: TID251 - a command answers for now
    explained = explain(found, owner, calendar, settings, now)
    click.echo(json.dumps(_document(explained), indent=2) if output == "json" else "\n".join(_lines(explained)))


def explain(
    application: Application, owner: ApplicationSet | None, calendar: "Calendar", settings: "Settings", now: float
) -> Explained:
    """What an exporter with these settings believes at `now` that has just started."""
    from observability.state import policies  # noqa: PLC0415 - pydantic again
    from observability.state.identity import Identification  # noqa: PLC0415

    identification = Identification(settings.identity, settings.environments)
    identity = identification.identify(application, owner, calendar.project_of(application))
    memory = memories.first(application, identity, now, settings.state.settle_seconds, born=False)
    rows = tuple((str(name), holds(application, memory)) for name, holds in CAUSES)
    requirements = next((one.policies for one in settings.environments if one.name == identity.environment), {})
    violated = policies.violations(application, memory, policies.demands(requirements))
    return Explained(
        application,
        memory,
        rows if application.sync is SyncStatus.OUT_OF_SYNC else (),
        tuple((policy, str(requirement), policy in violated) for policy, requirement in requirements.items()),
        calendar.assign(application).at(now),
    )


def _document(explained: Explained) -> dict[str, Any]:
    app, memory, windows = explained.application, explained.memory, explained.windows
    return {
        "identity": memory.identity._asdict(),
        "sync": {
            "status": app.sync,
            "cause": memory.cause,
            "because": _REASONS.get(memory.cause or ""),
            "desired": _target(app.desired),
            "deployed": _target(memory.deployed),
            "specIsDesired": not app.is_stale,
            "operation": app.operation.phase if app.operation else None,
            "tests": dict(explained.rows),
        },
        "health": {"status": app.health, "since": _instant(memory.health_since)},
        "policies": {
            policy: {"requirement": requirement, "violated": violated}
            for policy, requirement, violated in explained.policies
        },
        "windows": {
            "active": list(windows.active),
            "canSyncAuto": windows.can_sync_auto,
            "canSyncManual": windows.can_sync_manual,
            "error": windows.error,
        },
    }


def _lines(explained: Explained) -> Iterator[str]:
    app, memory, windows = explained.application, explained.memory, explained.windows
    identity = memory.identity
    yield f"{tables.plain(app.name)} in namespace {tables.plain(app.namespace)}"
    yield from tables.aligned(
        (
            ("environment", identity.environment),
            ("service", identity.service),
            ("project", identity.project),
            ("sync", app.sync),
            ("health", f"{app.health} since {_instant(memory.health_since)}"),
            ("operation", _operation(app)),
            ("desired", _shown(app.desired)),
            ("deployed", "nothing" if memory.deployed is None else _shown(memory.deployed)),
        )
    )
    yield ""
    yield from _cause(explained)
    yield ""
    yield from _policies(explained)
    yield ""
    yield f"automated sync may {'start' if windows.can_sync_auto else 'not start'} now"
    yield f"manual sync may {'start' if windows.can_sync_manual else 'not start'} now"
    if windows.error is not None:
        yield f"a sync window is invalid: {tables.plain(windows.error)}"


def _cause(explained: Explained) -> Iterator[str]:
    memory = explained.memory
    if not explained.rows:
        yield "It is not OutOfSync: no cause."
        return
    yield f"cause: {memory.cause or 'not judged yet: an operation has just ended'}"
    rows: list[tuple[str, ...]] = []
    for name, holds in explained.rows:
        decided = name == memory.cause
        rows.append(("->" if decided else "  ", name, "yes" if holds else "no", _REASONS[name] if decided else ""))
        if decided:
            break
    yield from tables.aligned(rows)


def _policies(explained: Explained) -> Iterator[str]:
    asked = [(policy, word, violated) for policy, word, violated in explained.policies if word != "ignored"]
    if not asked:
        yield "no policies for this environment"
        return
    yield "policies"
    yield from tables.aligned(
        [
            ("  " + policy, word, _JUDGED.get(policy, "VIOLATED" if violated else "ok"))
            for policy, word, violated in asked
        ]
    )


def _operation(app: Application) -> str:
    if app.operation is None or app.operation.phase is None:
        return "none"
    ended_at = app.operation.finished_at
    return f"{app.operation.phase}{'' if ended_at is None else f' at {_instant(ended_at)}'}"


def _target(target: Target | None) -> dict[str, Any] | None:
    return None if target is None else {"revisions": list(target.revisions), "sources": f"{target.sources:016x}"}


def _shown(target: Target) -> str:
    revisions = ", ".join(target.revisions) or "no revision"
    return f"{revisions} of sources {target.sources:016x}"


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
