"""The table of states agrees with the catalogue."""

import pytest

from observability.errors import SpecError
from observability.model.status import Cause, HealthStatus, Phase, Result, SyncStatus
from observability.monitoring.spec.states import IN_SYNC, STATES, coded, states
from observability.signals import applications


@pytest.mark.parametrize(
    ("name", "words"),
    [("health", HealthStatus), ("sync", SyncStatus), ("phase", Phase), ("result", Result), ("cause", Cause)],
)
def test_every_word_has_a_colour(name: str, words: type[HealthStatus]) -> None:
    assert {state.word for state in states(name)} - {IN_SYNC.word} == set(words)


@pytest.mark.parametrize("name", STATES)
def test_words_numbers_and_colours_are_told_apart(name: str) -> None:
    for values in zip(*states(name), strict=True):
        assert len(set(values)) == len(values)


def test_states_are_numbered_in_queries() -> None:
    expression = coded(applications.SYNC_STATUS, "sync", "sync_status")
    assert [part.split(" * ")[0].strip("(") for part in expression.split(" or ")] == ["2", "1", "0"]
    worst, *_, best = expression.split(" or ")
    assert 'sync_status="OutOfSync"} == 1)' in worst
    assert best.endswith('sync_status="Synced"})')


def test_what_has_no_series_is_not_asked_for() -> None:
    assert "in sync" not in coded(applications.OUT_OF_SYNC, "cause", "cause")


def test_a_label_that_a_metric_does_not_have_is_refused() -> None:
    with pytest.raises(SpecError):
        coded(applications.SYNC_STATUS, "sync", "health_status")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SpecError, match="among available, blocked"):
        states("mood")
