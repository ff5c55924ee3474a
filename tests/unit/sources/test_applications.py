"""From the JSON of Applications to the model: real ones, and ones that are made up."""

from typing import Any, Final

import pytest

from observability.model.application import (
    Application,
    Destination,
    HistoryEntry,
    Hydrator,
    Source,
    Target,
)
from observability.model.status import HealthStatus, Phase, SyncStatus
from observability.sources.applications import decode_application
from observability.sources.engine import Problems
from tests.builders import encoded, instant, manifest

MINIMAL: Final[dict[str, Any]] = {"metadata": {"name": "shop-prod"}}


def application(document: Any) -> tuple[Application, Problems]:
    """The facts, and what could not be read."""
    problems: Problems = []
    return decode_application(encoded(document), problems), problems


def real(name: str) -> Application:
    facts, problems = application(manifest(f"application-{name}"))
    assert problems == []
    return facts


def minimal(**fields: Any) -> tuple[Application, Problems]:
    """An Application with a name, and these fields."""
    return application({**MINIMAL, **fields})


def test_an_application_that_is_behind_git() -> None:
    app = real("behind")
    assert (app.namespace, app.name, app.project) == ("argocd", "checkout-prod", "checkout")
    assert (app.uid, app.resource_version) == ("3dddbcef-5b28-4fe7-9a9b-9dc411c16a0c", "6315")
    assert app.created_at == instant("2026-11-23T07:28:40Z")
    assert app.labels == {"env": "prod", "team": "checkout"}
    assert app.destination == Destination("https://kubernetes.default.svc", "", "checkout-prod")
    assert app.sources == (Source("http://git.example.com/checkout.git", "envs/prod", "", "main"),)
    assert (app.sync, app.health) == (SyncStatus.OUT_OF_SYNC, HealthStatus.HEALTHY)
    assert app.health_since == instant("2026-11-23T07:33:33Z")
    assert (app.automated, app.self_heal, app.prune) == (False, False, False)
    assert app.controller_namespace == "argocd"
    assert [entry.id for entry in app.history] == list(range(9))
    assert app.history[1] == HistoryEntry(
        1,
        Target(("5dcbc956bde300302a9c67351a65d4d3d2edb399",), app.sources_digest),
        deployed_at=instant("2026-11-23T07:29:36Z"),
        deploy_started_at=instant("2026-11-23T07:29:35Z"),
        automated=False,
        username="admin",
    )
    assert app.operation is not None
    assert app.operation.phase is Phase.SUCCEEDED
    assert not app.requested


def test_sources_are_equal_wherever_they_stand() -> None:
    app = real("behind")
    assert app.operation is not None
    assert app.sources_digest != 0
    assert {
        app.desired.sources,
        app.operation.requested.sources,
        app.operation.synced.sources,
        *(entry.target.sources for entry in app.history),
    } == {app.sources_digest}
    assert not app.is_stale


def test_two_sources_beside_an_empty_one() -> None:
    app = real("multi-source")
    assert [source.repository for source in app.sources] == [
        "http://git.example.com/blog-base.git",
        "http://git.example.com/blog-values.git",
    ]
    assert len(app.desired.revisions) == 2
    assert app.desired.sources == app.sources_digest == app.history[-1].target.sources
    assert not app.is_stale


def test_a_sync_of_local_manifests() -> None:
    app = real("local")
    assert app.operation is not None
    assert app.operation.local
    assert app.operation.username == "bob"
    assert app.history[-1].target.revisions == ()
    assert "tools-config" not in repr(app)


def test_a_self_heal_that_runs() -> None:
    app = real("self-healing")
    assert app.requested
    assert (app.automated, app.self_heal, app.prune) == (True, True, True)
    assert app.operation is not None
    assert (app.operation.phase, app.operation.finished_at) == (Phase.RUNNING, None)
    assert (app.operation.automated, app.operation.username) == (True, "")
    assert (app.operation.self_heal_attempts, app.operation.partial) == (1, True)
    assert (app.resources, app.out_of_sync_resources, app.prune_only) == (3, 1, False)
    assert app.images == ("registry.example.com/auth:1.0.0",)


def test_a_comparison_that_failed() -> None:
    app = real("unreadable")
    assert app.sync is SyncStatus.UNKNOWN
    assert app.desired.revisions == ("main",)
    (condition,) = app.conditions
    assert (condition.type, condition.since) == ("ComparisonError", instant("2026-11-23T07:30:04Z"))
    assert condition.message.startswith("Failed to load target state: ")


