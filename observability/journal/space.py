"""How much room there is, under the cap and for what. Statements over an open connection, and the sizes of its files.

Records stop at nine tenths of the cap, states may use the rest; SQLite itself enforces the cap for both, by
`max_page_count`, and then says what it says of a full disk.
Source: https://sqlite.org/pragma.html (max_page_count, journal_size_limit), https://sqlite.org/wal.html.
"""

import sqlite3
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = 4096
_LOG_BYTES: Final = 4 << 20
_INDEX_BYTES: Final = 64 << 10
"""Of the index of the log, which is in shared memory and a file."""
_FOR_RECORDS: Final = 0.9
_ROOM_AGAIN: Final = 0.95
"""There is room again when the records have so much of their share at most, else one would stop and go for ever."""
_VACUUM_PAGES: Final = 512
_FREE_PAGES: Final = 2048

SUFFIXES: Final = ("", "-wal", "-shm")
"""Of the files of one database: its own, the write-ahead log, and the index of that."""


class Space:
    """The room of one journal. `path` None: in memory. `full`: no records are written now."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None, max_bytes: int) -> None:
        self.full = False
        self._connection = connection
        self._path = path
        self._log_bytes = min(_LOG_BYTES, max_bytes // 8) if path is not None else 0
        self._max_bytes = max_bytes - 2 * self._log_bytes - (_INDEX_BYTES if path is not None else 0)

    def enforce(self) -> None:
        """Tell SQLite of the cap, and how long its log may be."""
        pages = max(self._max_bytes // _PAGE_BYTES, 1)
        self._connection.execute(f"PRAGMA max_page_count = {pages}")
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {max(self._log_bytes // 2 // _PAGE_BYTES, 1)}")
        self._connection.execute(f"PRAGMA journal_size_limit = {self._log_bytes}")

    def fits(self, more_bytes: int) -> bool:
        """Do so many bytes of records fit beside what is kept? What a reader holds back does not count."""
        return more_bytes <= self._free_bytes(self._kept_bytes())

    def has_room(self, more_bytes: int) -> bool:
        """May so many bytes of records be written? Sets `full`."""
        self.full = more_bytes > self._free_bytes(self._used_bytes())
        return not self.full

    def file_bytes(self) -> int:
        """What all files take."""
        if self._path is None:
            return self._pages() * _PAGE_BYTES
        return sum(size_of(self._path.with_name(self._path.name + suffix)) for suffix in SUFFIXES)

    def give_back(self) -> None:
        """Cut some pages that are free off the file, when many are. The rest at the next call."""
        free = self._free_pages()
        if free > _FREE_PAGES and free * 4 > self._pages():
            # A step a page: `execute` would take one, for a statement without columns.
            self._connection.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")

    def _free_bytes(self, used_bytes: int) -> float:
        limit = self._max_bytes * _FOR_RECORDS
        return limit * (_ROOM_AGAIN if self.full else 1.0) - used_bytes

    def _used_bytes(self) -> int:
        if self._path is None:
            return self._kept_bytes()
        log_bytes = size_of(self._path.with_name(f"{self._path.name}-wal"))
        return self._kept_bytes() + max(log_bytes - 2 * self._log_bytes, 0)  # a reader can hold back that it is cut

    def _kept_bytes(self) -> int:
        return (self._pages() - self._free_pages()) * _PAGE_BYTES

    def _pages(self) -> int:
        return int(self._connection.execute("PRAGMA page_count").fetchone()[0])

    def _free_pages(self) -> int:
        return int(self._connection.execute("PRAGMA freelist_count").fetchone()[0])


def size_of(file: Path) -> int:
    """In bytes; 0 when it is not there."""
    try:
        return file.stat().st_size
    except OSError:
        return 0
