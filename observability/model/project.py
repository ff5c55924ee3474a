"""An Argo CD AppProject, reduced to its identity and its sync windows.

Source: argo-cd pkg/apis/application/v1alpha1/types.go, type SyncWindow (3.6-dev).
"""

from collections.abc import Mapping

from msgspec import Struct

from observability.model.application import Key
from observability.model.engines import ARGOCD


class SyncWindow(Struct, frozen=True):
    """An entry of `spec.syncWindows`, literally. `kind` is `allow` or `deny`; Argo CD ignores other words."""

    kind: str = ""
    schedule: str = ""
    duration: str = ""
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: bool = False
    time_zone: str = ""
    and_operator: bool = False
    sync_overrun: bool = False
    description: str = ""


class Project(Struct, frozen=True, kw_only=True):
    """The facts of one AppProject at one resourceVersion."""

    namespace: str
    name: str
    engine: str = ARGOCD
    """The name of the engine that keeps it."""
    uid: str = ""
    resource_version: str = ""
    labels: Mapping[str, str] = {}
    windows: tuple[SyncWindow, ...] = ()

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return Key(self.namespace, self.name)
