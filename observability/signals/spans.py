"""The spans that there are, as rows. Pure."""

from typing import Final

from msgspec import Struct

from observability.model.event import SpanKind
from observability.signals.catalogue import Stability

MOST_CHILDREN: Final = 500
"""So many children a sync has at most."""


class SpanRow(Struct, frozen=True, kw_only=True):
    """A span: `name` with what is told in braces, all `attributes` that it may carry; what is not known is left out."""

    name: str
    help: str
    kind: SpanKind
    parent: str | None
    """The name of the row of its parent; None: it is the root of its trace."""
    attributes: tuple[str, ...]
    stability: Stability = Stability.EXPERIMENTAL

    def named(self, **words: str) -> str:
        """The name of such a span."""
        return self.name.format(**words)


_OF_A_SERVICE: Final = ("gitops.engine", "gitops.project", "gitops.service", "service.name", "k8s.cluster.name")
_OF_AN_ENVIRONMENT: Final = ("gitops.environment", "deployment.environment.name")
_OF_A_RUN: Final = ("cicd.pipeline.name", "cicd.pipeline.action.name", "cicd.pipeline.run.id", "cicd.pipeline.result")
_OF_A_TASK: Final = (
    "cicd.pipeline.task.name",
    "cicd.pipeline.task.run.id",
    "cicd.pipeline.task.run.result",
    "cicd.pipeline.task.type",
    "error.type",
)

SYNC: Final = SpanRow(
    name="SYNC {application}",
    help="A sync ended, from when it began until then. A dry run has none, nor has one that ended before the exporter "
    "came. The status is an error unless it succeeded.",
    kind=SpanKind.SERVER,
    parent=None,
    attributes=(
        *_OF_A_SERVICE,
        *_OF_AN_ENVIRONMENT,
        "gitops.application.name",
        "gitops.application.namespace",
        "gitops.application.uid",
        "k8s.namespace.name",
        *_OF_A_RUN,
        "gitops.sync.kind",
        "gitops.sync.retries",
        "gitops.sync.queue_seconds",
        "gitops.sync.duration_seconds",
        "gitops.sync.resources_left_out",
        "gitops.initiator.kind",
        "gitops.initiator.name",
        "gitops.revision",
        "vcs.ref.head.revision",
        "vcs.repository.url.full",
        "error.type",
    ),
)
RESOURCE: Final = SpanRow(
    name="{kind} {name}",
    help="A resource or hook of that sync. Argo CD does not record when it worked on each: the times are those of the "
    f"sync. {MOST_CHILDREN} a sync at most; `gitops.sync.resources_left_out` counts the others.",
    kind=SpanKind.INTERNAL,
    parent=SYNC.name,
    attributes=(
        *_OF_A_TASK,
        "gitops.resource.group",
        "gitops.resource.kind",
        "gitops.resource.name",
        "gitops.resource.namespace",
        "gitops.resource.status",
        "gitops.resource.phase",
        "gitops.hook.type",
        "gitops.hook.phase",
    ),
)
PROMOTE: Final = SpanRow(
    name="PROMOTE {service}",
    help="What travelled, a revision or images, came to the last environment, or was superseded before: the whole "
    "journey, from when the first environment began to deploy it.",
    kind=SpanKind.SERVER,
    parent=None,
    attributes=(
        *_OF_A_SERVICE,
        *_OF_A_RUN,
        "gitops.promotion.key",
        "gitops.promotion.value",
        "gitops.promotion.environments",
        "gitops.promotion.superseded",
    ),
)
DELIVER: Final = SpanRow(
    name="DELIVER {environment}",
    help="What travels was deployed to one environment and is Healthy there, failed, or was overtaken "
    "(`cancellation`). Links to the syncs that brought it.",
    kind=SpanKind.INTERNAL,
    parent=PROMOTE.name,
    attributes=(
        *_OF_A_SERVICE,
        *_OF_AN_ENVIRONMENT,
        *_OF_A_RUN[:-1],
        *_OF_A_TASK,
        "gitops.promotion.key",
        "gitops.promotion.value",
        "gitops.revision",
        "vcs.ref.head.revision",
        "gitops.images",
    ),
)

SPANS: Final = (SYNC, RESOURCE, PROMOTE, DELIVER)
"""All of them, parents before children."""
