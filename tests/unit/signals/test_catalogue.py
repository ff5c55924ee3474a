"""A row that breaks Prometheus' rules cannot be made."""

import pytest

from observability.signals.catalogue import Distribution, Metric, OwnMetric, Stability, Type


def metric(name: str, metric_type: Type = Type.GAUGE, *labels: str) -> Metric[object]:
    return Metric(name=name, type=metric_type, help="A fact.", labels=labels, samples=lambda _: (), reads=())


@pytest.mark.parametrize(
    ("name", "metric_type"),
    [
        ("gitops_application_info", Type.GAUGE),
        ("gitops_syncs_total", Type.COUNTER),
        ("gitops_sync_duration_seconds", Type.HISTOGRAM),
    ],
)
def test_a_good_name(name: str, metric_type: Type) -> None:
    row = metric(name, metric_type)
    assert (row.name, row.type, row.labels, row.stability) == (name, metric_type, (), Stability.EXPERIMENTAL)


@pytest.mark.parametrize(
    ("name", "metric_type", "expected"),
    [
        ("argocd_app_info", Type.GAUGE, "expected gitops_ and snake_case"),
        ("gitops_Application", Type.GAUGE, "expected gitops_ and snake_case"),
        ("gitops_a__b", Type.GAUGE, "expected gitops_ and snake_case"),
        ("gitops_a:b", Type.GAUGE, "expected gitops_ and snake_case"),
        ("gitops_", Type.GAUGE, "expected gitops_ and snake_case"),
        ("gitops_syncs", Type.COUNTER, "expected _total on counters"),
        ("gitops_syncs_total", Type.GAUGE, "expected _total on counters"),
        ("gitops_resources_count", Type.GAUGE, "belongs to histograms"),
        ("gitops_bytes_sum", Type.GAUGE, "belongs to histograms"),
        ("gitops_bytes_bucket", Type.HISTOGRAM, "belongs to histograms"),
    ],
)
def test_a_bad_name(name: str, metric_type: Type, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        metric(name, metric_type)
    with pytest.raises(ValueError, match=expected):
        OwnMetric(name=name, type=metric_type, help="A fact.")


@pytest.mark.parametrize("label", ["cause", "label_team", "label_App_1"])
def test_a_good_label(label: str) -> None:
    assert metric("gitops_a", Type.GAUGE, label).labels == (label,)


@pytest.mark.parametrize("label", ["namespace", "job", "instance", "le", "quantile", "Cause", "a-b", "__a", ""])
def test_a_bad_label(label: str) -> None:
    with pytest.raises(ValueError, match="expected a label"):
        metric("gitops_a", Type.GAUGE, label)


@pytest.mark.parametrize(("metric_type", "labels"), [(Type.GAUGE, ("kind",)), (Type.HISTOGRAM, ())])
def test_only_a_gauge_without_labels_may_be_absent(metric_type: Type, labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="expected a gauge without labels"):
        OwnMetric(name="gitops_a", type=metric_type, help="A fact.", labels=labels, absent=True)


def distribution(name: str, *bounds: float) -> Distribution[object]:
    return Distribution(name=name, help="A fact.", bounds=bounds, samples=lambda _: (), reads=())


def test_a_distribution_is_a_histogram() -> None:
    row = distribution("gitops_sync_duration_seconds", 0.5, 1.0)
    assert (row.type, row.labels, row.stability) == (Type.HISTOGRAM, (), Stability.EXPERIMENTAL)


@pytest.mark.parametrize("bounds", [(), (2.0, 1.0), (1.0, 1.0)])
def test_the_bounds_of_a_distribution_rise(bounds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="gitops_waits_seconds: expected bounds of buckets that rise"):
        distribution("gitops_waits_seconds", *bounds)


def test_a_distribution_has_a_name_as_a_metric_has() -> None:
    with pytest.raises(ValueError, match="belongs to histograms"):
        distribution("gitops_waits_seconds_sum", 1.0)
