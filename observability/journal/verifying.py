"""The audit chain, gone through from its beginning: is every row as it was written, in its place? I/O: reads the file.

Whoever can write the file can rewrite all of it: only an anchor that was kept elsewhere tells of that, and of a tail
that was cut off.
"""

import sqlite3
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from observability.errors import JournalError
from observability.journal import chain
from observability.journal.packing import unpack
from observability.journal.reading import reading
from observability.journal.records import COLUMNS, EVENT, columns
from observability.model.event import Event

_LOOK_AHEAD: Final = 100_000
"""So many rows behind a wrong one are searched for the one that belongs there."""
_SELECT: Final = f"SELECT number, hash, {', '.join(COLUMNS)} FROM events"  # noqa: S608


class Wrong(StrEnum):
    """What is wrong with a row."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    CUT = "cut"
    """Rows at the end are gone."""
    REWRITTEN = "rewritten"
    """The rows follow from each other, but are not those of the anchor."""
    UNREADABLE = "unreadable"


class Fault(NamedTuple):
    """The first row that is wrong, and how, in a sentence."""

    number: int
    wrong: Wrong
    message: str


class Verdict(NamedTuple):
    """What was found. `rows` are right, up to the head `anchor`; `fault` None: all are, up to the end."""

    rows: int
    anchor: str
    fault: Fault | None


class _Place(NamedTuple):
    """A row that is right, or the checkpoint before the first."""

    number: int
    hash: bytes


class _Row(NamedTuple):
    number: int
    hash: Any
    cells: tuple[Any, ...]

    @property
    def data(self) -> bytes:
        """As it is in the file; empty when it is of another type."""
        return self.cells[-1] if isinstance(self.cells[-1], bytes) else b""

    def follows(self, before: bytes) -> bool:
        return bool(chain.link(before, self.data) == self.hash)


def head(path: Path) -> str:
    """The anchor of the last row: to be kept elsewhere.

    Raises:
        JournalError: the file cannot be read.
    """
    with reading(path) as connection:
        last = connection.execute("SELECT number, hash FROM events ORDER BY number DESC LIMIT 1").fetchone()
        return chain.anchor(*(last or _beginning(connection)))


def verify(path: Path, anchor: str | None = None) -> Verdict:
    """Go through all rows, of a journal that may be in use, up to the first that is wrong.

    `anchor`: what `head` or `Verdict.anchor` said at some time.

    Raises:
        JournalError: the file cannot be read.
        ValueError: the anchor is none.
    """
    kept = None if anchor is None else _Place(*chain.parse_anchor(anchor))
    with reading(path) as connection:
        connection.text_factory = bytes  # a damaged text need not be one
        start = _beginning(connection)
        count, place, fault, met = _walk(connection, start, kept)
        fault = fault or _cut(connection, place) or _missed(kept, start, place, met=met)
        return Verdict(count, chain.anchor(*place), fault)


def _beginning(connection: sqlite3.Connection) -> _Place:
    """What the first row follows."""
    found = connection.execute("SELECT number, head FROM checkpoints ORDER BY number DESC LIMIT 1").fetchone()
    return _Place(found[0], bytes(found[1] or b"")) if found is not None else _Place(0, chain.BEGINNING)


def _walk(
    connection: sqlite3.Connection, place: _Place, anchor: _Place | None
) -> tuple[int, _Place, Fault | None, bool]:
    """How many rows are right, the last of them, what is wrong with the next, and whether the anchor was met."""
    count, met = 0, place == anchor
    try:
        for row in _rows(connection, -1):
            fault = _fault(connection, place, row) or _not_the_anchors(row, anchor)
            if fault is not None:
                return count, place, fault, met
            count, place = count + 1, _Place(row.number, row.hash)
            met = met or place == anchor
    except sqlite3.DatabaseError as error:
        message = f"the rows after row {place.number} cannot be read: {error}"
        return count, place, Fault(place.number + 1, Wrong.UNREADABLE, message), met
    return count, place, None, met


def _rows(connection: sqlite3.Connection, after: int) -> Iterator[_Row]:
    for number, found, *cells in connection.execute(f"{_SELECT} WHERE number > ? ORDER BY number", (after,)):
        yield _Row(number, found, tuple(cells))


def _fault(connection: sqlite3.Connection, before: _Place, row: _Row) -> Fault | None:
    if row.number > before.number and row.follows(before.hash):
        return _wrong_cell(row)
    later = _later(connection, before, row)
    if later is not None:
        message = f"row {later} belongs after row {before.number}, in the place of row {row.number}"
        return Fault(row.number, Wrong.REORDERED, message)
    first = before.number + 1
    unexplained = _unexplained(connection, first, row.number)
    if unexplained and _wrong_cell(row) is None:
        missing = f"row {first}" if first == row.number - 1 else f"rows {first} to {row.number - 1}"
        message = (
            f"row {row.number} does not follow row {before.number}: {missing} between them is missing, or row"
            f" {row.number} was changed"
        )
        return Fault(first, Wrong.REMOVED, message)
    return _wrong_cell(row) or Fault(
        row.number, Wrong.CHANGED, f"row {row.number} was changed: its data do not give its hash"
    )


def _wrong_cell(row: _Row) -> Fault | None:
    """The columns before the data repeat what they say."""
    try:
        event = unpack(EVENT, row.data)
        expected = columns(event, b"")[:-1] if isinstance(event, Event) else ()
    except ValueError:
        return Fault(row.number, Wrong.CHANGED, f"row {row.number} was changed: its data are no event")
    for name, cell, said in zip(COLUMNS[:-1], row.cells[:-1], expected, strict=True):
        if cell != (said.encode() if isinstance(said, str) else said):
            return Fault(row.number, Wrong.CHANGED, f"row {row.number} was changed: its {name} is not that of its data")
    return None


def _later(connection: sqlite3.Connection, before: _Place, row: _Row) -> int | None:
    """The number of a later row that belongs here; with its own hash, or with that which stands here."""
    for other in islice(_rows(connection, row.number), _LOOK_AHEAD):
        if chain.link(before.hash, other.data) in (other.hash, row.hash):
            return other.number
    return None


def _unexplained(connection: sqlite3.Connection, first: int, end: int) -> bool:
    """There are numbers from `first` to before `end` that nothing in the journal has."""
    taken = connection.execute(
        "SELECT (SELECT count(*) FROM spans WHERE number >= ?1 AND number < ?2)"
        " + (SELECT count(*) FROM again WHERE number >= ?1 AND number < ?2)",
        (first, end),
    ).fetchone()[0]
    return bool(end - first > taken)


def _not_the_anchors(row: _Row, anchor: _Place | None) -> Fault | None:
    if anchor is None or row.number != anchor.number or row.hash == anchor.hash:
        return None
    return Fault(row.number, Wrong.REWRITTEN, f"row {row.number} is not that of the anchor: the chain was rewritten")


def _cut(connection: sqlite3.Connection, last: _Place) -> Fault | None:
    """SQLite remembers the highest number that there ever was."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    if found is None or found[0] <= last.number:
        return None
    return Fault(last.number + 1, Wrong.CUT, f"the rows after row {last.number} are missing, up to row {found[0]}")


def _missed(anchor: _Place | None, start: _Place, last: _Place, *, met: bool) -> Fault | None:
    if anchor is None or met:
        return None
    if anchor.number > last.number:
        return Fault(
            last.number + 1,
            Wrong.CUT,
            f"the rows after row {last.number} are missing: the anchor is of row {anchor.number}",
        )
    if anchor.number <= start.number:
        raise JournalError(
            f"the anchor is of row {anchor.number}, and the journal keeps none up to row {start.number}, by its age or "
            "its size: nothing can be said with it, use a newer one"
        )
    return Fault(
        anchor.number, Wrong.REWRITTEN, f"there is no row {anchor.number}, that of the anchor: the chain was rewritten"
    )