def test_an_application_of_an_applicationset_that_is_being_deleted() -> None:
    app = real("generated")
    assert app.applicationset == "tenant"
    assert app.deleted_at == instant("2026-11-23T07:29:29Z")
    assert app.health is HealthStatus.MISSING


def test_a_name_is_enough() -> None:
    facts, problems = minimal()
    assert problems == []
    assert facts == Application(namespace="", name="shop-prod", project="default")


@pytest.mark.parametrize(
    ("automated", "expected"),
    [
        (None, (False, False, False)),
        ({}, (True, False, False)),
        ({"enabled": None, "prune": True}, (True, False, True)),
        ({"enabled": True, "selfHeal": True}, (True, True, False)),
        ({"enabled": False, "selfHeal": True, "prune": True}, (False, True, True)),
    ],
)
def test_automated_sync_is_on_unless_it_is_switched_off(
    automated: dict[str, bool | None] | None, expected: tuple[bool, bool, bool]
) -> None:
    facts, problems = minimal(spec={"syncPolicy": {"automated": automated}})
    assert (facts.automated, facts.self_heal, facts.prune) == expected
    assert problems == []


def test_what_a_hydrated_application_syncs_from() -> None:
    dry = {"repoURL": "https://git.example.com/shop.git", "path": "dry", "targetRevision": "HEAD"}
    facts, problems = minimal(
        spec={
            "sourceHydrator": {
                "drySource": dry,
                "syncSource": {"targetBranch": "env/prod", "path": "hydrated"},
                "hydrateTo": {"targetBranch": "env/prod-next"},
            }
        },
        status={
            "sync": {
                "status": "Synced",
                "revision": "c0ffee",
                "comparedTo": {
                    "source": {"repoURL": dry["repoURL"], "path": "hydrated", "targetRevision": "env/prod"},
                },
            },
            "sourceHydrator": {
                "currentOperation": {"phase": "Failed", "finishedAt": "2026-11-23T11:00:00Z"},
                "lastSuccessfulOperation": {"finishedAt": "2026-11-23T10:00:00Z", "drySHA": "1"},
            },
        },
    )
    assert problems == []
    assert facts.sources == (Source("https://git.example.com/shop.git", "hydrated", "", "env/prod"),)
    assert not facts.is_stale
    assert facts.hydrator == Hydrator("Failed", instant("2026-11-23T10:00:00Z"))


@pytest.mark.parametrize("status", [{}, {"currentOperation": None, "lastSuccessfulOperation": None}])
def test_an_empty_hydrator_is_none(status: dict[str, Any]) -> None:
    assert minimal(status={"sourceHydrator": status})[0].hydrator is None


@pytest.mark.parametrize("single", [{"repoURL": ""}, {}, None])
def test_several_sources_count_and_the_single_one_beside_them_does_not(single: dict[str, str] | None) -> None:
    several = [{"repoURL": "https://git.example.com/a.git"}, {"repoURL": "https://git.example.com/b.git", "ref": "x"}]
    facts, _ = minimal(
        spec={"source": single, "sources": several}, status={"sync": {"comparedTo": {"sources": several}}}
    )
    assert len(facts.sources) == 2
    assert not facts.is_stale


def test_an_empty_list_of_sources_leaves_the_single_one() -> None:
    source = {"repoURL": "https://git.example.com/a.git", "path": "deploy"}
    facts, _ = minimal(
        spec={"source": source, "sources": []}, status={"sync": {"comparedTo": {"source": source, "sources": None}}}
    )
    assert facts.sources == (Source("https://git.example.com/a.git", "deploy"),)
    assert not facts.is_stale


@pytest.mark.parametrize(
    "written",
    [
        {"repoURL": "https://git.example.com/a.git", "path": "p", "helm": {}, "chart": "", "directory": None},
        {"path": "p", "repoURL": "https://git.example.com/a.git"},
        {
            "repoURL": "https://git.example.com/a.git",
            "path": "p",
            "directory": {"recurse": False, "jsonnet": {"tlas": []}},
        },
    ],
)
def test_empty_fields_and_their_order_make_no_other_source(written: dict[str, Any]) -> None:
    compared = {"repoURL": "https://git.example.com/a.git", "path": "p"}
    facts, _ = minimal(spec={"source": written}, status={"sync": {"comparedTo": {"source": compared}}})
    assert not facts.is_stale


