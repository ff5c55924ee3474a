"""Expressions are narrowed by each variable whose label their metric has."""

import pytest

from observability.errors import SpecError
from observability.monitoring.generate.grafana.scope import Scope, selected
from observability.monitoring.spec import Recording, Variable, alerts, buckets, count, record, select, views
from observability.monitoring.spec.queries import MARK
from observability.signals import aggregates, applications, exporter, groupings, promotions

BOTH = (views.ENVIRONMENT, views.SERVICE)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (
            select(applications.HEALTH_STATUS, health_status="Degraded"),
            'gitops_application_health_status{environment=~"$environment", service=~"$service", '
            'health_status="Degraded"}',
        ),
        (
            buckets(aggregates.LEAD_TIME, le="900.0"),
            'gitops_lead_time_seconds_bucket{environment=~"$environment", service=~"$service", le="900.0"}',
        ),
        (
            select(promotions.PROMOTION_PENDING),
            'gitops_promotion_pending{to_environment=~"$environment", service=~"$service"}',
        ),
        (select(exporter.READY), "gitops_exporter_ready"),
        (select(groupings.APPLICATIONSET_STEP), "gitops_applicationset_step"),
        (
            alerts(alertstate="firing"),
            'ALERTS{environment=~"$environment", service=~"$service", alertname=~"GitOps.+", alertstate="firing"}',
        ),
    ],
)
def test_by_the_labels_that_a_metric_has(expression: str, expected: str) -> None:
    assert selected(expression, Scope(BOTH)) == expected


def test_a_variable_may_be_called_otherwise_than_its_label() -> None:
    where = Variable(name="where", title="Where", metric=applications.INFO, label="environment")
    assert (
        selected(f"rate({count(aggregates.LEAD_TIME)}[$__rate_interval])", Scope((where,)))
        == 'rate(gitops_lead_time_seconds_count{environment=~"$where"}[$__rate_interval])'
    )


def test_by_labels_of_the_scrape() -> None:
    one = Variable(name="instance", title="Exporter", metric=exporter.READY)
    assert selected(select(exporter.READY), Scope((one,))) == 'gitops_exporter_ready{instance=~"$instance"}'


def test_what_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(SpecError, match="gitops_application_mood: expected a metric of the catalogue"):
        selected(f"sum(gitops_application_mood{{{MARK}}})", Scope(BOTH))


def test_alerts_have_the_labels_that_they_have() -> None:
    with pytest.raises(SpecError, match="mood"):
        alerts(mood="bad")


def test_by_the_labels_of_a_recording_rule() -> None:
    rule = Recording(record="environment:gitops_ill:ratio", expr="1", help="Ill.", labels=("environment",))
    scope = Scope(BOTH, {rule.record: rule.labels})
    assert selected(record(rule), scope) == 'environment:gitops_ill:ratio{environment=~"$environment"}'
    with pytest.raises(SpecError, match="or a recording rule"):
        selected(record(rule), Scope(BOTH))
