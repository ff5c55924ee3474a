"""How dashboards differ, line by line."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from observability.monitoring.publish.differences import comparable, of_dashboards, of_values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=10,
)


def panel(number: int, title: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "title": title, "type": "stat", **fields}


def lines(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return list(of_dashboards(before, after))


def test_what_grafana_numbers_and_nulls_do_not_count() -> None:
    before = {"id": 7, "version": 3, "uid": "a", "description": None, "panels": [{"id": 1, "title": "A", "x": None}]}
    assert lines(before, {"uid": "a", "panels": [{"id": 1, "title": "A"}]}) == []


def test_ids_of_panels_do_count() -> None:
    assert comparable({"id": 1, "panels": [{"id": 2}]}) == {"panels": [{"id": 2}]}


def test_fields_of_the_dashboard_come_first_and_then_its_panels() -> None:
    before = {"panels": [panel(1, "A", unit="s"), panel(2, "B")], "tags": ["x"], "refresh": "1m"}
    after = {"panels": [panel(1, "A", unit="m"), panel(3, "C")], "tags": ["x", "y"], "title": "T"}
    assert lines(before, after) == [
        'tags[1]: "y" is added',
        'refresh: "1m" is removed',
        'title: "T" is added',
        '~ panel 1 "A"',
        '    unit: "s" → "m"',
        '- panel 2 "B"',
        '+ panel 3 "C"',
    ]


def test_a_panel_put_between_does_not_change_the_others() -> None:
    before = {"panels": [panel(1, "A"), panel(2, "B"), panel(3, "C")]}
    after = {"panels": [panel(1, "A"), panel(2, "New"), panel(3, "B"), panel(4, "C")]}
    assert lines(before, after) == [
        '~ panel 3 "B"',
        "    id: 2 → 3",
        '~ panel 4 "C"',
        "    id: 3 → 4",
        '+ panel 2 "New"',
    ]


def test_a_panel_with_another_title_is_the_same_panel() -> None:
    before, after = {"panels": [panel(1, "A")]}, {"panels": [panel(1, "B")]}
    assert lines(before, after) == ['~ panel 1 "B"', '    title: "A" → "B"']


def test_panels_in_collapsed_rows_are_compared_too() -> None:
    before = {"panels": [panel(1, "Row", type="row", panels=[panel(2, "A", unit="s")])]}
    after = {"panels": [panel(1, "Row", type="row", panels=[panel(2, "A", unit="m")])]}
    assert lines(before, after) == ['~ panel 2 "A"', '    unit: "s" → "m"']


def test_fields_deep_inside_are_named_by_their_path() -> None:
    before = {"panels": [panel(1, "A", targets=[{"expr": "up"}])]}
    after = {"panels": [panel(1, "A", targets=[{"expr": "down"}])]}
    assert lines(before, after)[1] == '    targets[0].expr: "up" → "down"'


def test_long_values_lose_their_middle() -> None:
    (line,) = of_values("a" * 500, "b" * 500, "expr")
    assert line.count("…") == 2
    assert len(line) < 250


def test_true_is_not_one() -> None:
    assert list(of_values(1, True, "x")) == ["x: 1 → true"]


@given(JSON, JSON)
def test_equal_values_have_no_lines_and_others_have(before: Any, after: Any) -> None:
    assert list(of_values(before, before, "x")) == []
    if before != after:
        assert list(of_values(before, after, "x"))


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ABC")), max_size=5))
def test_every_panel_of_nothing_is_added_and_removed_again(given_panels: list[tuple[int, str]]) -> None:
    full = {"panels": [panel(number, title) for number, title in given_panels]}
    assert sorted(line[0] for line in lines({}, full)) == ["+"] * len(given_panels)
    assert sorted(line[0] for line in lines(full, {})) == ["-"] * len(given_panels)
