"""The order of updates in each operation is that of the recorded streams of a real Argo CD 3.6-dev.

A shape is what an update shows: sync status, health, `op` while `.operation` is set, phase, whether it has finished,
length of the history.
"""

from collections.abc import Iterator
from random import Random
from typing import TypeAlias

import pytest

from observability.demo import operations
from observability.demo.application import App, Operation, Release, Unit
from observability.demo.operations import Move

NOW = "2026-11-23T07:28:22Z"
OLD = Release("a" * 40, "main", "1.0.0")
NEW = Release("b" * 40, "main", "1.1.0")
Shape: TypeAlias = tuple[str, str, str, str, str, int]


def unit(environment: str = "dev") -> Unit:
    name = f"shop-{environment}"
    path = f"envs/{environment}"
    return Unit(("argocd", name), "u", "shop", environment, "shop", "https://git.example.com/shop.git", path, NOW, True)


def deployed() -> App:
    """Synced and Healthy at OLD, after one automated sync."""
    app = App(unit=unit(), target="main")
    return states(operations.first_sync(Random(1), Operation(OLD, automated=True)), app)[-1]


def states(moves: Iterator[Move], app: App) -> list[App]:
    """Each state that the moves make of `app`; a deletion ends them."""
    made = []
    for _, change in moves:
        after = change(app, NOW)
        if after is None:
            break
        made.append(app := after)
    return made


def shape(app: App) -> Shape:
    state = app.state
    phase = state.phase if state else "-"
    finished = "finished" if state and state.finished_at else "-"
    return app.sync or "-", app.health or "-", "op" if app.operation else "-", phase, finished, len(app.history)


def shapes(moves: Iterator[Move], app: App) -> list[Shape]:
    return [shape(state) for state in states(moves, app)]


def test_a_first_automated_sync_is_healthy_before_it_progresses() -> None:
    moves = operations.first_sync(Random(1), Operation(OLD, automated=True))

    assert shapes(moves, App(unit=unit(), target="main")) == [
        ("-", "-", "op", "-", "-", 0),
        ("-", "-", "op", "Running", "-", 0),
        ("OutOfSync", "Missing", "op", "Running", "-", 0),
        ("OutOfSync", "Healthy", "op", "Running", "-", 0),
        ("OutOfSync", "Healthy", "op", "Running", "-", 1),
        ("OutOfSync", "Healthy", "-", "Succeeded", "finished", 1),
        ("Synced", "Progressing", "-", "Succeeded", "finished", 1),
        ("Synced", "Progressing", "-", "Succeeded", "finished", 1),
        ("Synced", "Healthy", "-", "Succeeded", "finished", 1),
    ]


def test_a_first_sync_by_hand_waits_out_of_sync() -> None:
    moves = operations.first_sync(Random(1), Operation(OLD, "alice"))

    assert shapes(moves, App(unit=unit(), target="main"))[:4] == [
        ("OutOfSync", "Missing", "-", "-", "-", 0),
        ("OutOfSync", "Missing", "op", "-", "-", 0),
        ("OutOfSync", "Missing", "op", "Running", "-", 0),
        ("OutOfSync", "Healthy", "op", "Running", "-", 0),
    ]


def test_an_automated_sync_is_asked_for_while_still_synced() -> None:
    moves = operations.sync(Random(1), Operation(NEW, automated=True))

    assert shapes(moves, deployed()) == [
        ("Synced", "Healthy", "op", "-", "-", 1),
        ("Synced", "Healthy", "op", "Running", "-", 1),
        ("OutOfSync", "Healthy", "op", "Running", "-", 1),
        ("OutOfSync", "Healthy", "op", "Running", "-", 2),
        ("OutOfSync", "Healthy", "-", "Succeeded", "finished", 2),
        ("Synced", "Progressing", "-", "Succeeded", "finished", 2),
        ("Synced", "Progressing", "-", "Succeeded", "finished", 2),
        ("Synced", "Healthy", "-", "Succeeded", "finished", 2),
    ]


def test_the_terminal_update_carries_the_old_verdict_and_the_image_comes_after_the_verdict() -> None:
    made = states(operations.sync(Random(1), Operation(NEW, automated=True)), deployed())

    terminal = next(app for app in made if app.state and app.state.finished_at)
    assert (terminal.live, terminal.version) == ("ssO", "1.0.0")
    assert [app.version for app in made[-3:]] == ["1.0.0", "1.1.0", "1.1.0"]


