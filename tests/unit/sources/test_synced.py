"""What a sync did to each resource, and what a top-level operation asks for, are read when they are looked at."""

from typing import Any

import pytest

from observability.model.application import Application, Operation, SyncedResource, Target
from observability.model.status import Phase
from observability.sources.applications import decode_application
from tests.builders import encoded

JOB = {
    "group": "batch",
    "version": "v1",
    "kind": "Job",
    "namespace": "shop",
    "name": "migrate",
    "status": "Synced",
    "message": "created with password=canary",
    "hookType": "PreSync",
    "hookPhase": "Succeeded",
    "syncPhase": "PreSync",
    "images": ["a:1"],
}


def decoded(problems: list[tuple[str, str]] | None = None, **more: Any) -> Application:
    document = {"metadata": {"name": "a", "namespace": "argocd"}, **more}
    return decode_application(encoded(document), [] if problems is None else problems)


def done(resources: Any) -> tuple[SyncedResource, ...]:
    state = {"phase": "Succeeded", "syncResult": {"revision": "b", "resources": resources}}
    operation = decoded(status={"operationState": state}).operation
    assert operation is not None
    assert len(operation.resources) == len(tuple(operation.resources))
    return tuple(operation.resources)


def test_resources_and_hooks_are_told_without_secrets() -> None:
    assert done([JOB, {"kind": "ConfigMap", "name": "config", "status": "Pruned"}]) == (
        SyncedResource(
            "batch", "Job", "shop", "migrate", "Synced", "PreSync", "PreSync", "Succeeded", "created with password=…"
        ),
        SyncedResource("", "ConfigMap", "", "config", "Pruned"),
    )


@pytest.mark.parametrize("resources", [None, [], "x", 1, {"a": 1}, [None, 3, "x"], [{"name": 3}]])
def test_what_cannot_be_read_is_left_out(resources: Any) -> None:
    assert done(resources) == ()


def test_one_that_cannot_be_read_hides_no_other() -> None:
    assert [one.name for one in done([{"name": 3}, {"name": "config"}])] == ["config"]


def test_they_can_be_sliced_and_compared() -> None:
    state = {"phase": "Succeeded", "syncResult": {"resources": [JOB, JOB]}}
    one, other = (decoded(status={"operationState": state}).operation for _ in range(2))
    assert one is not None
    assert one == other
    assert one.resources[1] == one.resources[0]
    assert len(one.resources[:1]) == 1


ASKED = {"initiatedBy": {"username": "alice"}, "sync": {"revision": "b", "dryRun": True, "resources": [{"name": "x"}]}}


def test_what_is_asked_for() -> None:
    app = decoded(operation=ASKED)
    assert app.requested
    assert app.asked == Operation(username="alice", dry_run=True, partial=True, requested=Target(("b",)))


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.TERMINATING])
def test_once_it_runs_the_state_of_the_operation_tells(phase: Phase) -> None:
    app = decoded(operation=ASKED, status={"operationState": {"phase": phase.value, "operation": ASKED}})
    assert app.requested
    assert app.asked is None


def test_an_older_result_does_not_hide_it() -> None:
    app = decoded(operation=ASKED, status={"operationState": {"phase": "Succeeded"}})
    assert app.asked is not None


def test_nothing_is_asked_for() -> None:
    assert (decoded().asked, decoded(operation=None).asked) == (None, None)


def test_one_that_cannot_be_read_is_known_to_be_there() -> None:
    problems: list[tuple[str, str]] = []
    app = decoded(problems, operation={"sync": 3})
    assert (app.requested, app.asked) == (True, None)
    assert problems == [("operation", "Expected 'object | null', got 'int' - at '$.sync'")]
