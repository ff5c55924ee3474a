"""Tables for people: aligned columns, nothing that could confuse a terminal."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, each column as wide as its longest cell."""
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in shown]


def plain(text: str) -> str:
    """One line for a terminal: what others wrote into an object may hold control characters."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
