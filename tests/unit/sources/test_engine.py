"""Where the API keeps the objects of a kind, and what becomes of what somebody else's `decode` does."""

from typing import Any

import pytest

from observability.errors import MalformedResource
from observability.model.application import Application, Key
from observability.model.observation import Kind, Malformed, Observation, Scope, Seen
from observability.sources.applications import decode_application
from observability.sources.engine import Engine, Problems, WatchedKind, marked
from observability.sources.lines import Line
from observability.sources.reader import Cursor, Reader

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


PODINFO = b'{"metadata":{"namespace":"flux","name":"podinfo"}}'


def flux(outcome: Any) -> WatchedKind:
    """The kind of an engine whose `decode` raises that, or gives it."""

    def decode(raw: Any, problems: Problems, /) -> Any:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    (kind,) = marked(Engine("flux", (WatchedKind(Kind.APPLICATION, "fluxcd.io", "v1", "apps", decode),))).kinds
    return kind


def test_what_an_engine_makes_is_of_it() -> None:
    assert flux(Application(namespace="flux", name="podinfo")).decode(PODINFO, []).engine == "flux"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (KeyError("status"), "KeyError: 'status'"),
        (TypeError("'NoneType' object is not iterable"), "TypeError: 'NoneType' object is not iterable"),
        (AttributeError("no spec"), "AttributeError: no spec"),
        (ZeroDivisionError("https://me:secret@git"), "ZeroDivisionError: https://git"),
    ],
)
def test_what_else_decode_raises_is_an_object_that_cannot_be_read(outcome: Exception, said: str) -> None:
    with pytest.raises(MalformedResource) as caught:
        flux(outcome).decode(PODINFO, [])
    assert (caught.value.key, caught.value.expected) == ("flux/podinfo", f"flux cannot decode it: {said}")
    assert caught.value.__cause__ is outcome


def test_what_decode_makes_must_be_an_object() -> None:
    with pytest.raises(MalformedResource, match="flux/podinfo: : flux cannot decode it: "):
        flux(None).decode(PODINFO, [])


@pytest.mark.parametrize(("raw", "key"), [(b"[", "?"), (b"{}", "?"), (b'{"metadata":{"name":"podinfo"}}', "podinfo")])
def test_an_object_is_named_as_far_as_that_is_known(raw: bytes, key: str) -> None:
    with pytest.raises(MalformedResource) as caught:
        flux(KeyError("spec")).decode(raw, [])
    assert caught.value.key == key


@pytest.mark.parametrize(
    "error", [MalformedResource("a/b", "spec", "expected more"), ValueError("no JSON"), RecursionError(), SystemExit()]
)
def test_what_says_so_itself_or_ends_the_process_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        flux(error).decode(PODINFO, [])
    assert caught.value is error


def test_one_bad_object_of_an_engine_leaves_the_others() -> None:
    def decode(raw: Any, problems: Problems, /) -> Application:
        return {b'{"metadata":{"name":"good"}}': Application(namespace="flux", name="good")}[bytes(raw)]

    (kind,) = marked(Engine("flux", (WatchedKind(Kind.APPLICATION, "fluxcd.io", "v1", "apps", decode),))).kinds
    scope = Scope(Kind.APPLICATION, engine="flux")
    lines: tuple[Line, ...] = (
        b'{"type":"ADDED","object":{"metadata":{"name":"bad"}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"good"}}}',
    )
    bad, good = list[Observation](Reader(scope, kind, Cursor("1", "")).lines(lines, 0.0))
    assert isinstance(bad, Malformed)
    assert (bad.key, bad.skipped) == (Key("", "bad"), True)
    assert isinstance(good, Seen)
