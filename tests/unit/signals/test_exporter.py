# ruff: noqa: E501 - lines of /metrics are as long as they are
"""Every metric of the exporter itself, as Prometheus reads it: what happens in, its lines out."""

from collections.abc import Callable
from typing import Final

import pytest

from observability.delivery.own import OwnMetrics
from observability.signals.catalogue import OwnMetric, Type
from observability.signals.exporter import EXPORTER_METRICS
from observability.signals.metrics import METRICS
from tests.builders import NOON
from tests.rendering import golden
from tests.rows import name_of, names

EXPORTER: Final[tuple[tuple[Callable[[OwnMetrics, OwnMetric], None], str], ...]] = (
    (
        lambda own, row: own.set(row, ("0.1.0", "3.11.2"), 1),
        """
        # HELP gitops_exporter_build_info The version of the exporter and of Python.
        # TYPE gitops_exporter_build_info gauge
        gitops_exporter_build_info{python_version="3.11.2",version="0.1.0"} 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), NOON),
        """
        # HELP gitops_exporter_start_timestamp_seconds When the exporter started; without a journal file it remembers nothing that is older.
        # TYPE gitops_exporter_start_timestamp_seconds gauge
        gitops_exporter_start_timestamp_seconds 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1),
        """
        # HELP gitops_exporter_ready 1 once the first list of each kind that can be had is in, 0 before.
        # TYPE gitops_exporter_ready gauge
        gitops_exporter_ready 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("Application",), 1),
        """
        # HELP gitops_exporter_kind_available 1 while a kind can be listed and watched in all its namespaces, 0 while it is forbidden, not installed or out of reach. What is exposed of it is then as last known.
        # TYPE gitops_exporter_kind_available gauge
        gitops_exporter_kind_available{kind="Application"} 1.0
        gitops_exporter_kind_available{kind="ApplicationSet"} 0.0
        gitops_exporter_kind_available{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("Application",), 100_000),
        """
        # HELP gitops_exporter_objects Objects of a kind that are known.
        # TYPE gitops_exporter_objects gauge
        gitops_exporter_objects{kind="Application"} 100000.0
        gitops_exporter_objects{kind="ApplicationSet"} 0.0
        gitops_exporter_objects{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("AppProject",)),
        """
        # HELP gitops_exporter_watch_restarts_total Watches that ended and were begun again, the planned ends included.
        # TYPE gitops_exporter_watch_restarts_total counter
        gitops_exporter_watch_restarts_total{kind="Application"} 0.0
        gitops_exporter_watch_restarts_total{kind="ApplicationSet"} 0.0
        gitops_exporter_watch_restarts_total{kind="AppProject"} 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("Application", "expired")),
        """
        # HELP gitops_exporter_relists_total Lists after the first one, by reason.
        # TYPE gitops_exporter_relists_total counter
        gitops_exporter_relists_total{kind="Application",reason="expired"} 1.0
        gitops_exporter_relists_total{kind="Application",reason="outage"} 0.0
        gitops_exporter_relists_total{kind="Application",reason="malformed"} 0.0
        gitops_exporter_relists_total{kind="Application",reason="restored"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="expired"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="outage"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="malformed"} 0.0
        gitops_exporter_relists_total{kind="ApplicationSet",reason="restored"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="expired"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="outage"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="malformed"} 0.0
        gitops_exporter_relists_total{kind="AppProject",reason="restored"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("Application",), NOON),
        """
        # HELP gitops_exporter_last_event_timestamp_seconds When the last object, bookmark or list of a kind was received. Its age is the age of what is exposed.
        # TYPE gitops_exporter_last_event_timestamp_seconds gauge
        gitops_exporter_last_event_timestamp_seconds{kind="Application"} 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.increment(row, ("ApplicationSet",)),
        """
        # HELP gitops_exporter_decode_failures_total Fields and whole objects that could not be read; of a field that cannot be read the rest is used.
        # TYPE gitops_exporter_decode_failures_total counter
        gitops_exporter_decode_failures_total{kind="Application"} 0.0
        gitops_exporter_decode_failures_total{kind="ApplicationSet"} 1.0
        gitops_exporter_decode_failures_total{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1_400_000),
        """
        # HELP gitops_exporter_series Series on the last page that was served, those of the exporter itself aside.
        # TYPE gitops_exporter_series gauge
        gitops_exporter_series 1.4e+06
        """,
    ),
    (
        lambda own, row: own.set(row, ("gzip",), 2_000_000),
        """
        # HELP gitops_exporter_body_bytes Size of the last page that was served, by encoding.
        # TYPE gitops_exporter_body_bytes gauge
        gitops_exporter_body_bytes{encoding="gzip"} 2e+06
        gitops_exporter_body_bytes{encoding="identity"} 0.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("gitops_application_info",), 3),
        """
        # HELP gitops_exporter_series_dropped_total Series that were not exposed because the family is full (exposition.series_per_family).
        # TYPE gitops_exporter_series_dropped_total counter
        gitops_exporter_series_dropped_total{family="gitops_application_info"} 3.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("gitops_application_info",), 2),
        """
        # HELP gitops_exporter_objects_hidden Objects that a family does not show now for want of room (exposition.series_per_family).
        # TYPE gitops_exporter_objects_hidden gauge
        gitops_exporter_objects_hidden{family="gitops_application_info"} 2.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("gitops_application_info",)),
        """
        # HELP gitops_exporter_render_failures_total Objects whose samples of a family could not be computed: a defect of the exporter.
        # TYPE gitops_exporter_render_failures_total counter
        gitops_exporter_render_failures_total{family="gitops_application_info"} 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row),
        """
        # HELP gitops_exporter_label_values_truncated_total Label values that were cut and end in a hash (exposition.label_value_bytes).
        # TYPE gitops_exporter_label_values_truncated_total counter
        gitops_exporter_label_values_truncated_total 1.0
        """,
    ),
    (
        lambda own, row: own.observe(row, (), 0.02),
        """
        # HELP gitops_exporter_exposed_delay_seconds From the receipt of a change to the moment from which a scrape shows it.
        # TYPE gitops_exporter_exposed_delay_seconds histogram
        gitops_exporter_exposed_delay_seconds_bucket{le="0.001"} 0.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.005"} 0.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.01"} 0.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.025"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.05"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.1"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.25"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="0.5"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="1.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="2.5"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="5.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="10.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="30.0"} 1.0
        gitops_exporter_exposed_delay_seconds_bucket{le="+Inf"} 1.0
        gitops_exporter_exposed_delay_seconds_count 1.0
        gitops_exporter_exposed_delay_seconds_sum 0.02
        """,
    ),
    (
        lambda own, row: own.observe(row, (), 0.02),
        """
        # HELP gitops_exporter_loop_stall_seconds How much later than asked the event loop woke up.
        # TYPE gitops_exporter_loop_stall_seconds histogram
        gitops_exporter_loop_stall_seconds_bucket{le="0.005"} 0.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.01"} 0.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.025"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.05"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.1"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.25"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="0.5"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="1.0"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="2.5"} 1.0
        gitops_exporter_loop_stall_seconds_bucket{le="+Inf"} 1.0
        gitops_exporter_loop_stall_seconds_count 1.0
        gitops_exporter_loop_stall_seconds_sum 0.02
        """,
    ),
    (
        lambda own, row: own.increment(row, ("Application",)),
        """
        # HELP gitops_exporter_judge_failures_total Observations of a kind that could not be taken in: a defect of the exporter.
        # TYPE gitops_exporter_judge_failures_total counter
        gitops_exporter_judge_failures_total{kind="Application"} 1.0
        gitops_exporter_judge_failures_total{kind="ApplicationSet"} 0.0
        gitops_exporter_judge_failures_total{kind="AppProject"} 0.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("scrape_cap",)),
        """
        # HELP gitops_exporter_http_refusals_total Clients that did not get what they asked for, by reason.
        # TYPE gitops_exporter_http_refusals_total counter
        gitops_exporter_http_refusals_total{reason="header_timeout"} 0.0
        gitops_exporter_http_refusals_total{reason="write_timeout"} 0.0
        gitops_exporter_http_refusals_total{reason="connection_cap"} 0.0
        gitops_exporter_http_refusals_total{reason="scrape_cap"} 1.0
        gitops_exporter_http_refusals_total{reason="handshake"} 0.0
        gitops_exporter_http_refusals_total{reason="bad_request"} 0.0
        gitops_exporter_http_refusals_total{reason="unauthenticated"} 0.0
        gitops_exporter_http_refusals_total{reason="forbidden"} 0.0
        gitops_exporter_http_refusals_total{reason="authentication_busy"} 0.0
        gitops_exporter_http_refusals_total{reason="review_failed"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1),
        """
        # HELP gitops_exporter_web_config_last_reload_successful 1 when the last change of the web configuration was taken over, 0 when it was bad: the last good one stays. Absent without a web configuration.
        # TYPE gitops_exporter_web_config_last_reload_successful gauge
        gitops_exporter_web_config_last_reload_successful 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), NOON),
        """
        # HELP gitops_exporter_web_config_last_reload_success_timestamp_seconds When a web configuration was last taken over. Absent without one.
        # TYPE gitops_exporter_web_config_last_reload_success_timestamp_seconds gauge
        gitops_exporter_web_config_last_reload_success_timestamp_seconds 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.set(row, (), NOON),
        """
        # HELP gitops_exporter_certificate_expiry_timestamp_seconds Until when the certificate of the exporter is valid, the earliest of its chain. Absent without TLS.
        # TYPE gitops_exporter_certificate_expiry_timestamp_seconds gauge
        gitops_exporter_certificate_expiry_timestamp_seconds 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.set(row, (), 524_288),
        """
        # HELP gitops_exporter_journal_bytes Size of the journal, with all its files.
        # TYPE gitops_exporter_journal_bytes gauge
        gitops_exporter_journal_bytes 524288.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 1),
        """
        # HELP gitops_exporter_journal_full 1 while the journal is full, or cannot be written: events wait in memory as far as there is room, and are folded then; metrics go on. 0 otherwise.
        # TYPE gitops_exporter_journal_full gauge
        gitops_exporter_journal_full 1.0
        """,
    ),
    (
        lambda own, row: own.advance(row, (), 3),
        """
        # HELP gitops_exporter_events_folded_total Events and spans that a full journal did not take. What changed meanwhile is recorded as one step later. Counted since the journal was begun.
        # TYPE gitops_exporter_events_folded_total counter
        gitops_exporter_events_folded_total 3.0
        """,
    ),
    (
        lambda own, row: own.advance(row, (), 2000),
        """
        # HELP gitops_exporter_events_cut_early_total Delivered events that went from the journal before journal.retention_days, because it had reached its size.
        # TYPE gitops_exporter_events_cut_early_total counter
        gitops_exporter_events_cut_early_total 2000.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("collector",), 7),
        """
        # HELP gitops_exporter_outbox_rows Events and spans in the journal that an endpoint or sink does not have yet.
        # TYPE gitops_exporter_outbox_rows gauge
        gitops_exporter_outbox_rows{endpoint="collector"} 7.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("collector",), NOON),
        """
        # HELP gitops_exporter_outbox_oldest_timestamp_seconds When the oldest of them was observed; now when there is none.
        # TYPE gitops_exporter_outbox_oldest_timestamp_seconds gauge
        gitops_exporter_outbox_oldest_timestamp_seconds{endpoint="collector"} 1.7954352e+09
        """,
    ),
    (
        lambda own, row: own.increment(row, ("collector", "delivered")),
        """
        # HELP gitops_exporter_deliveries_total Events and spans that were handed to an endpoint or sink, by what became of them: delivered, refused, or to be tried again.
        # TYPE gitops_exporter_deliveries_total counter
        gitops_exporter_deliveries_total{endpoint="collector",outcome="delivered"} 1.0
        """,
    ),
    (
        lambda own, row: own.set(row, ("collector",), 2),
        """
        # HELP gitops_exporter_dead_letters Events and spans that an endpoint or sink will never take: `gitops-obs journal dead-letters` lists them.
        # TYPE gitops_exporter_dead_letters gauge
        gitops_exporter_dead_letters{endpoint="collector"} 2.0
        """,
    ),
    (
        lambda own, row: own.increment(row),
        """
        # HELP gitops_exporter_record_failures_total Changes and events that could not be recorded: a defect of the exporter.
        # TYPE gitops_exporter_record_failures_total counter
        gitops_exporter_record_failures_total 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row),
        """
        # HELP gitops_exporter_journal_unreadable_total What was saved in the journal and could not be read at the start: it begins anew.
        # TYPE gitops_exporter_journal_unreadable_total counter
        gitops_exporter_journal_unreadable_total 1.0
        """,
    ),
    (
        lambda own, row: own.increment(row, ("found",)),
        """
        # HELP gitops_exporter_commits_total Commits that were asked for, by what came of it; failed ones are asked for again, dropped ones were too many at once. All 0 without argocd.metadata.
        # TYPE gitops_exporter_commits_total counter
        gitops_exporter_commits_total{outcome="found"} 1.0
        gitops_exporter_commits_total{outcome="missing"} 0.0
        gitops_exporter_commits_total{outcome="forbidden"} 0.0
        gitops_exporter_commits_total{outcome="failed"} 0.0
        gitops_exporter_commits_total{outcome="given_up"} 0.0
        gitops_exporter_commits_total{outcome="dropped"} 0.0
        """,
    ),
    (
        lambda own, row: own.set(row, (), 2),
        """
        # HELP gitops_exporter_commits_waiting Commits that were asked for and have no answer yet.
        # TYPE gitops_exporter_commits_waiting gauge
        gitops_exporter_commits_waiting 2.0
        """,
    ),
)


@pytest.mark.parametrize(("happens", "text"), EXPORTER, ids=names(EXPORTER))
def test_the_exporter(happens: Callable[[OwnMetrics, OwnMetric], None], text: str) -> None:
    (metric,) = (one for one in EXPORTER_METRICS if one.name == name_of(text))
    own = OwnMetrics((metric,))
    happens(own, metric)
    assert own.render().decode() == golden(text)


def test_each_metric_has_its_golden_text_in_the_order_of_the_catalogue() -> None:
    assert names(EXPORTER) == [one.name for one in METRICS if one.name.startswith("gitops_exporter_")]


@pytest.mark.parametrize("metric", EXPORTER_METRICS, ids=lambda metric: metric.name)
def test_the_exporter_speaks_of_itself(metric: OwnMetric) -> None:
    assert metric.name.startswith("gitops_exporter_")
    assert bool(metric.buckets) is (metric.type is Type.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert all(len(known) == len(metric.labels) for known in metric.known)
