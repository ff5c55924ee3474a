"""A copy of a journal, also of one that is in use. I/O: both files."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from observability.errors import JournalError
from observability.journal.opening import make
from observability.journal.reading import reading


def backup(path: Path, to: Path) -> None:
    """Copy the journal at `path`, as it is at one moment, to a file that is not there yet; whole or not at all.

    Raises:
        JournalError: the one cannot be read, or the other not be written, or is there.
    """
    if to.exists():
        raise JournalError(f"{to}: the file exists already: name one that does not")
    part = to.with_name(f"{to.name}.part")
    try:
        with reading(path) as source:
            _copy(source, part)
        os.link(part, to)  # unlike a renaming, this overwrites nothing
    except OSError as error:
        raise JournalError(f"{to}: the copy cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
        make(part)
        with closing(sqlite3.connect(part, isolation_level=None)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # a copy that may lie where nobody can write
    except sqlite3.Error as error:
        raise JournalError(f"{part}: the copy cannot be written: {error}") from error
