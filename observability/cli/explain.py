"""The verb `explain`: what the exporter believes of an Application, and why."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from observability.cli import manifests, tables
from observability.model.application import Application, Source, Target
from observability.model.applicationset import ApplicationSet
from observability.model.instants import rfc_3339
from observability.model.project import Project, SyncWindow
from observability.model.state import Memory, WindowVerdict
from observability.model.status import CAUSES_EXPLAINED, Cause, Policy, SyncStatus
from observability.state import memory as memories
from observability.state import windows
from observability.state.causes import CAUSES

if TYPE_CHECKING:
    from observability.settings import Settings

_NOT_JUDGED: Final = "who wrote a commit is not in the Kubernetes API"


class Question(NamedTuple):
    """An Application and what it is judged with; all but itself may be unknown."""

    application: Application
    owner: ApplicationSet | None
    project: Project | None
    windows: tuple[SyncWindow, ...] | None
    """Those that may hold for it: its project's, then those of global projects. None: no project is known."""


class Explained(NamedTuple):
    """What is believed, and what for."""

    application: Application
    memory: Memory
    rows: tuple[tuple[Cause, bool], ...]
    """The rows of the table of causes, and whether each holds. Empty unless OutOfSync."""
    policies: tuple[tuple[Policy, str, bool | None], ...]
    """What the environment says to each policy, and whether it is violated; None: that is not judged."""
    windows: WindowVerdict | None
    """None: its AppProject is not known."""
    active: tuple[int, ...]
    """Indexes of those of its windows that are active; those of global projects follow those of its own."""


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
@click.option(
    "--project",
    "projects",
    multiple=True,
    metavar="FILE",
    help="Its AppProject; repeat for global projects, whose windows follow.  [from the cluster]",
)
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
    from observability.settings import load  # noqa: PLC0415 - it loads pydantic, which --help need not wait for

    settings = load(config, flags={"--kubeconfig": kubeconfig, "--context": context})
    question = _from_files(application, projects) if name is None else _named(name, application, projects, settings)
    explained = explain(question, settings, time.time_ns())  # noqa: TID251 - a command answers for now
    click.echo(json.dumps(_document(explained), indent=2) if output == "json" else "\n".join(_lines(explained)))


def _named(name: str, application: str | None, projects: Sequence[str], settings: "Settings") -> Question:
    if application is not None or projects:
        raise click.UsageError("give the name of an Application in a cluster, or --application and --project")
    from observability.cli import lookup  # noqa: PLC0415 - it loads the Kubernetes client, which files do not need

    found, owner, calendar = lookup.find(name, settings)
    return Question(found, owner, calendar.project_of(found), calendar.candidates(found))


def _from_files(application: str | None, projects: Sequence[str]) -> Question:
    if application is None:
        raise click.UsageError("give the name of an Application in a cluster, or --application")
    found, given = manifests.read(application, projects)
    candidates = tuple(window for project in given for window in project.windows)
    return Question(found, None, given[0] if given else None, candidates if given else None)


def explain(question: Question, settings: "Settings", at: int) -> Explained:
    """What an exporter with these settings believes at `at`, in nanoseconds since the epoch, that has just started."""
    # These load pydantic, which --help need not wait for.
    from observability.state import policies  # noqa: PLC0415
    from observability.state.identity import Identification  # noqa: PLC0415

    application, candidates = question.application, question.windows
    identification = Identification(settings.identity, settings.environments)
    identity = identification.identify(application, question.owner, question.project)
    memory = memories.first(application, identity, at / 1e9, settings.state.settle_seconds, born=False)
    requirements = next((one.policies for one in settings.environments if one.name == identity.environment), {})
    judged = {policy for policy, fact in policies.POLICIES if fact(application, memory) is not None}
    violated = policies.violations(application, memory, policies.demands(requirements))
    return Explained(
        application,
        memory,
        tuple((name, holds(application, memory)) for name, holds in CAUSES)
        if application.sync is SyncStatus.OUT_OF_SYNC
        else (),
        tuple(
            (policy, str(requirement), policy in violated if policy in judged else None)
            for policy, requirement in requirements.items()
        ),
        *((None, ()) if candidates is None else _windows(application, candidates, at)),
    )


def _windows(
    application: Application, candidates: tuple[SyncWindow, ...], at: int
) -> tuple[WindowVerdict, tuple[int, ...]]:
    assigned = windows.matching(candidates, application.name, application.destination)
    return windows.verdict(candidates, assigned, at), windows.actives(candidates, assigned, at)


