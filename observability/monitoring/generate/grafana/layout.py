"""Where panels stand: from left to right in 24 columns, a new line where one does not fit. Pure.

All panels of a line are as high as the highest of them, so that Grafana, which moves panels up into gaps, finds none.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from observability.errors import SpecError
from observability.monitoring.spec.dashboards import COLUMNS, Panel, Section


class Place(NamedTuple):
    """The left upper corner, the width and the height of a panel, in units of the grid."""

    x: int
    y: int
    w: int
    h: int

    def overlaps(self, other: "Place") -> bool:
        """Whether they have a cell in common."""
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )


class Placed(NamedTuple):
    """A panel, its id and its place."""

    id: int
    panel: Panel
    place: Place


class Part(NamedTuple):
    """A section: its heading, None where it has none, and its panels."""

    section: Section
    id: int | None
    place: Place | None
    panels: tuple[Placed, ...]


def parts(sections: Iterable[Section]) -> tuple[Part, ...]:
    """All sections with the ids and places of their panels; ids count from 1 in the order of reading.

    What stands in a collapsed section takes no room on the page. Raises SpecError when panels would overlap.
    """
    found = tuple(_parts(sections))
    check(
        [part.place for part in found if part.place]
        + [one.place for part in found if _open(part) for one in part.panels]
    )
    for part in found:
        check([one.place for one in part.panels])
    return found


def check(places: Sequence[Place]) -> None:
    """Raises SpecError for places that overlap, or leave the grid."""
    for place in places:
        if place.x < 0 or place.x + place.w > COLUMNS:
            raise SpecError("layout", f"expected panels within {COLUMNS} columns, got one at {tuple(place)}")
    for one, other in combinations(places, 2):
        if one.overlaps(other):
            raise SpecError("layout", f"expected panels apart from each other, got {tuple(one)} and {tuple(other)}")


def _open(part: Part) -> bool:
    return not part.section.collapsed


def _parts(sections: Iterable[Section]) -> Iterator[Part]:
    number, y = 1, 0
    for section in sections:
        if section.collapsed and not section.title:
            raise SpecError("section", "expected a title of a collapsed section")
        heading = Place(0, y, COLUMNS, 1) if section.title else None
        first = number + 1 if heading else number
        below = y + 1 if heading else y
        panels, end = _flow(section.panels, first, below)
        yield Part(section, number if heading else None, heading, panels)
        number = first + len(panels)
        y = below if section.collapsed else end


def _flow(panels: Iterable[Panel], first: int, top: int) -> tuple[tuple[Placed, ...], int]:
    """The panels from line to line, and where the next line would begin."""
    placed: list[Placed] = []
    y = top
    for line in _lines(panels):
        x, height = 0, max(panel.height for panel in line)
        for panel in line:
            placed.append(Placed(first + len(placed), panel, Place(x, y, panel.width, height)))
            x += panel.width
        y += height
    return tuple(placed), y


def _lines(panels: Iterable[Panel]) -> Iterator[list[Panel]]:
    line: list[Panel] = []
    for panel in panels:
        if sum(one.width for one in line) + panel.width > COLUMNS:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line
