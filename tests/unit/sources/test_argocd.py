"""Argo CD as an engine: each kind has its decoder, and that finds nothing wrong with real objects."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from observability.model.observation import Kind
from observability.sources.applications import decode_application
from observability.sources.argocd import ARGOCD
from observability.sources.engine import Problems
from observability.sources.groupings import decode_applicationset, decode_project
from tests.builders import APPLICATION_MANIFESTS, encoded, manifest

DECODERS: Final = (
    *((name, decode_application) for name in APPLICATION_MANIFESTS),
    ("applicationset", decode_applicationset),
    ("project", decode_project),
)


@pytest.mark.parametrize(("name", "decode"), DECODERS)
def test_nothing_is_wrong_with_a_real_object(name: str, decode: Callable[[bytes, Problems], Any]) -> None:
    problems: Problems = []
    decode(encoded(manifest(name)), problems)
    assert problems == []


def test_each_kind_has_its_decoder() -> None:
    assert {kind.kind: kind.resource for kind in ARGOCD.kinds} == {
        Kind.APPLICATION: "applications.argoproj.io",
        Kind.APPLICATIONSET: "applicationsets.argoproj.io",
        Kind.PROJECT: "appprojects.argoproj.io",
    }
