"""What is rendered is JSON in the shape of recorded objects, as large as asked for."""

import json
from random import Random
from typing import Any

import pytest

from observability.demo.application import App, Operation, Release, Unit
from observability.demo.company import found
from observability.demo.objects import Literal, render
from observability.demo.operations import ask

START = 1_795_418_902
NOW = "2026-11-23T07:28:22Z"


def rendered(app: App) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(render(app, 5))
    return decoded


def fresh() -> App:
    unit = Unit(
        ("argocd", "shop-dev"), "u", "shop", "dev", "web", "https://git.example.com/shop.git", "envs/dev", NOW, True
    )
    return App(unit=unit, target="main")


def test_a_new_application_has_no_status() -> None:
    body = rendered(fresh())

    assert "status" not in body
    assert body["metadata"]["resourceVersion"] == "5"
    assert body["spec"]["syncPolicy"] == {"automated": {"prune": True, "selfHeal": True}}


def test_a_status_before_the_first_comparison_is_hollow() -> None:
    asked = ask(fresh(), NOW, Operation(Release("c" * 40, "main", "1.0.0"), automated=True))

    assert rendered(asked)["status"] == {
        "health": {},
        "sourceHydrator": {},
        "summary": {},
        "sync": {"comparedTo": {"destination": {}, "source": {"repoURL": ""}}, "status": ""},
    }


@pytest.mark.parametrize(
    ("operation", "shown"),
    [
        (Operation(Release("c", "main", "1"), "alice"), {"initiatedBy": {"username": "alice"}, "retry": {}}),
        (Operation(Release("c", "main", "1"), automated=True, retries=5), {"initiatedBy": {"automated": True}}),
        (Operation(Release("c", "main", "1")), {"initiatedBy": {}}),
    ],
)
def test_who_asked_for_an_operation(operation: Operation, shown: dict[str, Any]) -> None:
    body = rendered(ask(fresh(), NOW, operation))["operation"]

    assert shown.items() <= body.items()


def test_a_self_heal_names_its_attempt_and_a_rollback_its_strategy() -> None:
    release = Release("c", "main", "1")
    heal = rendered(ask(fresh(), NOW, Operation(release, automated=True, attempt=3)))["operation"]["sync"]
    back = rendered(ask(fresh(), NOW, Operation(release, "alice", rollback=True)))["operation"]["sync"]

    assert (heal["autoHealAttemptsCount"], heal["resources"]) == (3, [{"kind": "ConfigMap", "name": "shop-config"}])
    assert back["syncStrategy"] == {"apply": {}}


@pytest.mark.parametrize("wanted", [8_000, 11_000, 60_000])
def test_objects_are_as_large_as_asked_for(wanted: int) -> None:
    company = found(900, Random(1), START, wanted)
    sizes = [len(render(app, 123_456)) for app in company.applications]

    assert sum(sizes) / len(sizes) == pytest.approx(wanted, rel=0.04)


def test_padding_is_resources_as_real_applications_have_them() -> None:
    company = found(30, Random(1), START, 11_000)
    body = rendered(company.applications[0])
    resources = body["status"]["resources"]

    assert len(resources) == company.applications[0].unit.resources > 10
    assert {resource["namespace"] for resource in resources} == {"checkout-dev"}
    assert len({(resource["kind"], resource["name"]) for resource in resources}) == len(resources)
    assert len(body["status"]["operationState"]["syncResult"]["resources"]) == len(resources)


def test_a_literal_gets_the_resource_version_of_the_store() -> None:
    literal = Literal({"kind": "AppProject", "metadata": {"name": "web", "resourceVersion": "99"}, "spec": {}})

    assert json.loads(render(literal, 7))["metadata"] == {"name": "web", "resourceVersion": "7"}
    assert literal.body["metadata"]["resourceVersion"] == "99"
    assert literal.key == ("", "web")
