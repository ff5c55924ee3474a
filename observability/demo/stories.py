"""What people do to a service, as steps over time: they ship, break, drift, forbid, and mend. The same for a seed.

A story is a generator of steps for one service; `after` is seconds since the step before. It looks at an Application
only to go on from where it is.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from observability.demo import operations
from observability.demo.application import App, Operation, Release, Unit
from observability.demo.company import PEOPLE, Service, fresh, revision, version_after
from observability.demo.objects import Literal
from observability.demo.operations import Move
from observability.demo.store import Record

Key: TypeAlias = tuple[str, str]

OUTAGE_SECONDS: Final = 360
"""So long something that nobody mends at once does not run."""


class Step(NamedTuple):
    """One change of one object, or none: a pause. `note` is what to tell people, empty: nothing."""

    after: float
    plural: str = "applications"
    key: Key = ("", "")
    change: Callable[[Any, str], Record | None] | None = None
    note: str = ""


Steps: TypeAlias = Iterator[Step]


class Scene(NamedTuple):
    """Where a story plays: chance, the service, and how to look at an Application."""

    random: Random
    service: Service
    look: Callable[[Key], App]

    def say(self, after: float, unit: Unit, words: str) -> Step:
        """After a pause, tell people about `unit`."""
        return Step(after, note=f"{unit.name}: {words}")

    def person(self) -> str:
        """Somebody of the company."""
        return self.random.choice(PEOPLE)

    def release(self, unit: Unit, version: str = "") -> Release:
        """A new commit for `unit`, with `version` or the one after the one that it runs."""
        app = self.look(unit.key)
        version = version or version_after(app.version or "1.0.0", self.random)
        pinned = app.target != "main"
        return Release(revision(self.random), f"v{version}" if pinned else "main", version)

    def operation(self, unit: Unit, release: Release, retries: int = 0) -> Operation:
        """How a sync of `unit` is asked for: by the controller, or by somebody."""
        if unit.automated:
            return Operation(release, automated=True, retries=retries or 5)
        return Operation(release, self.person(), retries=retries)

    def compared(self, unit: Unit) -> Release:
        """What `unit` was compared with last."""
        compared = self.look(unit.key).compared
        assert compared is not None  # noqa: S101 - stories play with applications that were deployed
        return compared


def on(unit: Unit, moves: Iterator[Move]) -> Steps:
    """`moves` as steps of `unit`."""
    for after, change in moves:
        yield Step(after, key=unit.key, change=change)


def one(unit: Unit, after: float, change: Callable[..., App | None], **facts: object) -> Step:
    """A single change of `unit`."""
    return Step(after, key=unit.key, change=partial(change, **facts) if facts else change)


def manual(scene: Scene) -> Unit:
    """The last environment that people sync by hand."""
    return [unit for unit in scene.service.units if not unit.automated][-1]


def automatic(scene: Scene) -> Unit:
    """An environment that syncs itself; every service has dev."""
    return scene.service.units[0]


def ship(scene: Scene, breaks: Unit | None = None) -> Steps:
    """A commit goes to dev by itself, then to each next environment as soon as somebody has approved it.

    It makes the application `breaks` Degraded, None: none.
    """
    first, *others = scene.service.units
    release = scene.release(first)
    yield scene.say(0.0, first, f"{release.version} was committed and rolls out by itself")
    if scene.random.random() < 0.5:
        yield one(first, 1.0, operations.refresh)
    yield from on(first, operations.sync(scene.random, scene.operation(first, release)))
    for unit in others:
        yield Step(scene.random.uniform(10, 30))
        yield from promote(scene, unit, release.version, "Degraded" if unit is breaks else "Healthy")


def promote(scene: Scene, unit: Unit, version: str, becomes: str = "Healthy") -> Steps:
    """`version` is proposed for `unit` in Git; it waits for somebody to sync it."""
    release = scene.release(unit, version)
    operation = scene.operation(unit, release)
    if unit.automated:
        yield from on(unit, operations.sync(scene.random, operation, becomes=becomes))
        return
    yield from pend(scene, unit, release)
    yield scene.say(0.0, unit, f"{version} waits for approval")
    yield from idle(scene, unit, 20, 60)
    yield scene.say(0.0, unit, f"{operation.username} syncs {version}")
    yield from on(unit, operations.sync(scene.random, operation, becomes=becomes))
    yield scene.say(0.0, unit, f"{version} is {becomes}")


def pend(scene: Scene, unit: Unit, release: Release) -> Steps:
    """Git moved: OutOfSync at the new revision. A pinned one is retargeted first, its verdict stale for a moment."""
    if release.target != "main":
        yield one(unit, 0.0, operations.retarget, target=release.target)
    for other in scene.service.units:
        if other is not unit and release.target == "main":
            yield one(other, 0.05, operations.head_moved, release=release)
    yield one(unit, scene.random.uniform(0.1, 1.1), operations.compare, sync="OutOfSync", live="ssO", release=release)


def idle(scene: Scene, unit: Unit, least: float, most: float) -> Steps:
    """Nothing happens for a while but a comparison or two."""
    pause = scene.random.uniform(least, most)
    yield one(unit, pause / 2, operations.resync)
    yield Step(pause / 2)


def break_and_roll_back(scene: Scene) -> Steps:
    """A release goes Degraded in the last environment; it is rolled back in the cluster, then fixed forward in Git."""
    unit = manual(scene)
    good = scene.look(unit.key).history[-1].release
    yield from ship(scene, breaks=unit)
    yield Step(scene.random.uniform(15, 30))
    who = scene.person()
    yield scene.say(0.0, unit, f"{who} rolls back to {good.version}, Git is ahead")
    yield from on(unit, operations.roll_back(Operation(good, who, rollback=True)))
    yield from idle(scene, unit, 30, 60)
    yield from promote(scene, unit, scene.release(unit).version)


def drift(scene: Scene) -> Steps:
    """Somebody edits the cluster by hand; it is undone by a sync, or by hand again."""
    unit = manual(scene)
    yield one(unit, 0.0, operations.compare, sync="OutOfSync", live="Oss")
    yield scene.say(0.0, unit, "somebody edited its ConfigMap in the cluster")
    yield from idle(scene, unit, 30, 90)
    if scene.random.random() < 0.5:
        yield scene.say(0.0, unit, "the edit is undone by hand")
        yield one(unit, 0.0, operations.compare, sync="Synced", live="sss")
        return
    yield scene.say(0.0, unit, "the edit is undone by a sync")
    repair = operations.repair(scene.random, scene.operation(unit, scene.compared(unit)))
    yield from on(unit, repair)


def heal(scene: Scene) -> Steps:
    """Drifts where Argo CD heals by itself, up to three in a row."""
    unit = automatic(scene)
    yield scene.say(0.0, unit, "edited in the cluster, Argo CD heals it")
    for attempt in range(1, scene.random.randint(1, 3) + 1):
        operation = Operation(scene.compared(unit), automated=True, attempt=attempt, retries=5)
        yield from on(unit, operations.self_heal(operation))
        yield Step(scene.random.uniform(5, 15))


def fail_for_long(scene: Scene, ago: int, speed: float) -> Steps:
    """Something in prod does not run for so long that somebody is called; it began so many seconds ago.

    `speed`: virtual seconds in one of those by which alerts count.
    """
    unit = scene.service.units[-1]
    yield scene.say(0.0, unit, "does not run, and nobody has seen it yet")
    yield one(unit, 0.0, operations.health, status="Degraded", ago=ago)
    left = (OUTAGE_SECONDS - ago) * speed
    yield from idle(scene, unit, left, left)
    yield one(unit, 0.0, operations.health, status="Progressing")
    yield one(unit, scene.random.uniform(3, 10), operations.health, status="Healthy")
    yield scene.say(0.0, unit, "runs again")


def crash(scene: Scene) -> Steps:
    """Pods crash and come back; nothing was deployed."""
    unit = scene.random.choice(scene.service.units)
    yield scene.say(0.0, unit, "pods are crashing")
    yield one(unit, 0.0, operations.health, status="Degraded")
    yield from idle(scene, unit, 30, 90)
    yield one(unit, 0.0, operations.health, status="Progressing")
    yield one(unit, scene.random.uniform(3, 10), operations.health, status="Healthy")
    yield scene.say(0.0, unit, "is healthy again")


def refuse(scene: Scene) -> Steps:
    """A commit that the API server refuses: retries, Failed, then a fix."""
    unit = automatic(scene)
    release = scene.release(unit)
    yield scene.say(0.0, unit, f"{release.version} does not sync: a field is immutable")
    yield from on(unit, operations.fail(scene.operation(unit, release, retries=2), unit.service))
    yield from idle(scene, unit, 20, 60)
    fixed = scene.release(unit, version_after(release.version, scene.random))
    yield scene.say(0.0, unit, f"{fixed.version} fixes it")
    yield from on(unit, operations.sync(scene.random, scene.operation(unit, fixed)))


def forbid(scene: Scene) -> Steps:
    """A change freeze for one application: a sync set with kubectl parks until the window is gone."""
    unit = manual(scene)
    release = scene.release(unit)
    project = ("argocd", unit.team)
    yield Step(0.0, "appprojects", project, partial(add_window, application=unit.name))
    yield scene.say(0.0, unit, "a sync window forbids changes")
    yield from pend(scene, unit, release)
    yield Step(scene.random.uniform(10, 20))
    yield scene.say(0.0, unit, f"{release.version} is set to sync with kubectl, and is blocked by the window")
    yield from on(unit, operations.park(Operation(release)))
    yield from idle(scene, unit, 30, 60)
    yield Step(0.0, "appprojects", project, partial(remove_window, application=unit.name))
    yield scene.say(0.0, unit, f"the window is gone, {release.version} goes on")
    yield from on(unit, operations.unpark(scene.random, release))


def rewrite(scene: Scene) -> Steps:
    """A controller rewrites a field after each sync, until Git leaves that field alone."""
    unit = manual(scene)
    yield scene.say(0.0, unit, "something in the cluster rewrites it after each sync")
    for _ in range(2):
        operation = scene.operation(unit, scene.compared(unit))
        yield from on(unit, operations.rewritten(scene.random, operation))
        yield from idle(scene, unit, 30, 60)
    yield one(unit, 0.0, operations.compare, sync="Synced", live="sss")


def rebuild(scene: Scene) -> Steps:
    """An application is deleted, a finalizer holds it up for a while; then it is created anew."""
    unit = automatic(scene)
    release = scene.compared(unit)
    yield scene.say(0.0, unit, "is being deleted, a finalizer hangs")
    yield from on(unit, operations.dismantle(scene.random.uniform(30, 60)))
    yield Step(scene.random.uniform(1, 2))
    yield scene.say(0.0, unit, "is created anew")
    yield Step(0.0, key=unit.key, change=partial(create, unit=unit, random=scene.random))
    yield from on(unit, operations.first_sync(scene.random, scene.operation(unit, replace(release, target="main"))))


def create(_none: object, now: str, unit: Unit, random: Random) -> App:
    """A new Application: no status yet."""
    return App(unit=fresh(unit, random, now), target="main")


def add_window(project: Literal, _now: str, application: str) -> Literal:
    """The project with a deny window, always active, for one application."""
    window = {
        "kind": "deny",
        "schedule": "* * * * *",
        "duration": "1h",
        "applications": [application],
        "description": "change freeze",
    }
    return _with_windows(project, [*project.body["spec"].get("syncWindows", []), window])


def remove_window(project: Literal, _now: str, application: str) -> Literal:
    """The project without the windows for that one application."""
    windows = project.body["spec"].get("syncWindows", [])
    return _with_windows(project, [window for window in windows if window["applications"] != [application]])


def _with_windows(project: Literal, windows: list[dict[str, Any]]) -> Literal:
    metadata = project.body["metadata"] | {"generation": project.body["metadata"]["generation"] + 1}
    return Literal(project.body | {"metadata": metadata, "spec": project.body["spec"] | {"syncWindows": windows}})


STORIES: Final[tuple[tuple[int, Callable[[Scene], Steps]], ...]] = (
    (40, ship),
    (12, drift),
    (12, heal),
    (10, crash),
    (8, break_and_roll_back),
    (6, refuse),
    (5, forbid),
    (4, rewrite),
    (3, rebuild),
)
"""Every story, and how often it is told. `manual` stories need an environment that people sync."""

MANUAL: Final = frozenset({drift, break_and_roll_back, forbid, rewrite})
