"""What is served under given settings, and the identity in front of it."""

from typing import Any

import pytest

from observability.app.exposed import PROMOTIONS, TALLIES, exposed
from observability.delivery.exposition import Exposed
from observability.model.observation import Kind
from observability.model.promotion import Pair, PromotionKey, PromotionState
from observability.model.state import ApplicationSetState, ProjectState
from observability.model.tally import Group, Tally
from observability.settings import Cluster, Exposition
from observability.signals.aggregates import AGGREGATE_METRICS
from observability.signals.applications import APPLICATION_METRICS
from observability.signals.catalogue import Distribution, Metric
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.metrics import METRICS
from observability.signals.promotions import PROMOTION_METRICS
from tests.builders import applicationset, project, state

APPLICATION = (
    ("engine", "argocd"),
    ("application_namespace", "argocd"),
    ("application", "shop-prod"),
    ("project", "shop"),
    ("environment", "prod"),
    ("service", "shop"),
)


def by_kind(exposition: Exposition | None = None, cluster: Cluster | None = None) -> dict[str, Exposed[Any]]:
    return {one.kind: one for one in exposed(exposition or Exposition(), cluster or Cluster())}


def optional(**settings: Any) -> list[str]:
    """The families of Applications that are not always there."""
    metrics = by_kind(Exposition(**settings))[Kind.APPLICATION].metrics
    return [one.name for one in metrics if one not in APPLICATION_METRICS]


def test_each_kind_is_exposed_with_its_families() -> None:
    kinds = by_kind()
    assert list(kinds) == [Kind.APPLICATION, Kind.APPLICATIONSET, Kind.PROJECT, TALLIES, PROMOTIONS]
    assert tuple(kinds[Kind.APPLICATION].metrics) == APPLICATION_METRICS
    assert tuple(kinds[Kind.APPLICATIONSET].metrics) == APPLICATIONSET_METRICS
    assert tuple(kinds[Kind.PROJECT].metrics) == PROJECT_METRICS
    assert tuple(kinds[TALLIES].metrics) == AGGREGATE_METRICS
    assert tuple(kinds[PROMOTIONS].metrics) == PROMOTION_METRICS


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"images": True}, ["gitops_application_image"]),
        ({"revisions": True}, ["gitops_application_revision_info"]),
        ({"application_labels": ("team",)}, ["gitops_application_labels"]),
        (
            {"images": True, "revisions": True, "application_labels": ("team", "env")},
            ["gitops_application_labels", "gitops_application_image", "gitops_application_revision_info"],
        ),
    ],
)
def test_what_a_user_switches_on(settings: dict[str, Any], expected: list[str]) -> None:
    assert optional(**settings) == expected


def test_everything_switched_on_is_the_whole_catalogue() -> None:
    kinds = by_kind(Exposition(images=True, revisions=True, application_labels=("team",)))
    served = {metric.name for one in kinds.values() for metric in one.metrics}
    assert served == {one.name for one in METRICS if isinstance(one, Metric | Distribution)}


def test_the_identity_of_each_kind() -> None:
    kinds = by_kind()
    assert tuple(kinds[Kind.APPLICATION].identity(state())) == APPLICATION
    assert tuple(kinds[Kind.APPLICATIONSET].identity(ApplicationSetState(applicationset("shops")))) == (
        ("engine", "argocd"),
        ("applicationset_namespace", "argocd"),
        ("applicationset", "shops"),
    )
    assert tuple(kinds[Kind.PROJECT].identity(ProjectState(project("shop")))) == (
        ("engine", "argocd"),
        ("project_namespace", "argocd"),
        ("project", "shop"),
    )
    assert tuple(kinds[TALLIES].identity(Tally(Group("prod", "shop", "cart")))) == (
        ("engine", "argocd"),
        ("environment", "prod"),
        ("project", "shop"),
        ("service", "cart"),
    )


def test_the_cluster_comes_first_when_it_is_asked_for() -> None:
    assert tuple(by_kind(None, Cluster(name="eu-1"))[Kind.APPLICATION].identity(state())) == APPLICATION
    kinds = by_kind(None, Cluster(name="eu-1", label=True))
    assert tuple(kinds[Kind.APPLICATION].identity(state())) == (("cluster", "eu-1"), *APPLICATION)
    assert next(iter(kinds[Kind.PROJECT].identity(ProjectState(project("shop"))))) == ("cluster", "eu-1")


def test_no_family_repeats_a_label_of_the_identity() -> None:
    subjects = {
        Kind.APPLICATION: state(),
        Kind.APPLICATIONSET: ApplicationSetState(applicationset()),
        Kind.PROJECT: ProjectState(project("shop")),
        TALLIES: Tally(Group("prod", "shop", "shop")),
        PROMOTIONS: PromotionState(Pair("argocd", "shop", "shop", "dev", "prod"), PromotionKey.REVISION),
    }
    kinds = by_kind(Exposition(images=True, revisions=True), Cluster(name="a", label=True))
    for kind, one in kinds.items():
        identity = {label for label, _ in one.identity(subjects[kind])}
        assert [metric.name for metric in one.metrics if identity & set(metric.labels)] == []
