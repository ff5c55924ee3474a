"""Events as CDEvents: which type, and every field that its schema asks for."""

import re

import pytest

from observability.delivery.sinks.cdevents import artifact, cdevent, image
from observability.model.event import Attribute
from tests.records import event


def test_a_deployment_as_the_specification_has_it() -> None:
    digest = "sha256:" + "0b" * 32
    deployed = event(attributes={"gitops.images": (f"ghcr.io/shop/web@{digest}",), "k8s.cluster.name": "eu 1"})
    document = cdevent(deployed)
    assert document is not None
    assert document["context"] == {
        "specversion": "0.5.0",
        "id": deployed.id,
        "source": "/gitops-observability/eu%201/argocd",
        "type": "dev.cdevents.service.upgraded.0.3.0",
        "timestamp": "2026-11-23T12:00:00Z",
    }
    assert document["subject"] == {
        "id": "Application/argocd/shop-prod",
        "source": "/gitops-observability/eu%201/argocd",
        "content": {
            "environment": {"id": "prod"},
            "artifactId": f"pkg:oci/web@sha256%3A{'0b' * 32}?repository_url=ghcr.io/shop/web",
        },
    }
    assert document["customData"]["attributes"]["gitops.images"] == [f"ghcr.io/shop/web@{digest}"]
    assert set(document) == {"context", "subject", "customData", "customDataContentType"}


@pytest.mark.parametrize(
    ("name", "attributes", "predicate"),
    [
        ("gitops.application.deployed", {"gitops.previous_revision": None}, "deployed"),
        ("gitops.application.deployed", {"gitops.sync.kind": "manual"}, "upgraded"),
        ("gitops.application.deployed", {"gitops.sync.kind": "rollback"}, "rolledback"),
        ("gitops.application.rolled_back", {"gitops.rollback.scope": "cluster"}, "rolledback"),
        ("gitops.application.rolled_back", {"gitops.rollback.scope": "git"}, "rolledback"),
        ("gitops.application.deleted", {}, "removed"),
        ("gitops.application.created", {}, None),
        ("gitops.applicationset.deleted", {}, None),
    ],
)
def test_the_type_follows_from_what_happened(name: str, attributes: dict[str, str], predicate: str | None) -> None:
    document = cdevent(event(name, attributes=attributes))
    found = document and document["context"]["type"]
    assert found == (predicate and f"dev.cdevents.service.{predicate}.0.3.0")


def test_what_is_removed_has_no_artifact() -> None:
    document = cdevent(event("gitops.application.deleted", attributes={"gitops.environment": None}))
    assert document is not None
    assert document["subject"]["content"] == {"environment": {"id": "unassigned"}}


@pytest.mark.parametrize(
    ("reference", "purl"),
    [
        ("nginx", "pkg:oci/nginx"),
        ("nginx:1.27", "pkg:oci/nginx?tag=1.27"),
        ("localhost:5000/web", "pkg:oci/web?repository_url=localhost%3A5000/web"),
        ("localhost:5000/a/Web:v+1", "pkg:oci/web?repository_url=localhost%3A5000/a/Web&tag=v%2B1"),
        ("ghcr.io/a/b:1@sha256:0c", "pkg:oci/b@sha256%3A0c?repository_url=ghcr.io/a/b&tag=1"),
    ],
)
def test_an_image_as_a_package_url(reference: str, purl: str) -> None:
    assert image(reference) == purl


def test_without_one_image_the_artifact_is_the_service_at_its_revision() -> None:
    facts: dict[str, Attribute] = {"gitops.service": "shop/web", "gitops.revision": "abc", "gitops.images": ("a", "b")}
    assert artifact(facts) == "pkg:generic/shop%2Fweb@abc"
    assert artifact({"gitops.application.name": "web"}) == "pkg:generic/web"
    assert re.fullmatch(r"pkg:generic/\w+", artifact({}))
