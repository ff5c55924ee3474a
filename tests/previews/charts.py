"""Charts as SVG: lines and areas, states over time, and the buckets of histograms."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from typing import NamedTuple

from tests.previews.recording import STEP, Span
from tests.previews.series import Points

Text = Callable[[float], str]
"""How a value is written."""

_LETTER: float = 6.2
"""The mean width of a letter of the axes, in pixels."""


class Line(NamedTuple):
    """A series of a chart: what the legend says, and its CSS colour."""

    name: str
    color: str
    points: Points


class Ground(NamedTuple):
    """What a chart is drawn on: pixels, and the time that it shows."""

    width: int
    height: int
    span: Span

    def x(self, at: float, left: float) -> float:
        """Where an instant is."""
        return left + (self.width - left - 6) * (at - self.span.start) / (self.span.end - self.span.start)


class Style(NamedTuple):
    """How lines are drawn: on top of each other, in steps, filled (0 to 1); thresholds as lines: value and colour."""

    stacked: bool
    stepped: bool
    fill: float
    lowest: float | None
    highest: float | None
    marks: Sequence[tuple[float, str]]
    base: float
    lined: bool


def lines(series: Sequence[Line], ground: Ground, text: Text, style: Style) -> str:
    """A chart of lines."""
    drawn = _stacked(series) if style.stacked else [(one, [0.0] * len(one.points)) for one in series]
    values = [base + value for one, bases in drawn for (_, value), base in zip(one.points, bases, strict=True)]
    ticks = _ticks(_lowest(values, style), _highest(values, style), style.base)
    left = 12 + max(len(text(tick)) for tick in ticks) * _LETTER
    bottom = ground.height - 20

    def y(value: float) -> float:
        return bottom - (bottom - 8) * (value - ticks[0]) / (ticks[-1] - ticks[0])

    parts = [*_grid(ground, left, [(y(tick), text(tick)) for tick in ticks])]
    parts += [
        f'<line x1="{left:.0f}" x2="{ground.width - 6}" y1="{y(at):.1f}" y2="{y(at):.1f}" stroke="{color}" '
        'stroke-dasharray="6 4" opacity="0.7"/>'
        for at, color in style.marks
        if ticks[0] <= at <= ticks[-1]
    ]
    for one, bases in drawn:
        parts += _line(one, bases, style, lambda at: ground.x(at, left), y)
    return _svg(ground, parts)


def _lowest(values: Sequence[float], style: Style) -> float:
    return style.lowest if style.lowest is not None else min([0.0, *values] if style.fill else values)


def _highest(values: Sequence[float], style: Style) -> float:
    highest = max(values)
    return highest if style.highest is None else max(style.highest, highest)


def _stacked(series: Sequence[Line]) -> list[tuple[Line, list[float]]]:
    """Each series with what it stands on."""
    sums: dict[float, float] = {}
    found = []
    for one in series:
        bases = [sums.get(at, 0.0) for at, _ in one.points]
        sums.update({at: base + value for (at, value), base in zip(one.points, bases, strict=True)})
        found.append((one, bases))
    return found


def _line(
    one: Line, bases: Sequence[float], style: Style, x: Callable[[float], float], y: Callable[[float], float]
) -> Iterator[str]:
    """The pieces of a line between its gaps, and what is below them."""
    for piece in _pieces([(at, base, base + value) for (at, value), base in zip(one.points, bases, strict=True)]):
        if len(piece) == 1:
            yield f'<circle cx="{x(piece[0][0]):.1f}" cy="{y(piece[0][2]):.1f}" r="2" fill="{one.color}"/>'
            continue
        above = _path([(x(at), y(top)) for at, _, top in piece], style.stepped)
        if style.fill:
            below = _path([(x(at), y(base)) for at, base, _ in piece], style.stepped)
            area = " ".join([above, *reversed(below.split())])
            yield f'<polygon points="{area}" fill="{one.color}" opacity="{style.fill}"/>'
        if style.lined:
            yield f'<polyline points="{above}" fill="none" stroke="{one.color}" stroke-width="1.3"/>'


def _pieces(points: Sequence[tuple[float, float, float]]) -> Iterator[list[tuple[float, float, float]]]:
    piece: list[tuple[float, float, float]] = []
    for point in points:
        if piece and point[0] - piece[-1][0] > STEP * 1.5:
            yield piece
            piece = []
        piece.append(point)
    if piece:
        yield piece


def _path(points: Sequence[tuple[float, float]], stepped: bool) -> str:
    found = [points[0]]
    for before, point in pairwise(points):
        found += [(point[0], before[1]), point] if stepped else [point]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in found)


def _ticks(lowest: float, highest: float, base: float) -> list[float]:
    """Round numbers of a base (10, or 2 for bytes) from below the lowest to above the highest."""
    if highest - lowest < 1e-9:
        highest = lowest + (abs(lowest) or 1)
    rough = (highest - lowest) / 4
    size = base ** math.floor(math.log(rough, base))
    step = next(size * factor for factor in (1, 2, 5, 10, 20) if size * factor >= rough * 0.999)
    first = math.floor(lowest / step + 1e-9)
    return [step * number for number in range(first, math.ceil(highest / step - 1e-9) + 1)]


def timeline(series: Sequence[Line], ground: Ground, look: Callable[[float], tuple[str, str, str]]) -> str:
    """States over time, one row a series; `look`: the word, its colour and that of letters on it, for a value."""
    left = 14 + min(max(len(one.name) for one in series), 44) * _LETTER
    room = (ground.height - 20) / len(series)
    parts = list(_grid(ground, left, []))
    for number, one in enumerate(series):
        top = number * room + room * 0.075
        middle = number * room + room / 2 + 4
        parts.append(f'<text x="{left - 8:.0f}" y="{middle:.1f}" text-anchor="end">{escape(one.name)}</text>')
        for start, end, value in _merged(one.points):
            word, color, letters = look(value)
            from_, to = ground.x(start, left), ground.x(min(end, ground.span.end), left)
            parts.append(
                f'<rect x="{from_:.1f}" y="{top:.1f}" width="{max(to - from_, 0.5):.1f}" height="{room * 0.85:.1f}" '
                f'fill="{color}" opacity="0.85"/>'
            )
            if to - from_ > len(word) * _LETTER + 6 and room > 12:
                parts.append(f'<text x="{from_ + 4:.1f}" y="{middle:.1f}" style="fill:{letters}">{escape(word)}</text>')
    return _svg(ground, parts)


def _merged(points: Points) -> Iterator[tuple[float, float, float]]:
    """From when until when which value held."""
    start, before, held = None, 0.0, 0.0
    for at, value in points:
        if start is not None and (value != held or at - before > STEP * 1.5):
            yield start, before + STEP if at - before > STEP * 1.5 else at, held
            start = None
        if start is None:
            start, held = at, value
        before = at
    if start is not None:
        yield start, before + STEP, held


def heatmap(series: Sequence[tuple[float, Points]], ground: Ground, text: Text) -> str:
    """How many fell into each bucket over time, from the cumulative series of the bounds."""
    rows = sorted(series)
    bounds = [bound for bound, _ in rows]
    counts: dict[tuple[float, int], float] = {}
    slot = max(STEP, (ground.span.end - ground.span.start) // 60)
    below: dict[float, float] = {}
    for number, (_, points) in enumerate(rows):
        for at, value in points:
            key = (at - ground.span.start) // slot, number
            counts[key] = counts.get(key, 0.0) + max(0.0, value - below.get(at, 0.0))
            below[at] = value
    most = max(counts.values(), default=0.0) or 1.0
    left = 14 + max(len(text(bound)) for bound in bounds) * _LETTER
    room = (ground.height - 20) / len(bounds)
    ticks = [(ground.height - 20 - (number + 0.5) * room, text(bound)) for number, bound in enumerate(bounds)]
    parts = list(_grid(ground, left, ticks[:: 1 if room > 11 else 2]))
    for (column, number), value in counts.items():
        if value > most / 1000:
            x, end = (ground.x(ground.span.start + slot * (column + more), left) for more in (0, 1))
            parts.append(
                f'<rect x="{x:.1f}" y="{ground.height - 20 - (number + 1) * room:.1f}" width="{end - x - 1:.1f}" '
                f'height="{room - 1:.1f}" fill="#5794f2" opacity="{0.2 + 0.8 * math.sqrt(value / most):.2f}"/>'
            )
    return _svg(ground, parts)


def _grid(ground: Ground, left: float, ticks: Sequence[tuple[float, str]]) -> Iterator[str]:
    """Lines at the ticks, and the time below."""
    bottom = ground.height - 20
    for y, word in ticks:
        yield f'<line x1="{left:.0f}" x2="{ground.width - 6}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        yield f'<text x="{left - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">{escape(word)}</text>'
    seconds = ground.span.end - ground.span.start
    wanted = max(2, (ground.width - left) / 70)
    step = next((size for size in (300, 600, 900, 1800, 3600, 7200, 14400) if seconds / size <= wanted), 21600)
    for at in range(-(-ground.span.start // step) * step, ground.span.end, step):
        x = ground.x(at, left)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{bottom}" class="grid"/>'
        if left + 10 < x < ground.width - 20:
            time = f"{datetime.fromtimestamp(at, UTC):%H:%M}"
            yield f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{time}</text>'


def course(points: Points, ground: Ground, color: str) -> str:
    """The course behind a number."""
    lowest, highest = (choose(value for _, value in points) for choose in (min, max))
    high = ground.height * 0.4

    def y(value: float) -> float:
        return ground.height - 1 - high * (value - lowest) / ((highest - lowest) or 1)

    path = _path([(ground.x(at, 0), y(value)) for at, value in points], False)
    area = f"0,{ground.height} {path} {ground.width - 6},{ground.height}"
    return _svg(
        ground,
        [
            f'<polygon points="{area}" fill="{color}" opacity="0.15"/>',
            f'<polyline points="{path}" fill="none" stroke="{color}"/>',
        ],
    )


def _svg(ground: Ground, parts: Sequence[str]) -> str:
    # Sharp edges: a third of the bytes of soft ones.
    return f'<svg width="{ground.width}" height="{ground.height}" shape-rendering="crispEdges">{"".join(parts)}</svg>'
