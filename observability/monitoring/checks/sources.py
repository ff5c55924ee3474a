"""A document with its file, and what was found in it before it is known which metrics there are. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from observability.monitoring.checks.documents import Unreadable
from observability.monitoring.checks.positions import Path, Positioned
from observability.monitoring.checks.rows import Place


class Source(NamedTuple):
    """A document of a file.

    `above`: how many lines stand above it; `flat`: all of it stands on one line of the file.
    """

    file: str
    document: Positioned
    above: int = 0
    flat: bool = False

    def at(self, *path: str | int) -> Any:
        """The value at a path; None where there is none."""
        value = self.document.value
        for key in path:
            if isinstance(value, Mapping):
                value = value.get(key)
            else:
                value = value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None
        return value

    def line(self, *path: str | int) -> int:
        """The line in the file of what is at a path, or of the nearest that holds it."""
        return self.above + (1 if self.flat else self.document.line(*path))

    def text_line(self, *path: str | int) -> int:
        """The line in the file on which the characters of a text begin."""
        return self.above + (1 if self.flat else self.document.text_line(*path))

    def is_block(self, *path: str | int) -> bool:
        """Whether the lines of a text are lines of the file."""
        return not self.flat and path in self.document.blocks

    def end(self, *path: str | int) -> int:
        """The last line in the file of what is at a path. What an alias repeats has no lines of its own."""
        value = self.at(*path)
        if isinstance(value, str) and self.is_block(*path):
            return self.text_line(*path) + max(len(value.splitlines()) - 1, 0)
        keys = range(len(value)) if isinstance(value, list) else value if isinstance(value, Mapping) else ()
        below = [self.end(*path, key) for key in keys if (*path, key) in self.document.lines]
        return max(below, default=self.line(*path))

    def below(self, path: Path) -> Iterator[Path]:
        """The paths of all that stands at and below a path."""
        return (one for one in self.document.lines if one[: len(path)] == path)

    def unreadable(self, path: Path, said: str) -> Unreadable:
        """What is at the path has not the shape of what it should be."""
        line = self.line(*path)
        return Unreadable(place=Place(self.file, line, line), said=said)


class RawRule(NamedTuple):
    """A rule as it is written; `value` has expr, and alert or record."""

    source: Source
    path: Path
    group: str
    value: Mapping[str, Any]


class RawBoard(NamedTuple):
    """A dashboard as it is written."""

    source: Source
    path: Path
    value: Mapping[str, Any]


def text_of(value: object) -> str:
    """What YAML may have read as a number or truth, as text; empty of nothing, and of what is more than a scalar."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else ""
