"""Adds to events what is known of the commit that they are about, and asks for what is not known yet.

A commit is asked for when a revision waits or a sync begins: until it is deployed there is mostly an answer. An event
never waits for one.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from observability.delivery.own import OwnMetrics
from observability.model.event import Event
from observability.model.state import ApplicationState
from observability.signals import exporter
from observability.signals.commits import attributes
from observability.signals.transitions import Context, pseudonym
from observability.sources.commits.cache import Cache
from observability.sources.commits.requests import Arrival, Commits, Outcome
from observability.sources.commits.source import CommitSource

_PREFIX: Final = "gitops.application."
_ABOUT_A_COMMIT: Final = frozenset(
    _PREFIX + name
    for name in ("deployed", "healthy_after_deploy", "revision.pending", "rolled_back", "sync.finished", "sync.started")
)


class Enrichment:
    """What is known of commits, in the way of no event. `clock` and `random` as `Commits` wants them."""

    def __init__(
        self, source: CommitSource, context: Context, clock: Callable[[], float], random: Callable[[], float]
    ) -> None:
        self._context = context
        self._cache = Cache()
        self._values: dict[str, bytes | None] = {}
        self._commits = Commits(source, self._cache, self._arrived, clock, random)
        self.run = self._commits.run

    def restore(self, values: Mapping[str, bytes]) -> None:
        """Go on with the commits among the saved values."""
        self._values.update(self._cache.restore(values))

    def unsaved(self) -> dict[str, bytes | None]:
        """What the journal is to keep since this was asked last, by name; None: forget it."""
        values, self._values = self._values, {}
        return values

    def enriched(self, event: Event, state: ApplicationState) -> Event:
        """The event with what is known of its commit; where nothing is, `gitops.commit.missing` says so.

        Of several sources the first tells that is in Git; a chart has no commit.
        """
        revision = event.attributes.get("gitops.revision")
        if event.name not in _ABOUT_A_COMMIT or not isinstance(revision, str) or not revision:
            return event
        revisions = revision.split(",")
        facts = state.facts
        for place, source in enumerate(facts.sources[: len(revisions)]):
            if not source.chart:
                commit = self._commits.request(facts.key, source.repository, revisions[place], place)
                found = attributes(commit, self._shown) or {"gitops.commit.missing": True}
                return replace(event, attributes={**event.attributes, **found})
        return event

    def measure(self, own: OwnMetrics) -> None:
        """Bring the metrics of the source up to date."""
        own.set(exporter.COMMITS_WAITING, (), self._commits.waiting)
        for outcome in Outcome:
            own.advance(exporter.COMMITS, (outcome.value,), self._commits.outcomes[outcome])

    def _arrived(self, arrival: Arrival) -> None:
        self._values.update(arrival.values)

    def _shown(self, name: str) -> str:
        return pseudonym(self._context, name)
