"""Objects for tests: what a test does not care about is filled in."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from observability.model.application import (
    Application,
    Destination,
    HistoryEntry,
    Key,
    Operation,
    Source,
    Target,
)
from observability.model.applicationset import ApplicationSet
from observability.model.observation import Gone, Kind, Listed, Listing, Observation, Resource, Scope, Seen
from observability.model.project import Project, SyncWindow
from observability.model.state import ApplicationState, Identity, Memory, WindowVerdict
from observability.model.status import HealthStatus, Phase, SyncStatus

NOON: Final = 1_795_435_200.0
"""2026-11-23T12:00:00Z, a Monday."""
GIT: Final = 1
"""The digest of the sources that an Application of the tests has."""

APPLICATION_MANIFESTS: Final = (
    "application-behind",
    "application-multi-source",
    "application-local",
    "application-self-healing",
    "application-unreadable",
    "application-generated",
)
"""The Applications of tests/manifests."""

_MANIFESTS: Final = Path(__file__).parent / "manifests"


def manifest(name: str) -> dict[str, Any]:
    """A real object of tests/manifests."""
    document: dict[str, Any] = json.loads((_MANIFESTS / f"{name}.json").read_text())
    return document


def encoded(document: Any) -> bytes:
    """A document as the API server sends it."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def instant(text: str) -> float:
    """A time as Kubernetes writes it, in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def target(revision: str = "a", sources: int = GIT) -> Target:
    """One revision of one source."""
    return Target((revision,), sources)


def entry(number: int, revision: str, at: float = NOON, sources: int = GIT) -> HistoryEntry:
    """An entry of the history: what `revision` deployed at `at`."""
    return HistoryEntry(number, target(revision, sources), deployed_at=at)


def operation(
    phase: Phase = Phase.SUCCEEDED, started: float = NOON, ended: float | None = None, **more: Any
) -> Operation:
    """An operation; one that ended did so a second after it started."""
    over = phase in (Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR)
    finished = ended if ended is not None else started + 1 if over else None
    return Operation(phase=phase, started_at=started, finished_at=finished, **more)


def application(name: str = "shop-prod", **facts: Any) -> Application:
    """An Application that is Synced and Healthy at revision `a`."""
    given = {
        "namespace": "argocd",
        "uid": f"uid of {name}",
        "project": "shop",
        "destination": Destination(server="https://kubernetes.default.svc", namespace="shop"),
        "sources": (Source("https://git.example.com/shop.git", path="deploy", target_revision="main"),),
        "sources_digest": GIT,
        "sync": SyncStatus.SYNCED,
        "desired": target("a"),
        "health": HealthStatus.HEALTHY,
        "health_since": NOON - 3600,
        **facts,
    }
    return Application(name=name, **given)


def identity(name: str = "shop-prod", environment: str = "prod", service: str = "shop") -> Identity:
    """The identity of `application(name)`."""
    return Identity("argocd", "argocd", name, "shop", environment, service)


def memory(**known: Any) -> Memory:
    """What is remembered of an Application that was deployed at revision `a` and settled since."""
    given = {
        "identity": identity(),
        "settled": target("a"),
        "settled_since_deployment": True,
        "deployed": target("a"),
        "deployed_id": 0,
        "deployed_at": NOON - 7200,
        **known,
    }
    return Memory(**given)


def state(app: Application | None = None, windows: WindowVerdict | None = None, **known: Any) -> ApplicationState:
    """An Application and what is remembered of it; `violations` may be among `known`."""
    violations = known.pop("violations", ())
    facts = app if app is not None else application()
    return ApplicationState(facts, memory(**known), windows if windows is not None else WindowVerdict(), violations)


def project(name: str = "shop", *windows: SyncWindow, namespace: str = "argocd", **facts: Any) -> Project:
    """An AppProject with these windows."""
    return Project(namespace=namespace, name=name, windows=windows, **{"uid": f"uid of {name}", **facts})


def window(kind: str = "deny", schedule: str = "* * * * *", duration: str = "1h", **more: Any) -> SyncWindow:
    """A sync window for all Applications; it is active always unless its schedule says otherwise."""
    return replace(SyncWindow(kind, schedule, duration, ("*",)), **more)


def applicationset(name: str = "shops", **facts: Any) -> ApplicationSet:
    """An ApplicationSet."""
    return ApplicationSet(namespace="argocd", name=name, **{"uid": f"uid of {name}", **facts})


def seen(resource: Resource, at: float = NOON) -> Seen:
    """The object was seen."""
    return Seen(resource, at)


def gone(resource: Resource, at: float = NOON) -> Gone:
    """The object was deleted."""
    kinds = {Application: Kind.APPLICATION, ApplicationSet: Kind.APPLICATIONSET, Project: Kind.PROJECT}
    return Gone(kinds[type(resource)], Key(resource.namespace, resource.name), resource.uid, at)


def listing(
    resources: Iterable[Resource] = (),
    at: float = NOON,
    scope: Scope = Scope(Kind.APPLICATION),  # noqa: B008 - frozen
    reason: str = "start",
) -> list[Observation]:
    """A whole list of one scope."""
    return [Listing(scope, reason), *(Seen(resource, at) for resource in resources), Listed(scope, "1", at)]
