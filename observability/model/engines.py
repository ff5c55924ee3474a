"""The name of the engine that is built in."""

from typing import Final

ARGOCD: Final = "argocd"
"""As in the label `engine`."""
