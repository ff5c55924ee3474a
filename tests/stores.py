"""Stores for tests, what they have, and what they tell in few words."""

from typing import Any, Final

from observability.model.application import Application, Key, SyncedResource
from observability.model.observation import (
    Kind,
    Scope,
)
from observability.model.project import Project
from observability.model.state import ApplicationState, Change
from observability.settings.environments import Environment, by_name
from observability.state.store import Store
from tests.builders import (
    NOON,
    listing,
    window,
)

APPLICATIONS: Final = Scope(Kind.APPLICATION)
PROJECTS: Final = Scope(Kind.PROJECT)
SETTLE: Final = 10.0
HOUR: Final = 3600.0
ENVIRONMENTS: Final = (Environment(name="dev"), Environment(name="staging"), Environment(name="prod"))
FROM_ONE: Final = window("deny", "0 13 * * *", "2h")
"""Forbids syncs from 13:00 to 15:00 UTC: an hour after NOON, for two."""
HOOK: Final = SyncedResource("batch", "Job", "shop", "migrate", "Synced", "PreSync", "PreSync", "Succeeded", "done")
SHOP: Final = Key("argocd", "shop-prod")


def new(**more: Any) -> Store:
    """A store that has seen nothing."""
    return Store(
        **{"settle_seconds": SETTLE, "environments": ENVIRONMENTS, "identity": (by_name(ENVIRONMENTS),), **more}
    )


def watching(*resources: Application | Project, **more: Any) -> Store:
    """A store whose first lists, an hour ago, had these."""
    store = new(**more)
    projects = [one for one in resources if isinstance(one, Project)]
    apps = [one for one in resources if isinstance(one, Application)]
    store.apply(listing(projects, NOON - HOUR, PROJECTS))
    store.apply(listing(apps, NOON - HOUR))
    return store


def known(store: Store, key: Key = SHOP) -> ApplicationState:
    """What is believed of an Application."""
    state = store.states(Kind.APPLICATION)[key]
    assert isinstance(state, ApplicationState)
    return state


def names(store: Store, kind: Kind = Kind.APPLICATION) -> set[str]:
    """Who is known of a kind."""
    return {key.name for key in store.states(kind)}


def told(changes: list[Change]) -> list[str]:
    """Each change as a word: `+shop` is new, `-shop` gone, `shop` changed."""
    signs = {(True, False): "+", (False, True): "-", (False, False): ""}
    return [signs[change.before is None, change.after is None] + change.key.name for change in changes]


def settled_down(store: Store, now: float) -> list[Change]:
    """All that is due until `now`."""
    changes: list[Change] = []
    while (next_due := store.next_due()) is not None and next_due <= now:
        changes += store.due(now)
    return changes
