"""What of the catalogue is served under given settings, and the identity labels in front of it. Pure."""

from collections.abc import Callable
from typing import Any, Final

from observability.delivery.exposition import Exposed
from observability.model.observation import Kind
from observability.model.state import ApplicationSetState, ApplicationState, Identity, ProjectState
from observability.model.tally import Tally
from observability.settings import Cluster, Exposition
from observability.signals.aggregates import AGGREGATE_METRICS
from observability.signals.applications import APPLICATION_METRICS, IMAGES, REVISION_INFO, application_labels
from observability.signals.catalogue import Metric
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.promotions import PROMOTION_METRICS, promotion_labels

TALLIES: Final = "tallies"
"""The kind of what is counted by group, for `Exposition.reflect`."""
PROMOTIONS: Final = "promotions"
"""The same of what waits between two environments."""


def exposed(settings: Exposition, cluster: Cluster) -> tuple[Exposed[Any], ...]:
    """The kinds, with what is served of each: what is always there, and what the settings ask for."""
    front = in_front(cluster)
    optional: list[Metric[ApplicationState]] = []
    if settings.application_labels:
        optional.append(application_labels(settings.application_labels))
    if settings.images:
        optional.append(IMAGES)
    if settings.revisions:
        optional.append(REVISION_INFO)
    return (
        Exposed(
            kind=Kind.APPLICATION, identity=_in_front(front, _application), metrics=(*APPLICATION_METRICS, *optional)
        ),
        Exposed(kind=Kind.APPLICATIONSET, identity=_in_front(front, _applicationset), metrics=APPLICATIONSET_METRICS),
        Exposed(kind=Kind.PROJECT, identity=_in_front(front, _project), metrics=PROJECT_METRICS),
        Exposed(kind=TALLIES, identity=_in_front(front, _tally), metrics=AGGREGATE_METRICS),
        Exposed(kind=PROMOTIONS, identity=_in_front(front, promotion_labels), metrics=PROMOTION_METRICS),
    )


_Labels = tuple[tuple[str, str], ...]


def in_front(cluster: Cluster) -> _Labels:
    """The labels that every series begins with, those about the exporter itself too: rules join both by `cluster`."""
    return (("cluster", cluster.name),) if cluster.label and cluster.name is not None else ()


def _in_front(front: _Labels, identity: Callable[[Any], _Labels]) -> Callable[[Any], _Labels]:
    return lambda state: front + identity(state)


def _application(state: ApplicationState) -> _Labels:
    return tuple(zip(Identity._fields, state.identity, strict=True))


def _applicationset(state: ApplicationSetState) -> _Labels:
    facts = state.facts
    return ("engine", facts.engine), ("applicationset_namespace", facts.namespace), ("applicationset", facts.name)


def _project(state: ProjectState) -> _Labels:
    facts = state.facts
    return ("engine", facts.engine), ("project_namespace", facts.namespace), ("project", facts.name)


def _tally(tally: Tally) -> _Labels:
    return tally.group.labels