def test_a_new_verdict_follows_the_terminal_update_within_a_tenth_of_a_second() -> None:
    moves = list(operations.sync(Random(1), Operation(NEW, automated=True)))

    names = [getattr(change, "func", change).__name__ for _, change in moves]
    assert moves[names.index("settle")][0] == pytest.approx(0.08)


def test_self_heal_leaves_no_history_entry_and_counts_its_attempts() -> None:
    made = states(operations.self_heal(Operation(OLD, automated=True, attempt=2)), deployed())

    assert [shape(app) for app in made] == [
        ("Synced", "Healthy", "op", "-", "-", 1),
        ("Synced", "Healthy", "op", "Running", "-", 1),
        ("OutOfSync", "Healthy", "op", "Running", "-", 1),
        ("OutOfSync", "Healthy", "-", "Succeeded", "finished", 1),
        ("Synced", "Healthy", "-", "Succeeded", "finished", 1),
    ]
    assert made[-1].state is not None
    assert made[-1].state.operation.attempt == 2


def test_a_repair_is_synced_while_it_still_runs() -> None:
    drifted = deployed().write(sync="OutOfSync", live="Oss")

    assert shapes(operations.repair(Random(1), Operation(OLD, "alice")), drifted)[1:5] == [
        ("OutOfSync", "Healthy", "op", "Running", "-", 1),
        ("Synced", "Healthy", "op", "Running", "-", 1),
        ("Synced", "Healthy", "op", "Running", "-", 2),
        ("Synced", "Healthy", "-", "Succeeded", "finished", 2),
    ]


def test_after_a_rollback_out_of_sync_comes_without_a_move_of_the_revision() -> None:
    broken = states(operations.sync(Random(1), Operation(NEW, "bob"), becomes="Degraded"), deployed())[-1]
    made = states(operations.roll_back(Operation(OLD, "alice", rollback=True)), broken)

    assert broken.health == "Degraded"
    assert {app.compared for app in made} == {NEW}
    assert made[-1].history[-1].release == OLD
    assert [app.sync for app in made] == ["Synced"] * 6 + ["OutOfSync"] * 2
    assert [app.health for app in made] == ["Degraded"] * 6 + ["Healthy"] * 2


def test_what_is_rewritten_is_synced_only_for_a_moment() -> None:
    moves = list(operations.rewritten(Random(1), Operation(OLD, "alice")))

    assert [app.sync for app in states(iter(moves), deployed().write(sync="OutOfSync"))][-3:] == [
        "OutOfSync",
        "Synced",
        "OutOfSync",
    ]
    assert 0.03 <= moves[-1][0] <= 0.3


def test_a_sync_set_with_kubectl_keeps_the_last_result_and_parks() -> None:
    pending = deployed().write(sync="OutOfSync", compared=NEW)
    parked = states(operations.park(Operation(NEW)), pending)

    assert [shape(app) for app in parked] == [
        ("OutOfSync", "Healthy", "op", "Succeeded", "finished", 1),
        ("OutOfSync", "Healthy", "op", "Running", "-", 1),
        ("OutOfSync", "Healthy", "op", "Running", "-", 1),
    ]
    assert parked[-1].state is not None
    assert parked[-1].state.message == operations.BLOCKED


def test_a_parked_sync_keeps_its_message_until_it_ends() -> None:
    parked = states(operations.park(Operation(NEW)), deployed().write(sync="OutOfSync", compared=NEW))[-1]
    made = states(operations.unpark(Random(1), NEW), parked)

    assert [app.state.message for app in made[:2] if app.state] == [operations.BLOCKED, operations.SUCCEEDED]
    assert [len(app.history) for app in made[:2]] == [2, 2]
    assert shape(made[-1]) == ("Synced", "Healthy", "-", "Succeeded", "finished", 2)


