"""Promotions for tests: what of a fleet is promoted, in few words."""

from collections.abc import Sequence
from typing import Any, Final

from observability.model.application import Source
from observability.model.promotion import Arrived, Delivered, Happening, Pair, Promoted, PromotionState
from observability.model.state import Change
from observability.state.promotion import Promotions
from tests.fleet import Fleet

ENVIRONMENTS: Final = ("dev", "staging", "prod")
ALL: Final = ("shop-dev", "shop-staging", "shop-prod")
SERVICE: Final = Pair("argocd", "shop", "shop", "dev", "staging")
"""The first two environments of the shop."""


class Watcher:
    """A fleet, and the promotions that follow from it: `happened` in short, `states` as they are now."""

    def __init__(self, key: str = "auto", environments: tuple[str, ...] = ENVIRONMENTS) -> None:
        self.promotions = Promotions(environments, key)
        self.fleet = Fleet(self.told)
        self.happenings: list[Happening] = []
        self.states: dict[Pair, PromotionState | None] = {}
        self.saved: dict[str, bytes | None] = {}

    def told(self, changes: Sequence[Change]) -> None:
        """The fleet changed."""
        step = self.promotions.apply(changes)
        self.happenings.extend(step.happenings)
        self.states.update(step.states)
        self.saved.update(step.saved)

    @property
    def happened(self) -> list[str]:
        """All that happened, each in few words."""
        return [short(one) for one in self.happenings]

    def state(self, from_environment: str, to_environment: str) -> PromotionState:
        """How two environments of the shop stand to each other now."""
        state = self.states[SERVICE._replace(from_environment=from_environment, to_environment=to_environment)]
        assert state is not None
        return state


def short(happening: Happening) -> str:
    """A happening in few words."""
    match happening:
        case Delivered():
            value = ",".join(one.rpartition(":")[2] for one in happening.journey.value)
            number = f"#{happening.journey.number}" if happening.journey.number else ""
            return f"{happening.environment} {value}{number} {happening.result}"
        case Arrived():
            value = ",".join(one.rpartition(":")[2] for one in happening.journey.value)
            return f"{value} {'arrived' if happening.complete else 'superseded'} ({' '.join(happening.environments)})"
        case Promoted():
            value = ",".join(one.rpartition(":")[2] for one in happening.value)
            return f"{happening.pair.from_environment}>{happening.pair.to_environment} {value}"


def by_path(environment: str) -> dict[str, Any]:
    """Sources of an environment with a directory of its own."""
    return {
        "sources": (Source("https://git.example.com/shop.git", path=f"envs/{environment}", target_revision="main"),)
    }
