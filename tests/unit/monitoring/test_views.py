"""What dashboards have in common says what it is meant to say."""

import pytest

from observability.monitoring.spec import PerEnvironment, buckets, select, views
from observability.monitoring.spec.queries import MARK
from observability.signals import aggregates, applications, promotions
from observability.signals.events import APPLICATION_EVENTS
from observability.signals.metrics import Row

PENDING = select(promotions.PROMOTION_PENDING)


def test_deployments_are_told_from_other_events_by_their_attributes() -> None:
    query = views.DEPLOYED_EVENTS.query
    wanted = {"gitops.deployment.id", "gitops.sync.kind"}
    assert isinstance(query.expr, str)
    assert all(f'| {name.replace(".", "_")} != ""' in query.expr for name in wanted)
    assert [row.name for row in APPLICATION_EVENTS if wanted <= set(row.attributes)] == ["gitops.application.deployed"]


@pytest.mark.parametrize(
    ("row", "series"),
    [
        (applications.INFO, f"gitops_application_info{{{MARK}}}"),
        (aggregates.LEAD_TIME, f"gitops_lead_time_seconds_count{{{MARK}}}"),
    ],
    ids=["gauge", "histogram"],
)
def test_no_number_is_zero_only_while_there_is_data(row: Row, series: str) -> None:
    assert views.zero(f"sum({PENDING})", row) == f"(sum({PENDING})) or 0 * count({series})"


def test_a_value_takes_the_label_of_its_state() -> None:
    assert views.joined("time() - a", "b == 1", "cause") == (
        f"max by ({views.IDENTITY}, cause) ((time() - a) * ignoring (cause) group_right () (b == 1))"
    )


def test_quantiles_by_labels() -> None:
    series = buckets(aggregates.LEAD_TIME)
    rated = f"rate({series}[$__rate_interval])"
    assert views.quantile(0.5, series) == f"histogram_quantile(0.5, sum by (le) ({rated})) >= 0"
    assert views.quantile(0.9, series, "service") == f"histogram_quantile(0.9, sum by (service, le) ({rated})) >= 0"


def test_all_values_that_differ_by_environment() -> None:
    assert PerEnvironment(dev=1, prod=2).values() == (1, 2)
    assert PerEnvironment(prod=2, others=3).values() == (2, 3)
