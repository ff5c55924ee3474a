"""What is read from an expression: selectors, groupings with the labels that are there, compared quantiles."""

import pytest

from observability.errors import SpecError
from observability.monitoring.promql import Facts, Grouping, Matcher, Quantile, Selector, facts, without_variables

KNOWN = {
    "requests_total": frozenset({"service", "code"}),
    "delay_seconds_bucket": frozenset({"service", "le"}),
    "info": frozenset({"service", "team"}),
}


def read(expression: str) -> Facts:
    return facts(expression, KNOWN.get, "row", "file.py")


def test_selectors_with_their_matchers() -> None:
    found = read('rate(requests_total{service="a", code!~"5.."}[5m]) and up offset 5m')
    assert found.selectors == (
        Selector("requests_total", (Matcher("service", "=", "a"), Matcher("code", "!~", "5.."))),
        Selector("up", ()),
    )


@pytest.mark.parametrize(
    ("text", "name"), [('{__name__="up"}', "up"), ('{__name__=~"u.*"}', ""), ('{job="a" or job!="b"}', "")]
)
def test_names_may_be_matchers(text: str, name: str) -> None:
    assert read(text).selectors[0].name == name


def test_alternative_matchers_are_all_told() -> None:
    assert {one.value for one in read('up{job="a" or job!="b"}').selectors[0].matchers} == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("requests_total", {"service", "code"}),
        ("sum(requests_total)", set()),
        ("sum by (service) (requests_total)", {"service"}),
        ("sum without (code) (requests_total)", {"service"}),
        ("topk by (service) (3, requests_total)", {"service", "code"}),
        ('count_values by (service) ("n", requests_total)', {"service", "n"}),
        ("-(requests_total)", {"service", "code"}),
        ("max_over_time(requests_total[1h:5m])", {"service", "code"}),
        ("time() - requests_total", {"service", "code"}),
        ("requests_total > 3 * 2", {"service", "code"}),
        ("requests_total or info", {"service", "code", "team"}),
        ("requests_total unless on (service) info", {"service", "code"}),
        ("requests_total * on (service) group_left (team) info", {"service", "code", "team"}),
        ("info * on (service) group_right (team) requests_total", {"service", "code", "team"}),
        ("info / on (service) info", {"service"}),
        ("info / ignoring (team) info", {"service"}),
        ("info > on (service) info", {"service", "team"}),
        ("scalar(info) - requests_total", {"service", "code"}),
        ('absent(requests_total{service="a", code=~"b"})', {"service"}),
        ("vector(1)", set()),
        ('label_replace(info, "who", "$1", "team", "(.*)")', {"service", "team", "who"}),
        ("histogram_quantile(0.9, delay_seconds_bucket)", {"service"}),
        ("quantile_over_time(0.9, info[5m])", {"service", "team"}),
    ],
)
def test_the_labels_of_a_result(text: str, labels: set[str]) -> None:
    assert read(text).labels == frozenset(labels)


@pytest.mark.parametrize(
    "text", ["unheard_of", "unheard_of or info", "sum without (a) (unheard_of)", "abs(unheard_of)"]
)
def test_nobody_knows_the_labels_of_what_is_unknown(text: str) -> None:
    assert read(text).labels is None


def test_groupings_know_what_they_group() -> None:
    found = read("sum by (team) (info * on (service) group_left (team) info) unless ignoring (code) requests_total")
    assert found.groupings == (
        Grouping("on", ("service",), (KNOWN["info"], KNOWN["info"])),
        Grouping("group", ("team",), (KNOWN["info"],)),
        Grouping("by", ("team",), (KNOWN["info"],)),
        Grouping("ignoring", ("code",), (frozenset({"team"}), KNOWN["requests_total"])),
    )


@pytest.mark.parametrize(
    ("text", "operator", "number"),
    [
        ("histogram_quantile(0.9, rate(delay_seconds_bucket[5m])) > 3", ">", 3),
        ("3 * 60 <= (histogram_quantile(0.9, rate(delay_seconds_bucket[5m])))", ">=", 180),
        ("max by (service) (histogram_quantile(0.9, rate(delay_seconds_bucket[5m]))) > -(1 + 4 / 2)", ">", -3),
    ],
)
def test_quantiles_that_are_compared(text: str, operator: str, number: float) -> None:
    assert read(text).quantiles == (Quantile(("delay_seconds_bucket",), operator, number),)


@pytest.mark.parametrize(
    "text",
    [
        "histogram_quantile(0.9, rate(delay_seconds_bucket[5m]))",
        "histogram_quantile(0.9, rate(delay_seconds_bucket[5m])) > info",
        "histogram_quantile(0.9, rate(delay_seconds_bucket[5m])) > 1 / 0",
        "histogram_quantile(0.9, rate(delay_seconds_bucket[5m])) > 1 + scalar(info)",
        "requests_total > 3",
    ],
)
def test_what_is_compared_with_no_number(text: str) -> None:
    assert read(text).quantiles == ()


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("rate(up[$__rate_interval])", "rate(up[5m])"),
        ("rate(up[${__rate_interval}]) / $__range_s", "rate(up[5m]) / 3600"),
        ("topk($limit, up)", "topk(1, up)"),
        ("up[[[__interval]]]", "up[1m]"),
        ("up{job=~\"$job\", a='${b:regex}', c=`$d`}", "up{job=~\"$job\", a='${b:regex}', c=`$d`}"),
    ],
)
def test_variables_of_grafana_are_replaced(given: str, plain: str) -> None:
    assert without_variables(given) == plain
    read(given)


def test_what_is_no_promql_names_file_and_row() -> None:
    with pytest.raises(SpecError, match=r"^file\.py: row: expected PromQL: .*, in sum\( up$") as caught:
        read("sum(\n  up")
    assert caught.value.exit_code == 2
