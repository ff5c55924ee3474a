"""The shape of an expression: what is computed, and when it gives nothing."""

import pytest

from observability.errors import SpecError
from observability.monitoring.promql import Labels
from observability.monitoring.shapes import Shape, shape


def labels_of(name: str) -> Labels:
    return {"x": frozenset({"job", "pod"}), "y": frozenset({"job"})}.get(name)


def of(expression: str) -> Shape:
    return shape(expression, labels_of, "test")


@pytest.mark.parametrize(
    ("expression", "conditional"),
    [
        ("x", False),
        ("x > 1", True),
        ("x > bool 1", False),
        ("sum(x > 1)", True),
        ("2 * (x > 1)", True),
        ("2 * x", False),
        ("x > 1 or y", False),
        ("x > 1 or y > 1", True),
        ("x and y", True),
        ("x unless y", True),
        ("absent(x)", True),
        ("abs(x)", False),
        ("abs(x > 1)", True),
        ("-(x)", False),
        ("time()", False),
    ],
)
def test_whether_it_can_give_nothing(expression: str, conditional: bool) -> None:
    assert of(expression).conditional is conditional


def test_what_asks_for_nothing_is_constant() -> None:
    assert of("vector(1)").constant
    assert not of("vector(1) + x").constant


def test_whether_it_looks_back() -> None:
    assert of("x unless x offset 10m").past
    assert of("max_over_time(x[1h:1m] offset 1d)").past
    assert not of("x unless x").past


def test_functions_over_windows() -> None:
    found = of("rate(x[5m]) + increase(sum(y)[1h:1m]) + increase(y[1h:1m])").ranged
    assert [(one.function, one.seconds, one.selector.name, one.computed) for one in found] == [
        ("rate", 300.0, "x", False),
        ("increase", 3600.0, "y", True),
        ("increase", 3600.0, "y", False),
    ]


@pytest.mark.parametrize("expression", ["sum(increase(x[5m])) > 3", "3 < sum(increase(x[5m]))"])
def test_what_is_compared_with_a_number(expression: str) -> None:
    (found,) = of(expression).compared
    assert (found.operator, found.number, found.ranged[0].function) == (">", 3, "increase")


def test_what_is_taken_as_it_is() -> None:
    assert [one.name for one in of("x + rate(y[5m]) + count(z) + (-w)").plain] == ["x", "w"]
    assert [one.name for one in of("absent(x) or timestamp(y)").plain] == []
    assert [one.name for one in of("absent(x) or absent_over_time(y[5m])").absent] == ["x", "y"]


@pytest.mark.parametrize(
    ("expression", "needless"),
    [
        ("sum by (job) (x) * on (job) group_left y", (("job",),)),
        ("(sum by (job) (x)) * on (job) group_left y", (("job",),)),
        ("y * on (job) group_right sum by (job) (x)", (("job",),)),
        ("sum by (job, pod) (x) * on (job) group_left y", ()),
        ("sum by (job) (x) * on (job) group_left (pod) y", ()),
        ("x * on (job) group_left y", ()),
        ("x * on (job, pod) y", ()),
        ("x * y", ()),
    ],
)
def test_joins_of_many_that_are_one(expression: str, needless: tuple[tuple[str, ...], ...]) -> None:
    assert of(expression).needless == needless


def test_what_is_no_promql() -> None:
    with pytest.raises(SpecError, match="expected PromQL"):
        of("sum(")