@pytest.mark.parametrize(
    "edited",
    [
        {"path": "q"},
        {"targetRevision": "main"},
        {"helm": {"parameters": [{"name": "replicas", "value": "2"}]}},
        {"helm": {"valuesObject": {"replicas": 0}}},
        {"helm": {"valuesObject": {"autoscaling": {"enabled": False}}}},
    ],
)
def test_an_edit_of_the_source_makes_the_verdict_stale(edited: dict[str, Any]) -> None:
    compared = {"repoURL": "https://git.example.com/a.git", "path": "p"}
    facts, _ = minimal(spec={"source": {**compared, **edited}}, status={"sync": {"comparedTo": {"source": compared}}})
    assert facts.is_stale


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"helm": {"parameters": [{"name": "a", "value": "b"}]}}, True),
        ({"helm": {"values": "a: b"}}, True),
        ({"helm": {"valuesObject": {"a": "b"}}}, True),
        ({"kustomize": {"images": ["a=b"]}}, True),
        ({"plugin": {"env": [{"name": "a", "value": "b"}]}}, True),
        ({"directory": {"jsonnet": {"extVars": [{"name": "a", "value": "b"}]}}}, True),
        ({"helm": {"valueFiles": ["values.yaml"], "parameters": []}}, False),
        ({"kustomize": {"namePrefix": "a-"}}, False),
        ({"directory": {"recurse": True, "jsonnet": {}}}, False),
        ({"helm": "no object"}, False),
    ],
)
def test_values_that_git_does_not_know_are_overrides(source: dict[str, Any], expected: bool) -> None:
    repository = {"repoURL": "https://git.example.com/a.git"}
    assert minimal(spec={"source": {**repository, **source}})[0].parameter_overrides is expected
    assert minimal(spec={"sources": [repository, {**repository, **source}]})[0].parameter_overrides is expected


def test_risky_options_of_the_spec_and_of_the_operation() -> None:
    facts, _ = minimal(
        spec={"syncPolicy": {"syncOptions": ["CreateNamespace=true", "Replace=true", "Validate=false"]}},
        status={
            "operationState": {
                "phase": "Succeeded",
                "operation": {
                    "sync": {
                        "syncOptions": ["SkipDryRunOnMissingResource=true", "Replace=false"],
                        "syncStrategy": {"hook": {"force": True}},
                    }
                },
            }
        },
    )
    assert facts.options == ("Replace=true", "Validate=false")
    assert facts.operation is not None
    assert facts.operation.options == ("SkipDryRunOnMissingResource=true", "Force=true")


def test_hooks_are_no_resources() -> None:
    facts, _ = minimal(
        status={
            "resources": [
                {"status": "Synced"},
                {"status": "OutOfSync", "requiresPruning": True},
                {"status": "OutOfSync", "hook": True},
                {},
            ]
        }
    )
    assert (facts.resources, facts.out_of_sync_resources, facts.prune_only) == (3, 1, True)


def test_only_the_controller_owns_an_application() -> None:
    owners = [
        {"kind": "ApplicationSet", "name": "other"},
        {"kind": "Application", "name": "parent", "controller": True},
        {"kind": "ApplicationSet", "name": "mine", "controller": True},
    ]
    assert application({"metadata": {"name": "a", "ownerReferences": owners}})[0].applicationset == "mine"
    assert application({"metadata": {"name": "a", "ownerReferences": owners[:2]}})[0].applicationset == ""


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), ("", False), (None, False)])
def test_reconciliation_is_skipped_by_the_word_true(value: str | None, expected: bool) -> None:
    annotations = {"argocd.argoproj.io/skip-reconcile": value}
    assert application({"metadata": {"name": "a", "annotations": annotations}})[0].skip_reconcile is expected


def test_user_info_is_taken_out_of_addresses() -> None:
    facts, _ = minimal(
        spec={
            "source": {"repoURL": "https://bot:hunter2@git.example.com/a.git"},
            "destination": {"server": "https://admin:hunter2@cluster.example.com"},
        }
    )
    assert facts.sources[0].repository == "https://git.example.com/a.git"
    assert facts.destination.server == "https://cluster.example.com"
