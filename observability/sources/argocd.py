"""Argo CD as an engine: the kinds of its API, and how the objects of each are read. Pure."""

from typing import Final

from observability.model.observation import Kind
from observability.sources.applications import decode_application
from observability.sources.comparisons import comparison
from observability.sources.engine import Engine, WatchedKind
from observability.sources.groupings import decode_applicationset, decode_project

ARGOCD: Final = Engine(
    "argocd",
    (
        WatchedKind(Kind.APPLICATION, "argoproj.io", "v1alpha1", "applications", decode_application, comparison),
        WatchedKind(Kind.APPLICATIONSET, "argoproj.io", "v1alpha1", "applicationsets", decode_applicationset),
        WatchedKind(Kind.PROJECT, "argoproj.io", "v1alpha1", "appprojects", decode_project),
    ),
)
"""Argo CD, by the kinds of its API."""
