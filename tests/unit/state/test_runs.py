"""Which sync operation is on its way, from when it is asked for until it ended."""

from typing import Any, Final

import pytest

from observability.model.application import Application, Operation, Target
from observability.model.observation import Kind, Observation
from observability.model.state import ApplicationState, Run
from observability.model.status import Phase, Result, SyncKind
from observability.settings.environments import Environment, by_name
from observability.state.runs import kind_of
from observability.state.store import Store
from tests.builders import GIT, NOON, application, entry, listing, operation, project, seen, target, window

ENVIRONMENTS: Final = (Environment(name="prod"),)
AUTOMATED: Final[dict[str, Any]] = {"automated": True}


class Watched:
    """An Application that is watched, update by update."""

    def __init__(self, **facts: Any) -> None:
        self.store = Store(settle_seconds=10.0, environments=ENVIRONMENTS, identity=(by_name(ENVIRONMENTS),))
        self.version = 0
        self.store.apply(listing([project()], NOON - 60))
        self.store.apply(listing([self._next(facts)], NOON - 60))

    def sees(self, at: float = NOON, **facts: Any) -> Run | None:
        """The run after an update."""
        return self.takes(seen(self._next(facts), at))

    def takes(self, observation: Observation) -> Run | None:
        self.store.apply([observation])
        (state,) = self.store.states(Kind.APPLICATION).values()
        assert isinstance(state, ApplicationState)
        return state.memory.run

    def _next(self, facts: dict[str, Any]) -> Application:
        self.version += 1
        return application(resource_version=str(self.version), **facts)


def asked(**more: Any) -> dict[str, Any]:
    return {"requested": True, "asked": Operation(**more)}


def test_a_sync_is_asked_for_begins_and_ends() -> None:
    app = Watched(history=(entry(0, "a"),))
    run = app.sees(NOON, **asked(username="alice", requested=target("b", 0)))
    assert run == Run(
        kind=SyncKind.MANUAL, automated=False, initiator="alice", requested_at=NOON, target=target("b", 0)
    )
    begun = operation(Phase.RUNNING, NOON, username="alice", requested=target("b", 0))
    run = app.sees(NOON + 0.2, requested=True, operation=begun)
    assert run is not None
    assert (run.requested_at, run.started_at, run.number, run.result) == (NOON, NOON, 0, None)
    assert run.queue_seconds == pytest.approx(0.2)
    ended = operation(Phase.SUCCEEDED, NOON, NOON + 5, username="alice", synced=target("b"), message="ok")
    run = app.sees(NOON + 5.3, operation=ended)
    assert run is not None
    assert (run.result, run.finished_at, run.message, run.target) == (Result.SUCCESS, NOON + 5, "ok", target("b"))
    assert app.sees(NOON + 60, operation=ended) is run


def test_an_operation_that_waited_for_a_controller_was_in_the_queue() -> None:
    app = Watched()
    app.sees(NOON, **asked())
    run = app.sees(NOON + 90, requested=True, operation=operation(Phase.RUNNING, NOON + 19))
    assert run is not None
    assert run.queue_seconds == 20.0, "it began within the second of startedAt, however late that was seen"


def test_what_was_asked_for_and_taken_back_leaves_nothing() -> None:
    app = Watched()
    assert app.sees(**asked()) is not None
    assert app.sees() is None


def test_a_retry_is_the_same_run_whatever_it_syncs() -> None:
    app = Watched()
    app.sees(operation=operation(Phase.RUNNING, synced=target("b")))
    waiting = operation(Phase.RUNNING, ended=NOON + 2, retries=1, requested=target("b"))
    app.sees(NOON + 2, operation=waiting)
    run = app.sees(NOON + 9, operation=operation(Phase.RUNNING, retries=1, synced=target("c")))
    assert run is not None
    assert (run.number, run.retries, run.target) == (0, 1, target("c"))


@pytest.mark.parametrize("seen_running", [True, False])
def test_another_operation_in_the_same_second_has_the_next_number(seen_running: bool) -> None:
    app = Watched()
    app.sees(operation=operation(Phase.RUNNING, NOON, **AUTOMATED))
    app.sees(operation=operation(Phase.SUCCEEDED, NOON, NOON, **AUTOMATED))
    app.sees(**asked(self_heal_attempts=1, **AUTOMATED))
    if seen_running:
        app.sees(requested=True, operation=operation(Phase.RUNNING, NOON, self_heal_attempts=1, **AUTOMATED))
    run = app.sees(operation=operation(Phase.SUCCEEDED, NOON, NOON, self_heal_attempts=1, **AUTOMATED))
    assert run is not None
    assert (run.kind, run.started_at, run.number, run.result) == (SyncKind.SELF_HEAL, NOON, 1, Result.SUCCESS)


def test_another_person_in_the_same_second_is_another_run() -> None:
    app = Watched()
    app.sees(operation=operation(Phase.RUNNING, NOON, username="alice"))
    run = app.sees(operation=operation(Phase.RUNNING, NOON, username="bob"))
    assert run is not None
    assert (run.initiator, run.number) == ("bob", 1)


