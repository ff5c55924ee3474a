"""What Git alone would not bring back, as the states show it."""

import json

import pytest
from msgspec.structs import replace

from observability.cli import formats
from observability.model.application import Condition
from observability.model.state import ApplicationState
from observability.model.status import Cause, HealthStatus, SyncStatus
from observability.reports import recovery
from observability.reports.selection import Selection
from tests.builders import NOON, application, identity, state

DRIFTED = state(
    application(sync=SyncStatus.OUT_OF_SYNC), cause=Cause.LIVE_DRIFT, out_of_sync_since=NOON - 60, identity=identity()
)


def found(one: ApplicationState) -> tuple[str, ...]:
    return recovery.entry(one).obstacles


@pytest.mark.parametrize(
    ("one", "obstacles"),
    [
        (state(), ()),
        (DRIFTED, ("live_drift",)),
        (state(application(sync=SyncStatus.OUT_OF_SYNC), cause=Cause.PENDING_REVISION), ()),
        (state(application(), cause=Cause.LIVE_DRIFT), ()),
        (state(rolled_back=True), ("rolled_back",)),
        (state(application(parameter_overrides=True), local=True), ("parameter_overrides", "local_manifests")),
        (state(application(conditions=(Condition("ComparisonError"),))), ("comparison_error",)),
        (state(application(conditions=(Condition("InvalidSpecError"),))), ("comparison_error",)),
        (state(application(conditions=(Condition("OrphanedResourceWarning"),))), ()),
    ],
)
def test_obstacles_are_named_in_their_order(one: ApplicationState, obstacles: tuple[str, ...]) -> None:
    assert found(one) == obstacles


def test_each_obstacle_is_explained() -> None:
    assert all(one.meaning for one in recovery.OBSTACLES)
    assert len({one.name for one in recovery.OBSTACLES}) == len(recovery.OBSTACLES)


STATES = [
    DRIFTED,
    state(
        application("checkout-staging", health=HealthStatus.PROGRESSING),
        identity=identity("checkout-staging", "staging", "checkout"),
    ),
    state(application("shop-staging"), identity=identity("shop-staging", "staging"), rolled_back=True, local=True),
]


def test_a_table_for_people() -> None:
    assert formats.terminal(recovery.report(STATES, Selection(), NOON), 100) == (
        "APPLICATION   ENV      SYNC       HEALTH   REVISION  NOT IN GIT BECAUSE OF\n"
        "shop-prod     prod     OutOfSync  Healthy  a         live_drift\n"
        "shop-staging  staging  Synced     Healthy  a         rolled_back, local_manifests\n"
        "\n"
        "2 of 3 applications could not be rebuilt from Git as they run now\n"
        "1 of 3 applications are Synced and Healthy; staging 1 of 2; prod 0 of 1\n"
        "live_drift: somebody changed the cluster by hand: the change would be gone\n"
        "rolled_back: a rollback stands: Git would bring back what was rolled back\n"
        "local_manifests: manifests came from somebody's machine: Git never had them\n"
        "as recorded until 2026-11-23T12:00:00Z\n"
        "only what the Applications show: fields that Git does not declare, volumes and Secrets are not seen\n"
    )


def test_json_tells_how_far_a_rebuilt_cluster_is() -> None:
    document = json.loads(formats.as_json(recovery.report(STATES, Selection(environment="staging"), None)))
    assert (document["applications"], document["blocked"], document["synced_and_healthy"]) == (2, 1, 1)
    assert document["environments"] == {"staging": {"applications": 2, "synced_and_healthy": 1}}
    assert document["recorded_at"] is None
    assert [row["obstacles"] for row in document["rows"]] == [["rolled_back", "local_manifests"]]


def test_nothing_to_tell() -> None:
    assert recovery.report([state()], Selection()).empty == "nothing is known that Git would not bring back"
    assert recovery.report([], Selection()).empty == "no application is known"


def test_what_was_never_deployed_has_no_revision() -> None:
    never = replace(state(), memory=replace(state().memory, deployed=None))
    assert recovery.entry(never).revision == ""
