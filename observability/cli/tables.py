"""Tables for people: aligned columns, nothing that could confuse a terminal."""

import textwrap
from collections.abc import Sequence
from typing import Final

_NARROWEST: Final = 8
"""No column is cut to fewer characters than this."""


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, each column as wide as its longest cell."""
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in shown]


def fitted(rows: Sequence[Sequence[str]], narrowest: Sequence[int], width: int | None) -> list[str]:
    """The same, at most `width` characters wide (None: as wide as it is), as far as cutting columns helps.

    `narrowest`: to how many characters each column may be cut, and further only where that is not enough; 0: never.
    What was cut has an ellipsis in its middle: both ends of a name tell something.
    """
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    if width is not None:
        for least in (narrowest, [min(one, _NARROWEST) for one in narrowest]):
            widths = _narrowed(widths, least, width - 2 * (len(widths) - 1))
    return aligned([list(map(_shortened, row, widths)) for row in shown])


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Take from the columns that can spare most, until they fit."""
    narrowed = list(widths)
    for _ in range(sum(widths) - room):
        spare = [size - floor if floor else 0 for size, floor in zip(narrowed, least, strict=True)]
        if max(spare) <= 0:
            break
        narrowed[spare.index(max(spare))] -= 1
    return narrowed


def _shortened(text: str, width: int) -> str:
    head, tail = width // 2, width - width // 2 - 1
    return text if len(text) <= width else f"{text[:head]}…{text[len(text) - tail :]}"


def cut(text: str, width: int | None) -> str:
    """The beginning of the text in one line, at most `width` characters (None: all of it)."""
    shown = plain(text)
    return shown if width is None or len(shown) <= width else f"{shown[: max(width - 1, 0)]}…"


def wrapped(text: str, width: int | None) -> list[str]:
    """The text in lines of at most `width` characters (None: in one), the further ones indented."""
    shown = plain(text)
    if width is None:
        return [shown]
    return textwrap.wrap(shown, max(width, 20), subsequent_indent="  ", break_long_words=False) or [""]


def plain(text: str) -> str:
    """One line for a terminal: what others wrote into an object may hold control characters."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
