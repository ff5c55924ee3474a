"""The DORA metrics of a past that is known."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.cli import formats
from observability.reports import delivery
from observability.reports.selection import Selection
from observability.reports.table import Table
from observability.state.tallies import Tallies
from tests.builders import NOON
from tests.past import DAY, HOUR, NEW, OLD, event, sync

BAD = "f" * 40
PAST = [
    *sync(0, "argocd/shop-dev", revision=NEW),
    event("healthy_after_deploy", 30, "argocd/shop-dev", revision=NEW, time_to_healthy_seconds=30.0),
    *sync(HOUR, revision=NEW),
    event("healthy_after_deploy", HOUR + 60, revision=NEW, time_to_healthy_seconds=60.0),
    *sync(2 * HOUR, revision=BAD, before=NEW),
    event("health.changed", 2 * HOUR + 100, health__status="Degraded", health__previous_status="Healthy"),
    *sync(2 * HOUR + 700, kind="rollback", revision=NEW, before=BAD),
    event("rolled_back", 2 * HOUR + 700, rollback__scope="cluster", revision=NEW, previous_revision=BAD),
    event(
        "health.changed",
        2 * HOUR + 800,
        health__status="Healthy",
        health__previous_status="Degraded",
        degraded__duration_seconds=700.0,
    ),
    event("health.changed", 9 * HOUR, "argocd/shop-dev", health__status="Degraded"),
    event("health.changed", 9 * HOUR + 50, "argocd/shop-dev", health__status="Healthy"),
]


def rows(table: Table) -> list[dict[str, object]]:
    return [dict(zip(table.names, row, strict=True)) for row in table.rows]


def test_each_service_of_each_environment() -> None:
    dev, prod = rows(delivery.report(PAST, Selection(), NOON + DAY))
    assert dev == {
        "environment": "dev",
        "service": "shop",
        "deployments": 1,
        "deployments_per_day": 1.0,
        "lead_time_median_seconds": 30.0,
        "lead_time_p90_seconds": 30.0,
        "lead_times_known": 1,
        "change_failures": 0,
        "change_failure_rate": 0.0,
        "time_to_restore_median_seconds": None,
        "reworks": 0,
        "rework_rate": 0.0,
    }
    assert prod == {
        "environment": "prod",
        "service": "shop",
        "deployments": 3,
        "deployments_per_day": 3.0,
        "lead_time_median_seconds": HOUR + 60,
        "lead_time_p90_seconds": HOUR + 60,
        "lead_times_known": 1,
        "change_failures": 1,
        "change_failure_rate": 0.3333,
        "time_to_restore_median_seconds": 700.0,
        "reworks": 1,
        "rework_rate": 0.3333,
    }


def test_a_report_says_what_the_metrics_say() -> None:
    tallies = Tallies()
    tallies.take(PAST)
    counted = {group.environment: tally.counts for group, tally in tallies.tallies().items()}
    for row in rows(delivery.report(PAST, Selection(), NOON + DAY)):
        counts = counted[str(row["environment"])]
        assert row["deployments"] == counts.deployments
        assert row["change_failures"] == counts.change_failures
        assert row["reworks"] == counts.rework
        assert row["lead_times_known"] == sum(counts.lead_time.counts if counts.lead_time else ())


def test_lead_time_is_from_the_commit_where_that_is_known() -> None:
    healthy = event("healthy_after_deploy", 30, revision=NEW, commit__time_seconds=NOON - DAY)
    (row,) = rows(delivery.report([*sync(0), healthy], Selection(), NOON + DAY))
    assert row["lead_time_median_seconds"] == DAY + 30


def test_a_selection_of_prod_still_knows_dev() -> None:
    (row,) = rows(delivery.report(PAST, Selection(environment="prod", since=NOON - 6 * DAY), NOON + DAY))
    assert row["lead_time_median_seconds"] == HOUR + 60
    assert row["deployments_per_day"] == pytest.approx(3 / 7, abs=1e-3)


def test_less_than_a_day_tells_no_rate() -> None:
    past = [*sync(0), *sync(30)]
    (row,) = rows(delivery.report(past, Selection(), NOON + 60))
    assert (row["deployments"], row["deployments_per_day"]) == (2, None)
    assert delivery.report(past, Selection(), NOON + 60).lines[0][3] == "-"
    (row,) = rows(delivery.report(past, Selection(since=NOON + 60 - DAY + 1e-7), NOON + 60))
    assert row["deployments_per_day"] == 2.0


def test_environments_come_in_the_order_of_promotion() -> None:
    past = [*sync(0, "argocd/shop-staging"), *sync(0), *sync(0, "argocd/shop-dev"), *sync(0, "argocd/api-staging")]
    found = [(row["environment"], row["service"]) for row in rows(delivery.report(past, Selection(), NOON + DAY))]
    assert found == [("dev", "shop"), ("staging", "api"), ("staging", "shop"), ("prod", "shop")]


def test_the_failure_window_can_be_chosen() -> None:
    past = PAST[:9]
    assert [row["change_failures"] for row in rows(delivery.report(past, Selection(), NOON + DAY))] == [0, 1]
    assert [row["change_failures"] for row in rows(delivery.report(past, Selection(), NOON + DAY, window=99.0))] == [
        0,
        0,
    ]


def test_services_can_be_taken_together() -> None:
    past = [*sync(0), *sync(60, "argocd/checkout-prod")]
    table = delivery.report(past, Selection(), NOON + DAY, by_service=False)
    (row,) = rows(table)
    assert (row["environment"], row["service"], row["deployments"]) == ("prod", None, 2)
    assert table.lines[0][:3] == ("prod", "all", "2")


def test_what_failed_in_a_time_without_deployments_is_told() -> None:
    (row,) = rows(delivery.report(PAST, Selection(since=NOON + 2 * HOUR + 750, environment="prod"), NOON + DAY))
    assert (row["deployments"], row["change_failure_rate"], row["time_to_restore_median_seconds"]) == (0, None, 700.0)


def test_a_table_for_people() -> None:
    text = formats.terminal(delivery.report(PAST, Selection(), NOON + DAY), 100)
    assert text.partition("\n\n")[0] == (
        "ENV   SERVICE  DEPLOYMENTS  PER DAY  LEAD TIME  P90    FAILURES  RESTORE  REWORK\n"
        "dev   shop     1            1        30s        30s    0% (0)    -        0% (0)\n"
        "prod  shop     3            3        1h 1m      1h 1m  33% (1)   11m 40s  33% (1)"
    )
    assert all(f"\n{name}: " in text for name in delivery.DEFINITIONS)
    assert "within 1h" in text
    assert max(map(len, text.splitlines())) <= 100


def test_json_holds_the_definitions() -> None:
    document = json.loads(formats.as_json(delivery.report(PAST, Selection(), NOON + DAY)))
    assert (document["since"], document["until"]) == ("2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z")
    assert set(document["definitions"]) == set(delivery.DEFINITIONS)
    assert len(document["rows"]) == 2


def test_without_a_deployment() -> None:
    table = delivery.report([event("revision.pending", 0, revision=OLD)], Selection(), NOON)
    assert (table.rows, table.empty) == ((), "no deployment in this time")


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_and_so_many_do_not_exceed_it(values: list[float], share: float) -> None:
    found = delivery.percentile(values, share)
    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) >= len(values) * share - 1e-6


def test_percentiles() -> None:
    assert delivery.percentile([], 0.9) is None
    assert delivery.percentile([float(n) for n in range(1, 11)], 0.9) == 9.0
    assert delivery.percentile([1.0, 2.0], 0.9) == 2.0
