"""Where the API keeps the objects of a kind."""

from observability.model.observation import Kind
from observability.sources.applications import decode_application
from observability.sources.engine import WatchedKind

APPLICATIONS = WatchedKind(Kind.APPLICATION, "argoproj.io", "v1alpha1", "applications", decode_application)


def test_paths() -> None:
    assert APPLICATIONS.path() == "/apis/argoproj.io/v1alpha1/applications"
    assert APPLICATIONS.path("argocd") == "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
    assert APPLICATIONS.path("argocd", "shop") == "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/shop"


def test_no_name_leaves_its_place_in_the_path() -> None:
    path = APPLICATIONS.path("a/../../b", "../secrets?x=y#z")
    assert path == "/apis/argoproj.io/v1alpha1/namespaces/a%2F..%2F..%2Fb/applications/..%2Fsecrets%3Fx%3Dy%23z"


def test_the_resource_is_named_as_in_rbac() -> None:
    assert APPLICATIONS.resource == "applications.argoproj.io"