def test_retries_run_on_with_a_finish_and_end_as_failed() -> None:
    made = states(operations.fail(Operation(NEW, automated=True, retries=2), "shop"), deployed())
    steps = [
        (app.state.phase, bool(app.state.finished_at), app.state.retried, bool(app.state.result))
        for app in made
        if app.state
    ]

    assert steps == [
        ("Running", False, 0, False),
        ("Running", False, 0, False),
        ("Running", False, 0, True),
        ("Running", True, 1, True),
        ("Running", False, 1, False),
        ("Running", False, 1, True),
        ("Running", True, 2, True),
        ("Running", False, 2, False),
        ("Running", False, 2, True),
        ("Failed", True, 2, True),
        ("Failed", True, 2, True),
    ]
    assert len({app.state.started_at for app in made if app.state}) == 1
    assert len(made[-1].history) == 1


def test_a_failed_automated_sync_raises_a_condition_that_the_next_deployment_clears() -> None:
    failed = states(operations.fail(Operation(NEW, automated=True, retries=1), "shop"), deployed())[-1]
    mended = states(operations.sync(Random(1), Operation(OLD, automated=True)), failed)[-1]

    assert failed.error.startswith(f"Failed last sync attempt to [{NEW.revision}]: ")
    assert failed.error.endswith("(retried 1 times).")
    assert mended.error == ""


@pytest.mark.parametrize(
    ("time", "told"),
    [("2026-11-23T00:05:00Z", "12:05AM"), ("2026-11-23T07:32:14Z", "7:32AM"), ("2026-11-23T13:00:00Z", "1:00PM")],
)
def test_a_retry_tells_its_time_as_a_kitchen_clock(time: str, told: str) -> None:
    app = deployed()
    messages = []
    for _, change in operations.fail(Operation(NEW, automated=True, retries=1), "shop"):
        app = change(app, time) or app
        messages.append(app.state.message if app.state else "")

    assert any(message.endswith(f"Retrying attempt #1 at {told}.") for message in messages)


def test_a_hanging_deletion_degrades_until_it_is_gone() -> None:
    moves = list(operations.dismantle(30.0))
    made = states(iter(moves), deployed())

    assert [(app.sync, app.health, bool(app.deleted_at)) for app in made] == [
        ("Synced", "Healthy", True),
        ("OutOfSync", "Progressing", True),
        ("OutOfSync", "Missing", True),
    ]
    assert moves[-1][1](made[-1], NOW) is None


def test_a_retarget_leaves_the_verdict_of_the_old_source() -> None:
    app = operations.retarget(deployed(), NOW, target="v2.0.0")

    assert app.target == "v2.0.0"
    assert app.compared == OLD
    assert app.sync == "Synced"


def test_a_resync_moves_reconciled_at_and_nothing_else() -> None:
    app = deployed()
    later = operations.resync(app, "2026-11-23T07:31:00Z")

    assert later == app.write(reconciled_at="2026-11-23T07:31:00Z")
    assert later.generation == app.generation + 1


def test_what_was_never_compared_is_not_resynced() -> None:
    app = App(unit=unit(), target="main")

    assert operations.resync(app, NOW) is app


def test_head_moves_only_what_is_synced() -> None:
    synced, drifted = deployed(), deployed().write(sync="OutOfSync")

    moved = operations.head_moved(synced, NOW, NEW)
    assert moved.compared is not None
    assert (moved.compared.revision, moved.sync) == (NEW.revision, "Synced")
    assert operations.head_moved(drifted, NOW, NEW) is drifted


def test_a_refresh_is_an_annotation_that_the_next_verdict_removes() -> None:
    asked = operations.refresh(deployed(), NOW)
    compared = operations.compare(asked, NOW, sync="OutOfSync", live="ssO", release=NEW)

    assert (asked.refresh_at, asked.generation) == (NOW, deployed().generation)
    assert compared.refresh_at == ""


def test_the_history_is_cut_at_ten() -> None:
    app = deployed()
    for _ in range(12):
        app = states(operations.sync(Random(1), Operation(NEW, automated=True)), app)[-1]

    assert [entry.id for entry in app.history] == list(range(3, 13))


def test_a_health_may_have_begun_before_it_is_written() -> None:
    ill = operations.health(deployed(), "2026-11-23T00:01:00Z", "Degraded", ago=120)

    assert (ill.health, ill.health_since) == ("Degraded", "2026-11-22T23:59:00Z")
