"""What is counted of the recordings is what their events say, whatever way they are taken."""

from collections import Counter
from collections.abc import Iterator

import pytest

from observability.model.event import Event
from observability.model.state import Change
from observability.model.status import Result
from observability.model.tally import Histogram
from observability.settings import Settings
from observability.signals.events import events_of
from observability.signals.transitions import Context
from observability.state.tallies import Tallies
from tests.replay import TOPICS, changes
from tests.tallied import restored, saved

CONTEXT = Context.of(Settings().environments)


def told(topic: str) -> Iterator[tuple[list[Event], list[Change]]]:
    for change in changes(topic):
        yield events_of(change, CONTEXT), [change]


def size(histogram: Histogram | None) -> int:
    return 0 if histogram is None else sum(histogram.counts)


@pytest.mark.parametrize("topic", TOPICS)
def test_what_happened_is_counted(topic: str) -> None:
    tallies, restarted = Tallies(), Tallies()
    names, results, gone = Counter[str](), Counter[str](), False
    for events, some in told(topic):
        for event in events:
            if event.attributes.get("gitops.sync.dry_run") is not True:
                name = event.name.removeprefix("gitops.application.")
                names[name] += 1
                if name == "sync.finished":
                    results[str(event.attributes["cicd.pipeline.result"])] += 1
        gone |= None in tallies.take(events, some).values()
        restarted = restored(saved(restarted))
        restarted.take(events)
    counted = [tally.counts for tally in tallies.tallies().values()]
    if not gone:  # what was counted of a group goes with it
        assert {
            result.value: sum(ended[index] for counts in counted for ended in counts.syncs.values())
            for index, result in enumerate(Result)
        } == {result.value: results[result.value] for result in Result}
        assert sum(counts.deployments for counts in counted) == names["deployed"]
        assert sum(size(counts.time_to_healthy) for counts in counted) == names["healthy_after_deploy"]
        drifts = [one for counts in counted for one in counts.drift.values()]
        assert sum(map(size, drifts)) == names["drift.resolved"]
    for tally in restarted.tallies().values():
        counts = tally.counts
        assert counts.rework <= counts.change_failures <= counts.deployments
        assert size(counts.lead_time) <= size(counts.time_to_healthy) <= counts.deployments
        assert size(counts.time_to_restore) <= counts.change_failures


def test_the_failures_and_repairs_of_the_recording_of_rollbacks() -> None:
    tallies = Tallies()
    for events, some in told("rollback"):
        tallies.take(events, some)
    found = {
        group.environment: (counts.deployments, counts.change_failures, counts.rework, size(counts.time_to_restore))
        for group, counts in ((tally.group, tally.counts) for tally in tallies.tallies().values())
    }
    assert found == {"dev": (3, 1, 1, 1), "staging": (5, 1, 1, 1), "prod": (10, 3, 3, 3)}
