"""What a sink of deployments makes of an event."""

from observability.delivery.sinks.deployments import Step, deployment
from tests.records import event

ROLLBACK = {"gitops.deployment.id": 7, "gitops.application.uid": "u"}
DEPLOYED = event("gitops.application.deployed", attributes={**ROLLBACK, "gitops.sync.kind": "rollback"})
ROLLED_BACK = event("gitops.application.rolled_back", attributes=ROLLBACK)


def test_both_events_of_a_rollback_are_one() -> None:
    first, second = deployment(DEPLOYED), deployment(ROLLED_BACK)
    assert first is not None
    assert first == second
    assert first.step is Step.ROLLED_BACK
    assert len(bytes.fromhex(first.id)) == 16


def test_two_rollbacks_are_two() -> None:
    found = {
        deployment(event("gitops.application.rolled_back", attributes={**ROLLBACK, **change}))
        for change in ({}, {"gitops.deployment.id": 8}, {"gitops.application.uid": "v"}, {"gitops.revision": "c"})
    }
    assert len(found) == 4


def test_without_the_deployment_the_event_is_what_it_is_known_by() -> None:
    told = event("gitops.application.rolled_back")
    assert deployment(told) == (Step.ROLLED_BACK, told.id)


def test_everything_else_keeps_its_id() -> None:
    for name, step in (("deployed", Step.UPGRADED), ("deleted", Step.REMOVED)):
        told = event(f"gitops.application.{name}", attributes=ROLLBACK)
        assert deployment(told) == (step, told.id)
