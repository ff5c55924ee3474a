"""Life: all stories at once, and the periodic comparison of every Application, in the order of their instants.

Virtual time: the caller decides how fast it goes, and what time it is for those who write timestamps.
The same for a seed.
"""

from collections.abc import Iterator
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Final

from observability.demo.application import App
from observability.demo.applicationsets import with_error, with_step
from observability.demo.company import Company, Service
from observability.demo.objects import Literal
from observability.demo.operations import resync
from observability.demo.store import Store
from observability.demo.stories import MANUAL, STORIES, Scene, Step, Steps, fail_for_long, forbid

RESYNC_SECONDS: Final = 150.0
"""Argo CD compares every 120 s, with a jitter of up to 60."""

FIRST_OUTAGE_AGO: Final = 285
"""Seconds since the first outage began when life does: alerts about prod look away for the first five minutes."""

_FREEZE_STORIES: Final = 13
"""Stories at once up to which sync windows come and go as `STORIES` says: as many as 120 Applications have."""


class Life:
    """Changes the objects of `store`, one step at a time. `stories`: in how many services something goes on at once.

    `outages`: now and then something in prod does not run for so long that somebody is called, the first time at once;
    the number is that of virtual seconds in a real one. 0: never.
    """

    def __init__(self, store: Store, company: Company, random: Random, stories: int, *, outages: float = 0.0) -> None:
        self._store = store
        self._random = random
        self._services = [service for service in company.services if not service.standing]
        self._keys = [app.key for app in company.applications]
        self._busy: set[str] = set()
        self._queue: list[tuple[float, int, Iterator[Step], Step]] = []
        self._started = 0
        in_prod = [service for service in self._services if service.units[-1].environment == "prod"]
        if outages and in_prod:
            self._start(self._fail(in_prod, outages), 0.0)
        stories = min(stories, len(self._services))
        # An edit of a project concerns all of its Applications. People freeze now and then, in a large company, too.
        freezes = min(1.0, _FREEZE_STORIES / stories) if stories else 1.0
        self._choice = [(weight * freezes if story is forbid else weight, story) for weight, story in STORIES]
        for _ in range(stories):
            self._start(self._tell(), random.uniform(0, 60))
        if self._keys:
            self._start(self._compare(), 0.0)
        for record in company.sets:
            self._start(self._generate(record), random.uniform(0, 120))

    @property
    def next_at(self) -> float:
        """The virtual instant of the next step; infinite when nothing ever happens."""
        return self._queue[0][0] if self._queue else float("inf")

    def step(self, now: str) -> str:
        """Take the next step; `now` is the RFC 3339 time that it writes. What to tell people, empty: nothing."""
        at, number, steps, step = heappop(self._queue)
        if step.change is not None:
            self._change(step, now)
        following = next(steps)
        heappush(self._queue, (at + following.after, number, steps, following))
        return step.note

    def _start(self, steps: Iterator[Step], at: float) -> None:
        self._started += 1
        heappush(self._queue, (at, self._started, steps, Step(0.0)))

    def _change(self, step: Step, now: str) -> None:
        before = self._store.get(step.plural, step.key)
        after = step.change(before, now) if step.change else before
        if after is None:
            self._store.delete(step.plural, step.key)
        elif after is not before:
            self._store.put(step.plural, after)

    def _tell(self) -> Steps:
        """One story after another, each with a service that has nothing else going on."""
        while True:
            service = self._random.choice(self._services)
            if service.name in self._busy:
                yield Step(1.0)
                continue
            self._busy.add(service.name)
            yield from self._choose(service)
            self._busy.discard(service.name)
            yield Step(self._random.uniform(2, 20))

    def _fail(self, services: list[Service], speed: float) -> Steps:
        """One outage after another."""
        random, ago = Random(1), FIRST_OUTAGE_AGO  # of its own: the others are as lucky as without it
        while True:
            idle = [service for service in services if service.name not in self._busy]
            if not idle:
                yield Step(1.0)
                continue
            service = random.choice(idle)
            self._busy.add(service.name)
            yield from fail_for_long(Scene(random, service, self._look), ago, speed)
            self._busy.discard(service.name)
            ago = 0
            yield Step(random.uniform(120, 300) * speed)

    def _choose(self, service: Service) -> Steps:
        by_hand = any(not unit.automated for unit in service.units)
        choice = [(weight, story) for weight, story in self._choice if by_hand or story not in MANUAL]
        (story,) = self._random.choices([story for _, story in choice], [weight for weight, _ in choice])
        return story(Scene(self._random, service, self._look))

    def _look(self, key: tuple[str, str]) -> App:
        record = self._store.get("applications", key)
        assert isinstance(record, App)  # noqa: S101 - a story about what does not exist is a defect of ours
        return record

    def _compare(self) -> Steps:
        keys = list(self._keys)
        self._random.shuffle(keys)
        pause = RESYNC_SECONDS / len(keys)
        while True:
            for key in keys:
                yield Step(pause, key=key, change=_again)

    def _generate(self, record: Literal) -> Steps:
        """An ApplicationSet rolls out, or fails to generate for a while."""
        key, random = record.key, self._random
        rolling = "applicationStatus" in record.body["status"]
        while True:
            if rolling:
                for step in ("1", "2", "3"):
                    for status in ("Waiting", "Pending", "Progressing", "Healthy"):
                        change = partial(_set_step, step=step, status=status)
                        yield Step(random.uniform(5, 15), "applicationsets", key, change)
            else:
                error = "failed to get files from repository: authentication required"
                yield Step(random.uniform(120, 600), "applicationsets", key, partial(_set_error, message=error))
                yield Step(random.uniform(30, 60), "applicationsets", key, partial(_set_error, message=""))
            yield Step(random.uniform(120, 300))


def _again(app: App | None, now: str) -> App | None:
    """The periodic comparison; None, which deletes nothing, while the application is gone."""
    return resync(app, now) if app else None


def _set_step(record: Literal, now: str, step: str, status: str) -> Literal:
    return with_step(record, step, status, now)


def _set_error(record: Literal, now: str, message: str) -> Literal:
    return with_error(record, message, now)
