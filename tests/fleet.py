"""Applications of a service in several environments, and what a real Argo CD would write while they are synced."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from observability.model.application import Application, HistoryEntry, Operation, Target
from observability.model.state import Change
from observability.model.status import HealthStatus, Phase, SyncStatus
from observability.settings import Settings
from observability.settings.environments import IdentityRule, IdentitySource
from observability.state.store import Store
from tests.builders import GIT, NOON, application, gone, listing, seen
from tests.replay import SETTLE_SECONDS, new_store

OLD_IMAGES = ("registry.example.com/shop:1.0.0",)


def image(version: str) -> tuple[str, ...]:
    """The images of one version of the shop."""
    return (f"registry.example.com/shop:{version}",)


class Fleet:
    """Applications, and a store that watches them. `told` hears of the changes that each update makes, at once."""

    def __init__(self, told: Callable[[Sequence[Change]], object], pattern: str = "") -> None:
        """`pattern`: how names tell environment and service, where the default does not do."""
        self.now = NOON
        self._told = told
        self._store = new_store() if not pattern else _store(pattern)
        self._facts: dict[str, dict[str, Any]] = {}
        self._store.apply(listing(at=NOON))

    def there(self, *names: str, revision: str = "a", images: tuple[str, ...] = OLD_IMAGES, **facts: Any) -> None:
        """They are listed, deployed an hour ago."""
        for name in names:
            self._facts[name] = self._described(revision, images, facts)
        apps = [self._application(name) for name in self._facts]
        self._told(self._store.apply(listing(apps, at=self.now, reason="expired")))

    def create(self, name: str, **facts: Any) -> None:
        """It is created while we watch, and was never synced."""
        self._facts[name] = {**self._described("a", (), facts), "created_at": self.now, "history": ()}
        self._write(name, sync=SyncStatus.OUT_OF_SYNC, health=HealthStatus.MISSING, desired=Target(("a",), GIT))

    def delete(self, name: str) -> None:
        """It is gone."""
        app = self._application(name)
        del self._facts[name]
        self._told(self._store.apply([gone(app, self.now)]))

    def edit(self, name: str, **facts: Any) -> None:
        """Something else of it is another now."""
        self._write(name, **facts)

    def move(self, name: str, revision: str) -> None:
        """Git moves on beside its path: it stays Synced."""
        self._write(name, desired=Target((revision,), GIT), reconciled_at=self.now)

    def sync(self, name: str, revision: str, images: tuple[str, ...] = (), **more: Any) -> None:
        """It is synced, and Healthy six seconds later. `images`: the new ones, none: they stay."""
        for _ in self._synced(name, revision, images, **more):
            pass

    def start(self, name: str, revision: str, images: tuple[str, ...] = (), **more: Any) -> None:
        """The same as far as Progressing, with old and new images."""
        for step, _ in enumerate(self._synced(name, revision, images, **more), 1):
            if step == 5:
                return

    def degrade(self, name: str) -> None:
        """It becomes Degraded."""
        self._write(name, health=HealthStatus.DEGRADED, health_since=self.now)

    def recover(self, name: str, images: tuple[str, ...] = ()) -> None:
        """It becomes Healthy."""
        shown = {"images": images} if images else {}
        self._write(name, health=HealthStatus.HEALTHY, health_since=self.now, reconciled_at=self.now, **shown)

    def fail(self, name: str, revision: str) -> None:
        """A sync fails: nothing is deployed."""
        wanted = Target((revision,), GIT)
        running = Operation(phase=Phase.RUNNING, started_at=self.now, requested=wanted, synced=wanted)
        self._write(name, sync=SyncStatus.OUT_OF_SYNC, desired=wanted, operation=running)
        ended = replace(
            running, phase=Phase.FAILED, finished_at=self.now, message="one or more objects failed to apply"
        )
        self._write(name, operation=ended)

    def _synced(self, name: str, revision: str, images: tuple[str, ...], **more: Any) -> Iterator[None]:
        facts = self._facts[name]
        git = more.pop("git", revision)
        before, after = facts["images"], images or facts["images"]
        wanted, desired = Target((revision,), GIT), Target((git,), GIT)
        running = Operation(phase=Phase.RUNNING, started_at=self.now, requested=wanted, synced=wanted, **more)
        self._write(name, sync=SyncStatus.OUT_OF_SYNC, desired=desired, operation=running)
        yield
        history = facts["history"]
        if not (running.partial or running.dry_run):
            number = history[-1].id + 1 if history else 0
            target = Target((), GIT) if running.local else wanted
            history = (
                *history,
                HistoryEntry(number, target, deployed_at=self.now, deploy_started_at=running.started_at),
            )
        self._write(name, history=history)
        yield
        done = replace(running, phase=Phase.SUCCEEDED, finished_at=self.now)
        self._write(name, operation=done)
        yield
        verdict = SyncStatus.SYNCED if git == revision else SyncStatus.OUT_OF_SYNC
        both = tuple(sorted({*before, *after}))
        moved = {"health": HealthStatus.PROGRESSING, "health_since": self.now} if after != before else {}
        self._write(name, sync=verdict, reconciled_at=self.now, **moved)
        yield
        self._write(name, images=both)
        yield
        self._write(name, images=after)
        yield
        self.recover(name)
        yield

    def _described(self, revision: str, images: tuple[str, ...], facts: dict[str, Any]) -> dict[str, Any]:
        hour_ago = self.now - 3600
        entry = HistoryEntry(0, Target((revision,), GIT), deployed_at=hour_ago, deploy_started_at=hour_ago - 1)
        return {
            "created_at": hour_ago,
            "resource_version": str(self.now),
            "desired": Target((revision,), GIT),
            "history": (entry,),
            "images": images,
            "health_since": hour_ago,
            "reconciled_at": self.now - 60,
            **facts,
        }

    def _write(self, name: str, **facts: Any) -> None:
        self.now += 1
        self._facts[name].update(facts, resource_version=str(self.now))
        self._told(self._store.apply([seen(self._application(name), self.now)]))

    def _application(self, name: str) -> Application:
        return application(name, **self._facts[name])


def _store(pattern: str) -> Store:
    rule = IdentityRule(source=IdentitySource.NAME, pattern=pattern)
    return Store(settle_seconds=SETTLE_SECONDS, environments=Settings().environments, identity=(rule,))
