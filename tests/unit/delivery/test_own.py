"""The exporter's own metrics."""

import pytest

from observability.delivery.own import OwnMetrics
from observability.signals.catalogue import OwnMetric, Type

RESTARTS = OwnMetric(
    name="gitops_exporter_restarts_total", type=Type.COUNTER, help="How often.", labels=("kind",), known=(("a",),)
)
READY = OwnMetric(name="gitops_exporter_ready", type=Type.GAUGE, help="Ready?")
BYTES = OwnMetric(name="gitops_exporter_bytes", type=Type.GAUGE, help="Size.", labels=("encoding",))
ENDS_AT = OwnMetric(name="gitops_exporter_ends_at", type=Type.GAUGE, help="When?", absent=True)
DELAY = OwnMetric(name="gitops_exporter_delay_seconds", type=Type.HISTOGRAM, help="Late.", buckets=(0.1, 1.0))


@pytest.fixture
def own() -> OwnMetrics:
    return OwnMetrics((RESTARTS, READY, BYTES, DELAY))


def lines(own: OwnMetrics, name: str) -> list[str]:
    return [line for line in own.render().decode().splitlines() if line.startswith(f"gitops_exporter_{name}")]


def test_what_is_known_begins_at_zero(own: OwnMetrics) -> None:
    assert own.render().decode() == (
        "# HELP gitops_exporter_restarts_total How often.\n"
        "# TYPE gitops_exporter_restarts_total counter\n"
        'gitops_exporter_restarts_total{kind="a"} 0.0\n'
        "# HELP gitops_exporter_ready Ready?\n"
        "# TYPE gitops_exporter_ready gauge\n"
        "gitops_exporter_ready 0.0\n"
        "# HELP gitops_exporter_bytes Size.\n"
        "# TYPE gitops_exporter_bytes gauge\n"
        "# HELP gitops_exporter_delay_seconds Late.\n"
        "# TYPE gitops_exporter_delay_seconds histogram\n"
        'gitops_exporter_delay_seconds_bucket{le="0.1"} 0.0\n'
        'gitops_exporter_delay_seconds_bucket{le="1.0"} 0.0\n'
        'gitops_exporter_delay_seconds_bucket{le="+Inf"} 0.0\n'
        "gitops_exporter_delay_seconds_count 0.0\n"
        "gitops_exporter_delay_seconds_sum 0.0\n"
    )


def test_counters_count(own: OwnMetrics) -> None:
    own.increment(RESTARTS, ("b",))
    own.increment(RESTARTS, ("b",), 2)
    assert lines(own, "restarts_total") == [
        'gitops_exporter_restarts_total{kind="a"} 0.0',
        'gitops_exporter_restarts_total{kind="b"} 3.0',
    ]


def test_a_counter_kept_elsewhere_is_brought_to_its_total(own: OwnMetrics) -> None:
    own.advance(RESTARTS, ("b",), 0)
    assert 'gitops_exporter_restarts_total{kind="b"} 0.0' in lines(own, "restarts_total")
    own.advance(RESTARTS, ("b",), 5)
    own.advance(RESTARTS, ("b",), 7)
    assert 'gitops_exporter_restarts_total{kind="b"} 7.0' in lines(own, "restarts_total")


def test_gauges_are_set(own: OwnMetrics) -> None:
    own.set(READY, (), 1)
    own.set(BYTES, ("gzip",), 12)
    assert lines(own, "ready") == ["gitops_exporter_ready 1.0"]
    assert lines(own, "bytes") == ['gitops_exporter_bytes{encoding="gzip"} 12.0']


def test_what_may_be_absent_has_no_sample_before_a_value_is_set() -> None:
    own = OwnMetrics((ENDS_AT, READY))
    announced = "# HELP gitops_exporter_ends_at When?\n# TYPE gitops_exporter_ends_at gauge\n"
    ready = "# HELP gitops_exporter_ready Ready?\n# TYPE gitops_exporter_ready gauge\ngitops_exporter_ready 0.0\n"
    assert own.render().decode() == announced + ready
    own.set(ENDS_AT, (), 0)
    assert own.render().decode() == announced + "gitops_exporter_ends_at 0.0\n" + ready
    own.set(ENDS_AT, (), None)
    assert own.render().decode() == announced + ready


def test_what_is_always_there_cannot_be_taken_away(own: OwnMetrics) -> None:
    with pytest.raises(KeyError, match="gitops_exporter_ready"):
        own.set(READY, (), None)


def test_what_is_there_no_more_has_no_sample(own: OwnMetrics) -> None:
    own.set(BYTES, ("gzip",), 1)
    own.set(BYTES, ("identity",), 2)
    own.forget(BYTES, ("gzip",))
    own.forget(BYTES, ("never seen",))
    assert lines(own, "bytes") == ['gitops_exporter_bytes{encoding="identity"} 2.0']
    own.set(BYTES, ("gzip",), 3)
    assert 'gitops_exporter_bytes{encoding="gzip"} 3.0' in lines(own, "bytes")


def test_what_is_no_gauge_with_labels_cannot_be_forgotten() -> None:
    with pytest.raises(KeyError):
        OwnMetrics((ENDS_AT,)).forget(ENDS_AT, ())


def test_histograms_observe(own: OwnMetrics) -> None:
    own.observe(DELAY, (), 0.5)
    assert lines(own, "delay")[:3] == [
        'gitops_exporter_delay_seconds_bucket{le="0.1"} 0.0',
        'gitops_exporter_delay_seconds_bucket{le="1.0"} 1.0',
        'gitops_exporter_delay_seconds_bucket{le="+Inf"} 1.0',
    ]


def test_a_row_of_another_type_is_refused(own: OwnMetrics) -> None:
    with pytest.raises(KeyError):
        own.increment(READY)


def test_two_exporters_in_one_process_do_not_meet() -> None:
    one, other = OwnMetrics([READY]), OwnMetrics([READY])
    one.set(READY, (), 1)
    assert lines(other, "ready") == ["gitops_exporter_ready 0.0"]


def test_labels_in_front_are_on_every_sample() -> None:
    own = OwnMetrics((RESTARTS, READY, ENDS_AT, DELAY), {"cluster": 'e"u'})
    own.set(ENDS_AT, (), 1)
    own.observe(DELAY, (), 0.5)
    samples = [line for line in own.render().decode().splitlines() if not line.startswith("#")]
    assert samples[:4] == [
        r'gitops_exporter_restarts_total{cluster="e\"u",kind="a"} 0.0',
        r'gitops_exporter_ready{cluster="e\"u"} 0.0',
        r'gitops_exporter_ends_at{cluster="e\"u"} 1.0',
        r'gitops_exporter_delay_seconds_bucket{cluster="e\"u",le="0.1"} 0.0',
    ]
    assert [line for line in samples if r'cluster="e\"u"' not in line] == []