def test_a_later_second_counts_from_0_again() -> None:
    app = Watched()
    for number in range(2):
        app.sees(operation=operation(Phase.RUNNING, NOON))
        run = app.sees(operation=operation(Phase.SUCCEEDED, NOON, NOON + number))
        assert run is not None
        assert run.number == number
    run = app.sees(operation=operation(Phase.RUNNING, NOON + 1))
    assert run is not None
    assert run.number == 0


def test_a_run_that_was_not_seen_to_run_is_told_when_it_ended() -> None:
    app = Watched()
    run = app.sees(NOON + 60, operation=operation(Phase.FAILED, NOON, NOON + 3, message="no"))
    assert run is not None
    assert (run.started_at, run.finished_at, run.result, run.requested_at) == (NOON, NOON + 3, Result.FAILURE, None)


def test_one_that_is_asked_for_with_kubectl_beside_the_last_result_is_new() -> None:
    app = Watched()
    last = operation(Phase.SUCCEEDED, NOON - 30)
    app.sees(operation=last)
    run = app.sees(operation=last, **asked())
    assert run is not None
    assert (run.requested_at, run.started_at, run.result) == (NOON, None, None)


def test_what_an_application_shows_at_first_sight_is_known_and_not_new() -> None:
    run = Watched(operation=operation(Phase.SUCCEEDED, NOON - 90)).sees(operation=operation(Phase.SUCCEEDED, NOON - 90))
    assert run is not None
    assert (run.started_at, run.result, run.requested_at) == (NOON - 90, Result.SUCCESS, None)
    run = Watched(**asked()).sees(**asked())
    assert run is not None
    assert run.requested_at is None


def test_operations_without_a_start_are_followed_all_the_same() -> None:
    app = Watched()
    app.sees(operation=Operation(phase=Phase.RUNNING))
    run = app.sees(NOON + 5, operation=Operation(phase=Phase.SUCCEEDED))
    assert run is not None
    assert (run.started_at, run.result, run.finished_at) == (None, Result.SUCCESS, NOON + 5)


@pytest.mark.parametrize(
    ("windows", "blocked"),
    [((window(),), True), ((window(manual_sync=True),), False), ((), False)],
    ids=["a window forbids it", "a window lets it", "no window"],
)
def test_it_is_blocked_when_the_message_and_the_windows_say_so(windows: tuple[Any, ...], blocked: bool) -> None:
    app = Watched()
    app.takes(seen(project("shop", *windows), NOON))
    app.store.due(NOON)
    parked = operation(Phase.RUNNING, message="Sync operation blocked by sync window")
    run = app.sees(operation=parked)
    assert run is not None
    assert run.blocked is blocked
    run = app.sees(operation=operation(Phase.SUCCEEDED, ended=NOON + 60))
    assert run is not None
    assert run.blocked is blocked, "it stays known"


HISTORY: Final = (entry(0, "a"), entry(1, "b"), entry(2, "c"))


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (SyncKind.SELF_HEAL, {"automated": True, "self_heal_attempts": 1, "partial": True}),
        (SyncKind.AUTO, {"automated": True, "partial": True}),
        (SyncKind.LOCAL, {"local": True, "partial": True}),
        (SyncKind.PARTIAL, {"partial": True, "requested": target("a")}),
        (SyncKind.ROLLBACK, {"requested": target("a")}),
        (SyncKind.ROLLBACK, {"requested": target("a", 0), "username": "bob"}),
        (SyncKind.MANUAL, {"requested": target("c")}),
        (SyncKind.MANUAL, {"requested": target("d")}),
        (SyncKind.MANUAL, {"requested": target("x")}),
        (SyncKind.ROLLBACK, {"requested": target("x"), "apply_only": True}),
        (SyncKind.MANUAL, {"requested": target("x"), "apply_only": True, "options": ("Force=true",)}),
        (SyncKind.MANUAL, {"requested": target("d"), "apply_only": True}),
        (SyncKind.MANUAL, {"requested": target("a", 7)}),
        (SyncKind.MANUAL, {}),
    ],
)
def test_kinds(kind: SyncKind, facts: dict[str, Any]) -> None:
    """Git wants `d`, `c` is deployed."""
    assert kind_of(application(history=HISTORY, desired=target("d")), Operation(**facts)) is kind


def test_to_end_a_rollback_is_none() -> None:
    history = (entry(0, "a"), entry(1, "b"), entry(2, "a"))
    asked_for = Operation(requested=target("b", 0))
    assert kind_of(application(history=history, desired=target("b")), asked_for) is SyncKind.MANUAL


def test_to_go_back_to_git_after_a_local_sync_is_none() -> None:
    history = (*HISTORY, entry(3, "").__class__(3, Target((), GIT), NOON))
    asked_for = Operation(requested=target("c"))
    assert kind_of(application(history=history, desired=target("main")), asked_for) is SyncKind.MANUAL


def test_a_rollback_is_one_still_when_its_own_entry_has_come() -> None:
    history = (*HISTORY, entry(3, "a", NOON + 1))
    done = operation(Phase.SUCCEEDED, NOON, requested=target("a"))
    assert kind_of(application(history=history, desired=target("c")), done) is SyncKind.ROLLBACK
