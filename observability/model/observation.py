"""What sources tell the state: one object seen or gone, and where a list begins and ends.

Each observation belongs to a `scope`, one list and watch of its own: a kind in one namespace, or in all (namespace "").
Between `Listing` and `Listed` of a scope come all its objects; what is in memory and was not among them was deleted.
"""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from observability.model.application import Application, Key
from observability.model.applicationset import ApplicationSet
from observability.model.engines import ARGOCD
from observability.model.project import Project

Resource: TypeAlias = Application | ApplicationSet | Project


class Kind(StrEnum):
    """The kinds that are watched, as Kubernetes spells them."""

    APPLICATION = "Application"
    APPLICATIONSET = "ApplicationSet"
    PROJECT = "AppProject"


class Scope(Struct, frozen=True):
    """One list and watch: a kind of an engine, in one namespace or in all (empty)."""

    kind: Kind
    namespace: str = ""
    engine: str = ARGOCD

    @property
    def of(self) -> str:
        """What it is a list of, as it is saved: `Application`, of another engine than Argo CD `flux:Application`."""
        return self.kind.value if self.engine == ARGOCD else f"{self.engine}:{self.kind}"


def scope_of(of: str, namespace: str) -> Scope:
    """The scope of `Scope.of`. Raises ValueError: such a kind is not known."""
    engine, colon, kind = of.rpartition(":")
    return Scope(Kind(kind), namespace, engine if colon else ARGOCD)


class Seen(Struct, frozen=True, gc=False):
    """An object as it is now. `received_at` is when its line was read from the stream."""

    object: Resource
    received_at: float


class Compared(Struct, frozen=True, gc=False):
    """An Application was compared again at `reconciled_at`; nothing else of it is new since it was observed last."""

    scope: Scope
    key: Key
    resource_version: str
    reconciled_at: float
    received_at: float


class Gone(Struct, frozen=True, gc=False):
    """An object was deleted."""

    kind: Kind
    key: Key
    uid: str
    received_at: float


class Listing(Struct, frozen=True):
    """A list begins. `reason`: `start` until one was complete, `expired`, `outage` or `malformed` afterwards.

    `restored`: the server is at an older version than was known, its etcd was restored from a backup or begun anew.
    """

    scope: Scope
    reason: str


class Listed(Struct, frozen=True):
    """The list is complete: the scope is known as of `resource_version`."""

    scope: Scope
    resource_version: str
    received_at: float


class Alive(Struct, frozen=True):
    """A bookmark: nothing happened up to `resource_version`, and the stream lives."""

    scope: Scope
    resource_version: str
    received_at: float


class Unavailable(Struct, frozen=True):
    """The scope cannot be watched now. `reason`: `forbidden`, `not_found`, `unauthorized` or `unreachable`.

    Objects stay as last known; the source tries again by itself, and `Listing` or `Restarted` says that it could.
    """

    scope: Scope
    reason: str
    message: str


class Restarted(Struct, frozen=True):
    """A watch begins anew where the one before stopped, no list was needed.

    `reason` is why that one ended: `timeout` (as asked), `silence`, `closed`, `error` (cut off), `outage` (after
    `Unavailable`), or `resumed` for the first watch of a source that was told where to begin.
    """

    scope: Scope
    reason: str


class Malformed(Struct, frozen=True):
    """An object could not be read, or only in part.

    `key` as far as known. `path` is the wrong field; `skipped`: nothing of the object could be used.
    """

    scope: Scope
    key: Key
    path: str
    message: str
    skipped: bool


Observation: TypeAlias = Seen | Compared | Gone | Listing | Listed | Alive | Unavailable | Restarted | Malformed
