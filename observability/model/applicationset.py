"""An Argo CD ApplicationSet, reduced to what signals need.

Source: argo-cd pkg/apis/application/v1alpha1/applicationset_types.go (3.6-dev).
"""

from collections.abc import Mapping

from msgspec import Struct

from observability.model.application import Key
from observability.model.engines import ARGOCD


class SetCondition(Struct, frozen=True):
    """An entry of `status.conditions`. `status` is `True`, `False` or `Unknown`."""

    type: str
    status: str = ""
    reason: str = ""
    message: str = ""
    since: float | None = None


class Step(Struct, frozen=True):
    """An entry of `status.applicationStatus` of a progressive sync: an Application at a step, the first being 1."""

    application: str
    step: int
    status: str = ""
    since: float | None = None


class ApplicationSet(Struct, frozen=True, kw_only=True):
    """The facts of one ApplicationSet at one resourceVersion."""

    namespace: str
    name: str
    engine: str = ARGOCD
    """The name of the engine that keeps it."""
    uid: str = ""
    resource_version: str = ""
    labels: Mapping[str, str] = {}
    generators: tuple[str, ...] = ()
    """The kinds of generators, such as `list` or `git`, in order."""
    strategy: str = ""
    """`spec.strategy.type`; empty is AllAtOnce."""
    conditions: tuple[SetCondition, ...] = ()
    applications: int = 0
    """`status.resourcesCount`, else the length of `status.resources`."""
    steps: tuple[Step, ...] = ()

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return Key(self.namespace, self.name)
