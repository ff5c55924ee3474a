"""Panels flow from left to right, never overlap, and leave no gap that Grafana would close."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.errors import SpecError
from observability.monitoring.generate.grafana.layout import Place, check, parts
from observability.monitoring.spec import Section
from tests.dashboards import panel

SIZES = st.lists(st.tuples(st.integers(1, 24), st.integers(1, 12)), min_size=1, max_size=12)


def section(*sizes: tuple[int, int], title: str = "", collapsed: bool = False) -> Section:
    return Section(
        title=title, collapsed=collapsed, panels=tuple(panel(width=width, height=height) for width, height in sizes)
    )


def places(*sections: Section) -> list[list[tuple[int, ...]]]:
    return [[tuple(one.place) for one in part.panels] for part in parts(sections)]


def test_a_panel_that_does_not_fit_begins_a_line() -> None:
    assert places(section((12, 4), (12, 4), (6, 4))) == [[(0, 0, 12, 4), (12, 0, 12, 4), (0, 4, 6, 4)]]


def test_a_line_is_as_high_as_its_highest_panel() -> None:
    assert places(section((12, 4), (12, 9), (24, 3))) == [[(0, 0, 12, 9), (12, 0, 12, 9), (0, 9, 24, 3)]]


def test_a_heading_takes_a_line() -> None:
    (part,) = parts([section((24, 4), title="Problems")])
    assert part.place == Place(0, 0, 24, 1)
    assert [one.place for one in part.panels] == [Place(0, 1, 24, 4)]


def test_what_is_collapsed_takes_no_room() -> None:
    first, second = parts([section((24, 9), title="Events", collapsed=True), section((24, 4), title="More")])
    assert [one.place.y for one in first.panels] == [1]
    assert second.place is not None
    assert second.place.y == 1


def test_ids_count_in_the_order_of_reading() -> None:
    found = parts([section((24, 1)), section((24, 1), (24, 1), title="Two")])
    assert [(part.id, [one.id for one in part.panels]) for part in found] == [(None, [1]), (2, [3, 4])]


@given(st.lists(st.tuples(SIZES, st.booleans(), st.booleans()), min_size=1, max_size=4))
def test_nothing_overlaps_and_ids_are_unique(drawn: list[tuple[list[tuple[int, int]], bool, bool]]) -> None:
    found = parts(
        section(*sizes, title="A section" if titled or collapsed else "", collapsed=collapsed)
        for sizes, titled, collapsed in drawn
    )
    ids = [one.id for part in found for one in part.panels] + [part.id for part in found if part.id]
    assert sorted(ids) == list(range(1, len(ids) + 1))
    for part in found:
        cells = [
            (x, y)
            for one in part.panels
            for x in range(one.place.x, one.place.x + one.place.w)
            for y in range(one.place.y, one.place.y + one.place.h)
        ]
        assert len(cells) == len(set(cells))


@pytest.mark.parametrize(
    "other", [Place(0, 0, 1, 1), Place(11, 3, 2, 2), Place(-1, 0, 3, 3)], ids=["inside", "corner", "left"]
)
def test_overlap_is_found(other: Place) -> None:
    with pytest.raises(SpecError):
        check([Place(0, 0, 12, 4), other])


def test_neighbours_do_not_overlap() -> None:
    check([Place(0, 0, 12, 4), Place(12, 0, 12, 4), Place(0, 4, 24, 1)])


def test_what_leaves_the_grid_is_refused() -> None:
    with pytest.raises(SpecError, match="24 columns"):
        check([Place(20, 0, 5, 4)])


def test_a_collapsed_section_needs_a_title() -> None:
    with pytest.raises(SpecError, match="title"):
        parts([section((24, 4), collapsed=True)])