def _document(explained: Explained) -> dict[str, Any]:
    app, memory, verdict = explained.application, explained.memory, explained.windows
    return {
        "identity": memory.identity._asdict(),
        "sync": {
            "status": app.sync,
            "reconciledAt": _instant(app.reconciled_at),
            "cause": memory.cause,
            "because": None if memory.cause is None else CAUSES_EXPLAINED[memory.cause],
            "sources": [_source(source) for source in app.sources],
            "desired": _target(app, app.desired),
            "deployed": None if memory.deployed is None else _target(app, memory.deployed),
            "deployedAt": _instant(_deployed_at(app)),
            "operation": app.operation.phase if app.operation else None,
            "resources": app.resources,
            "outOfSyncResources": app.out_of_sync_resources,
            "allWaitToBePruned": app.prune_only,
            "tests": dict(explained.rows),
        },
        "health": {"status": app.health, "since": _instant(memory.health_since)},
        "policies": {
            policy: {"requirement": requirement, "violated": violated}
            | ({"why": f"not judged: {_NOT_JUDGED}"} if violated is None else {})
            for policy, requirement, violated in explained.policies
        },
        "windows": None
        if verdict is None
        else {
            "active": list(explained.active),
            "canSyncAuto": verdict.can_sync_auto,
            "canSyncManual": verdict.can_sync_manual,
            "error": verdict.error,
        },
    }


def _source(source: Source) -> dict[str, str]:
    """What is there of it, in the words of Argo CD."""
    names = ("repoURL", "path", "chart", "targetRevision")
    texts = (source.repository, source.path, source.chart, source.target_revision)
    return {name: text for name, text in zip(names, texts, strict=True) if text}


def _target(app: Application, target: Target) -> dict[str, Any]:
    return {"revisions": list(target.revisions), "ofSpecSources": _is_of_spec(app, target)}


def _is_of_spec(app: Application, target: Target) -> bool | None:
    """The target is of the sources that the spec has now, with all their parameters; None: of unknown ones."""
    return target.sources == app.sources_digest if target.sources else None


def _deployed_at(app: Application) -> float | None:
    return app.history[-1].deployed_at if app.history else None


def _instant(at: float | None) -> str | None:
    return None if at is None else rfc_3339(at // 1, 0)


def _lines(explained: Explained) -> Iterator[str]:
    app, memory = explained.application, explained.memory
    identity = memory.identity
    yield f"{tables.plain(app.name)} in namespace {tables.plain(app.namespace)}"
    yield from tables.aligned(
        (
            ("environment", identity.environment),
            ("service", identity.service),
            ("project", identity.project),
            ("health", f"{app.health} since {_instant(memory.health_since)}"),
            ("operation", _operation(app)),
            *(("source", _place(source)) for source in app.sources),
            ("desired", _shown(app, app.desired)),
            ("deployed", "nothing" if memory.deployed is None else _shown(app, memory.deployed, _deployed_at(app))),
            ("sync", f"{app.sync}{_when(', compared at', app.reconciled_at)}"),
            ("resources", _resources(app)),
        )
    )
    yield ""
    yield from _cause(explained)
    yield ""
    yield from _policies(explained)
    yield ""
    yield from _may(explained.windows)


def _place(source: Source) -> str:
    words = ("", "path ", "chart ", "at ")
    texts = (source.repository, source.path, source.chart, source.target_revision)
    return ", ".join(word + text for word, text in zip(words, texts, strict=True) if text)


def _shown(app: Application, target: Target, at: float | None = None) -> str:
    revisions = ", ".join(target.revisions) or "no revision"
    same = {True: " of these sources", False: " of other sources than the spec has now", None: ""}
    return f"{revisions}{same[_is_of_spec(app, target)]}{_when(', at', at)}"


def _when(words: str, at: float | None) -> str:
    return "" if at is None else f"{words} {_instant(at)}"


def _operation(app: Application) -> str:
    if app.operation is None or app.operation.phase is None:
        return "none"
    return f"{app.operation.phase}{_when(' at', app.operation.finished_at)}"


def _resources(app: Application) -> str:
    pruned = ", all of which wait to be pruned" if app.prune_only else ""
    return f"{app.out_of_sync_resources} of {app.resources} OutOfSync{pruned}"


def _cause(explained: Explained) -> Iterator[str]:
    cause = explained.memory.cause
    if not explained.rows:
        yield f"It is {explained.application.sync}: no cause."
        return
    if cause is None:
        yield "cause: not judged yet, an operation has just ended"
    else:
        yield f"cause: {cause}"
        yield f"  {CAUSES_EXPLAINED[cause]}"
    tried = [name for name, _ in explained.rows]
    until = tried.index(cause) + 1 if cause else len(tried)
    yield from tables.aligned(
        [("->" if name == cause else "  ", name, "yes" if holds else "no") for name, holds in explained.rows[:until]]
    )


def _policies(explained: Explained) -> Iterator[str]:
    asked = [(policy, word, violated) for policy, word, violated in explained.policies if word != "ignored"]
    if not asked:
        yield "no policies for this environment"
        return
    said = {True: "VIOLATED", False: "ok", None: f"not judged: {_NOT_JUDGED}"}
    yield "policies"
    yield from tables.aligned([("  " + policy, word, said[violated]) for policy, word, violated in asked])


def _may(verdict: WindowVerdict | None) -> Iterator[str]:
    if verdict is None:
        yield "windows: not known: no AppProject"
        return
    yield f"automated sync may {'start' if verdict.can_sync_auto else 'not start'} now"
    yield f"manual sync may {'start' if verdict.can_sync_manual else 'not start'} now"
    if verdict.error is not None:
        yield f"a sync window is invalid: {tables.plain(verdict.error)}"
