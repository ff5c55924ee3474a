"""Scopes, and what they are called where they are saved."""

import pytest

from observability.model.observation import Kind, Scope, scope_of


@pytest.mark.parametrize(
    ("scope", "of"),
    [
        (Scope(Kind.APPLICATION), "Application"),
        (Scope(Kind.PROJECT, "argocd"), "AppProject"),
        (Scope(Kind.APPLICATION, "flux", "flux"), "flux:Application"),
    ],
)
def test_what_a_scope_is_a_list_of(scope: Scope, of: str) -> None:
    assert scope.of == of
    assert scope_of(of, scope.namespace) == scope


@pytest.mark.parametrize("of", ["", "Job", "flux:Job", "flux:"])
def test_a_kind_that_is_not_known(of: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Kind"):
        scope_of(of, "")
