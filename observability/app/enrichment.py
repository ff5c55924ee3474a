"""Adds to events what is known of the commit that they are about, and asks for what is not known yet.

A commit is asked for when a revision waits or a sync begins: until it is deployed there is mostly an answer. An event
never waits for one. What was deployed by hand is judged with its commit (`four_eyes`): that does wait, and asks again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from observability.delivery.own import OwnMetrics
from observability.model.application import Key
from observability.model.commit import Commit
from observability.model.event import Event
from observability.model.state import ApplicationState
from observability.signals import exporter
from observability.signals.commits import attributes
from observability.signals.transitions import Context, pseudonym, revision_of
from observability.sources.commits.cache import HASHED, NAMES, PLAIN, Cache
from observability.sources.commits.requests import Arrival, Commits, Outcome
from observability.sources.commits.source import CommitSource
from observability.state import authorship

_PREFIX: Final = "gitops.application."
_DELETED: Final = _PREFIX + "deleted"
_JUDGED: Final = frozenset({_PREFIX + "deployed", _PREFIX + "healthy_after_deploy"})
_ABOUT_A_COMMIT: Final = frozenset(
    _PREFIX + name
    for name in ("deployed", "healthy_after_deploy", "revision.pending", "rolled_back", "sync.finished", "sync.started")
)


_UNANSWERED_MOST: Final = 10_000
_ASK_AGAIN_SECONDS: Final = 300.0
_ASKED_AT_ONCE: Final = 200


class Learned(NamedTuple):
    """A commit that is known now, and an Application that may wait for it."""

    application: Key
    commit: Commit


class _Question(NamedTuple):
    repository: str
    revision: str
    place: int


class Enrichment:
    """What is known of commits, in the way of no event. `clock` and `random` as `Commits` wants them.

    `learned`: what Applications wait for, as it becomes known.
    """

    def __init__(
        self, source: CommitSource, context: Context, clock: Callable[[], float], random: Callable[[], float]
    ) -> None:
        self._context = context
        self._cache = Cache()
        self._values: dict[str, bytes | None] = {NAMES: PLAIN if context.initiator_key is None else HASHED}
        self._commits = Commits(source, self._cache, self._arrived, clock, random)
        self._unanswered: OrderedDict[Key, _Question] = OrderedDict()
        """What was deployed by hand, and who wrote it is not known; the oldest go when they are too many."""
        self.learned: asyncio.Queue[Learned] = asyncio.Queue()
        self.run = self._commits.run

    def restore(self, values: Mapping[str, bytes]) -> None:
        """Go on with the commits among the saved values."""
        self._values.update(self._cache.restore(values))

    def await_author(self, state: ApplicationState) -> None:
        """Go on waiting for who wrote what is deployed, if somebody does."""
        memory = state.memory
        if not memory.deployer or memory.deployed is None:
            return
        question = _question(state, memory.deployed.revisions)
        if question is not None:
            self._wait(state.facts.key, question)

    async def ask_again(self) -> None:
        """Ask again for what Applications wait for, from time to time, for ever.

        Questions are lost with a process and where too many wait, and an answer may be given up for a while.
        """
        while True:
            for number, (key, question) in enumerate(list(self._unanswered.items()), 1):
                commit = self._commits.request(key, *question)
                if commit is not None and self._unanswered.get(key) == question:
                    self._tell(key, commit)
                if number % _ASKED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    def unsaved(self) -> dict[str, bytes | None]:
        """What the journal is to keep since this was asked last, by name; None: forget it."""
        values, self._values = self._values, {}
        return values

    def enriched(self, event: Event, state: ApplicationState) -> Event:
        """The event with what is known of its commit; where nothing is, `gitops.commit.missing` says so.

        Of several sources the first tells that is in Git; a chart has no commit. An event of what is deployed also
        says whether two pairs of eyes saw it, as far as that can be told.
        """
        key = state.facts.key
        if event.name == _DELETED:
            self._unanswered.pop(key, None)
        revision = event.attributes.get("gitops.revision")
        if event.name not in _ABOUT_A_COMMIT or not isinstance(revision, str) or not revision:
            return event
        question = _question(state, tuple(revision.split(",")))
        if question is None:
            return event
        commit = self._commits.request(key, *question)
        found = attributes(commit, self._shown) or {"gitops.commit.missing": True}
        if event.name in _JUDGED and revision == revision_of(state.memory.deployed):
            verdict = authorship.verdict(state.memory, commit)
            found |= {} if verdict is None else {"gitops.four_eyes": verdict}
            self._follow(state, question, commit)
        return replace(event, attributes={**event.attributes, **found})

    def _follow(self, state: ApplicationState, question: _Question, commit: Commit | None) -> None:
        """Have what was deployed by hand judged: now, or once its commit is known."""
        key = state.facts.key
        if not state.memory.deployer:
            self._unanswered.pop(key, None)
        elif commit is None:
            self._wait(key, question)
        else:
            self._tell(key, commit)

    def _wait(self, key: Key, question: _Question) -> None:
        self._unanswered[key] = question
        self._unanswered.move_to_end(key)
        if len(self._unanswered) > _UNANSWERED_MOST:
            self._unanswered.popitem(last=False)

    def _tell(self, key: Key, commit: Commit) -> None:
        self._unanswered.pop(key, None)
        self.learned.put_nowait(Learned(key, commit))

    def measure(self, own: OwnMetrics) -> None:
        """Bring the metrics of the source up to date."""
        own.set(exporter.COMMITS_WAITING, (), self._commits.waiting)
        for outcome in Outcome:
            own.advance(exporter.COMMITS, (outcome.value,), self._commits.outcomes[outcome])

    def _arrived(self, arrival: Arrival) -> None:
        self._values.update(arrival.values)
        commit = arrival.commit
        for key in arrival.applications:
            question = self._unanswered.get(key)
            if question is not None and question[:2] == (commit.repository, commit.revision):
                self._tell(key, commit)

    def _shown(self, name: str) -> str:
        return pseudonym(self._context, name)


def _question(state: ApplicationState, revisions: Sequence[str]) -> _Question | None:
    """What to ask for; None when nothing of it is in Git."""
    for place, source in enumerate(state.facts.sources[: len(revisions)]):
        if not source.chart:
            return _Question(source.repository, revisions[place], place)
    return None
