"""The report `audit`: who deployed what, when, from which commit, and approved how. Pure."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from observability.model.application import Key
from observability.model.commit import Commit
from observability.model.event import Event
from observability.model.status import Policy
from observability.reports import instants, table
from observability.reports.facts import application, flag, text, words
from observability.reports.selection import Selection
from observability.reports.table import Column, Table, revision, second, tabulate

UNKNOWN: Final = "unknown"
"""Nothing told it."""
MISSING: Final = "missing"
"""Nobody told who wrote the commit, or what: an event of it has `gitops.commit.missing`."""

_SHORT: Final = 112
"""Characters of a reason in a table; all other formats have the whole of it."""
_WITH_CONTENT: Final = {"auto", "manual", "rollback"}
"""Kinds of sync that deploy all of what Git says: a success of theirs without a deployment changed nothing."""


class Sync(Struct, kw_only=True):
    """A sync that ended. Filled while the events are read, in their order; `at` in seconds since the epoch."""

    application: Key
    environment: str
    service: str
    project: str
    at: float
    observed_at: float
    kind: str = ""
    result: str = "success"
    error: str = ""
    reason: str = ""
    """What Argo CD said of a sync that failed."""
    initiator: str = ""
    initiator_kind: str = UNKNOWN
    deployed: bool = False
    """It changed what is deployed."""
    revision: str = ""
    previous_revision: str = ""
    images: tuple[str, ...] = ()
    author: str = MISSING
    message: str = MISSING
    rolled_back: str = ""
    """It went back to something older: `cluster`, against Git, or `git`, together with it. Empty: it did not."""
    outside_window: bool | None = None
    """A sync window forbade it. None: nothing was said."""
    four_eyes_violated: bool | None = None
    """Who synced also wrote the commit. None: nothing was said."""
    catch_up: bool = False
    """Rebuilt after a gap: nobody watched it happen."""
    run: str = ""

    @property
    def name(self) -> str:
        """The Application, `namespace/name`."""
        return "/".join(self.application)


class _Ledger:
    """The syncs so far, and what is needed to fill them."""

    def __init__(self) -> None:
        self.syncs: list[Sync] = []
        self.by_run: dict[tuple[Key, str], Sync] = {}
        self.latest: dict[Key, Sync] = {}
        self.deployed: dict[Key, Sync] = {}
        self.standing: set[Key] = set()
        """Their last sync was outside a window."""

    def sync(self, event: Event) -> Sync:
        """That of the event, which is noted now when it is new."""
        key, run = application(event), text(event, "cicd.pipeline.run.id")
        found = self.by_run.get((key, run or event.id))
        if found is None:
            found = self.by_run[key, run or event.id] = self.latest[key] = _begun(event, key, run)
            found.outside_window = True if key in self.standing else None
            self.syncs.append(found)
        return found


def _begun(event: Event, key: Key, run: str) -> Sync:
    return Sync(
        application=key,
        environment=text(event, "gitops.environment"),
        service=text(event, "gitops.service"),
        project=text(event, "gitops.project"),
        at=event.at,
        observed_at=event.observed_at,
        catch_up=flag(event, "gitops.catch_up"),
        run=run,
    )


def _fill(sync: Sync, event: Event) -> None:
    """What both the end of a sync and a deployment tell."""
    for field, attribute in _TOLD.items():
        setattr(sync, field, text(event, attribute) or getattr(sync, field))


_TOLD: Final[Mapping[str, str]] = {
    "kind": "gitops.sync.kind",
    "initiator": "gitops.initiator.name",
    "initiator_kind": "gitops.initiator.kind",
    "revision": "gitops.revision",
    "previous_revision": "gitops.previous_revision",
    "author": "gitops.commit.author.name",
    "message": "gitops.commit.message",
}


def _finished(ledger: _Ledger, event: Event) -> None:
    if flag(event, "gitops.sync.dry_run"):
        return
    sync = ledger.sync(event)
    _fill(sync, event)
    sync.at, sync.observed_at = event.at, event.observed_at
    sync.result = text(event, "cicd.pipeline.result") or UNKNOWN
    sync.error = text(event, "error.type")
    sync.reason = text(event, "gitops.sync.message")


def _deployed(ledger: _Ledger, event: Event) -> None:
    sync = ledger.sync(event)
    _fill(sync, event)
    sync.deployed = True
    sync.images = words(event, "gitops.images")
    ledger.deployed[sync.application] = sync
    _four_eyes(sync, event)


def _four_eyes(sync: Sync, event: Event) -> None:
    told = event.attributes.get("gitops.four_eyes")
    if isinstance(told, bool):
        sync.four_eyes_violated = not told


def _healthy(ledger: _Ledger, event: Event) -> None:
    """It comes late enough to know the commit, and the images."""
    deployed = ledger.deployed.get(application(event))
    if deployed is not None and deployed.revision == text(event, "gitops.revision"):
        _four_eyes(deployed, event)
    sync = ledger.latest.get(application(event))
    if sync is not None and sync.revision == text(event, "gitops.revision"):
        sync.author = text(event, "gitops.commit.author.name") or sync.author
        sync.message = text(event, "gitops.commit.message") or sync.message
        sync.images = sync.images or words(event, "gitops.images")


def _rolled_back(ledger: _Ledger, event: Event) -> None:
    sync = ledger.latest.get(application(event))
    if sync is not None:
        sync.rolled_back = text(event, "gitops.rollback.scope")


def _violated(ledger: _Ledger, event: Event) -> None:
    """That of four eyes may come long after the deployment that it is about, and other syncs in between."""
    key, policy = application(event), text(event, "gitops.policy")
    if policy == Policy.OUTSIDE_WINDOW:
        ledger.standing.add(key)
        if key in ledger.latest:
            ledger.latest[key].outside_window = True
    elif policy == Policy.FOUR_EYES and key in ledger.deployed:
        ledger.deployed[key].four_eyes_violated = True


def _restored(ledger: _Ledger, event: Event) -> None:
    """A sync inside a window ends the violation at once. That four eyes are not violated any more says nothing yet."""
    key, policy = application(event), text(event, "gitops.policy")
    if policy != Policy.OUTSIDE_WINDOW:
        return
    ledger.standing.discard(key)
    latest = ledger.latest.get(key)
    if latest is not None and latest.observed_at == event.observed_at:
        latest.outside_window = False


_FOLDS: Final[Mapping[str, Callable[[_Ledger, Event], None]]] = {
    "gitops.application.sync.finished": _finished,
    "gitops.application.deployed": _deployed,
    "gitops.application.healthy_after_deploy": _healthy,
    "gitops.application.rolled_back": _rolled_back,
    "gitops.application.policy.violated": _violated,
    "gitops.application.policy.restored": _restored,
}

NAMES: Final = tuple(_FOLDS)
"""The events that it reads."""


def _by(sync: Sync) -> str:
    return sync.initiator or (sync.initiator_kind if sync.initiator_kind != "automated" else "Argo CD")


def _application(sync: Sync) -> str:
    return table.application(sync.application)


def _before(sync: Sync) -> str:
    return revision(sync.previous_revision)


def remarks(sync: Sync) -> tuple[str, ...]:
    """What an auditor would want pointed out, in words."""
    said = (
        (sync.error if sync.error != sync.result else "", True),
        ("no new content", not sync.deployed and sync.result == "success" and sync.kind in _WITH_CONTENT),
        (f"rolled back in {sync.rolled_back}", bool(sync.rolled_back)),
        ("outside window", sync.outside_window),
        ("four eyes violated", sync.four_eyes_violated),
        ("seen after a gap", sync.catch_up),
    )
    return tuple(words for words, holds in said if words and holds)


COLUMNS: Final[tuple[Column[Sync], ...]] = (
    Column("time", lambda sync: instants.rfc_3339(sync.at), "TIME", lambda sync: second(sync.at)),
    Column("application", lambda sync: sync.name, "APPLICATION", _application, 24),
    Column("environment", lambda sync: sync.environment, "ENV", narrowest=8),
    Column("service", lambda sync: sync.service),
    Column("project", lambda sync: sync.project),
    Column("revision", lambda sync: sync.revision, "REVISION", lambda sync: revision(sync.revision), 10),
    Column("previous_revision", lambda sync: sync.previous_revision, "BEFORE", _before, wide=True),
    Column("sync_kind", lambda sync: sync.kind, "SYNC"),
    Column("result", lambda sync: sync.result, "RESULT"),
    Column("error", lambda sync: sync.error),
    Column("reason", lambda sync: sync.reason, "REASON", wide=True),
    Column("deployed", lambda sync: sync.deployed),
    Column("initiator", lambda sync: sync.initiator, "BY", _by, 12),
    Column("initiator_kind", lambda sync: sync.initiator_kind),
    Column("commit_author", lambda sync: sync.author, "COMMIT BY", wide=True),
    Column("commit_message", lambda sync: sync.message, "COMMIT", wide=True),
    Column("images", lambda sync: sync.images, "IMAGES", wide=True),
    Column("outside_window", lambda sync: sync.outside_window),
    Column("four_eyes_violated", lambda sync: sync.four_eyes_violated),
    Column("rolled_back", lambda sync: sync.rolled_back),
    Column("catch_up", lambda sync: sync.catch_up),
    Column("remarks", remarks, "REMARKS", wide=True),
    Column("run", lambda sync: sync.run),
)


def _details(sync: Sync) -> Iterable[str]:
    if pointed_out := remarks(sync):
        yield ", ".join(pointed_out)
    if sync.reason:
        # Before it Argo CD only says that something failed.
        said = sync.reason.partition(", reason: ")[2] or sync.reason
        yield said if len(said) <= _SHORT else f"{said[: _SHORT - 1]}…"
    if sync.author != MISSING:
        yield f"commit by {sync.author}" + (f": {sync.message}" if sync.message != MISSING else "")


def syncs(events: Iterable[Event], commits: Mapping[str, Commit] = MappingProxyType({})) -> list[Sync]:
    """Every sync that ended, in the order of the journal.

    `commits`, by their hashes, tell what the events do not: they do not wait for it.
    """
    ledger = _Ledger()
    for event in events:
        fold = _FOLDS.get(event.name)
        if fold is not None:
            fold(ledger, event)
    for sync in ledger.syncs:
        commit = next((commits[one] for one in sync.revision.split(",") if one in commits), None)
        if commit is not None:
            sync.author = commit.author_name or MISSING if sync.author == MISSING else sync.author
            sync.message = commit.message or MISSING if sync.message == MISSING else sync.message
    return ledger.syncs


def report(
    events: Iterable[Event],
    selection: Selection,
    limit: int | None = None,
    commits: Mapping[str, Commit] = MappingProxyType({}),
) -> Table:
    """The syncs of the selection, oldest first; with `limit` only the newest so many. `commits`: see `syncs`."""
    found = sorted(
        (
            sync
            for sync in syncs(events, commits)
            if selection.holds(sync.at) and selection.admits(sync.name, sync.environment, sync.service)
        ),
        key=lambda sync: sync.at,
    )
    kept = found[max(len(found) - limit, 0) :] if limit is not None else found
    facts = {"syncs": len(found), "deployments": sum(sync.deployed for sync in found)}
    return tabulate(COLUMNS, kept, "no sync ended in this time", _notes(found, len(kept)), facts, _details)


def _notes(found: list[Sync], kept: int) -> Iterable[str]:
    deployed = sum(sync.deployed for sync in found)
    yield f"{_count(len(found), 'sync')}, {_count(deployed, 'deployment')}" + (
        f"; the newest {kept} are shown" if kept < len(found) else ""
    )
    missing = sum(sync.author == MISSING for sync in found)
    if missing:
        yield f"the commit's author is missing for {missing} of them"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
