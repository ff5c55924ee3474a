"""The file of the journal: found, judged, opened. I/O: files.

A file that somebody can put right (a folder, a permission, another process, a newer version) is an error that says so.
One that nobody can (damaged, or not a journal at all) is moved aside, so that the exporter goes on without it.
"""

import errno
import fcntl
import os
import socket
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import structlog

from observability.errors import JournalError
from observability.journal import schema, torn
from observability.journal.restoring import Origin
from observability.journal.space import SUFFIXES, size_of

log = structlog.get_logger(__name__)

_MAGIC: Final = b"SQLite format 3\0"
_WAIT_SECONDS: Final = 10.0
"""For another connection, of a command or a shell, to end its transaction."""
_CACHE_KIB: Final = 8192
"""Holds the indexes of 100,000 saved states."""
_MODE: Final = 0o640
"""Events name people; SQLite would let everybody read them, and gives the files beside it the same mode."""
_BEYOND_REPAIR: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}


class Opened(NamedTuple):
    """A connection to a journal of the version that we know. `lock`: to be closed with it; -1 in memory."""

    connection: sqlite3.Connection
    lock: int
    origin: Origin

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
        if self.lock >= 0:
            os.close(self.lock)


class _BeyondRepairError(Exception):
    """The file is no journal, or was one."""


def open_memory() -> Opened:
    """A journal that goes with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    schema.migrate(connection)
    return Opened(connection, -1, Origin(fresh=True))


def open_file(path: Path, now: float) -> Opened:
    """The journal in a file, which is begun when there is none, for this process alone to write.

    Raises:
        JournalError: it cannot be used, and somebody can change that.
    """
    _inspect(path)
    lock = _lock(path)
    try:
        moved, trouble = _moved_aside_if_bad(path, now)
        fresh = size_of(path) == 0
        connection = _connect(path)
    except BaseException:
        os.close(lock)
        raise
    return Opened(connection, lock, Origin(fresh, moved, trouble))


def check(path: Path) -> None:
    """What `open_file` refuses and can be told without changing anything; another process may have it open.

    Raises:
        JournalError: it cannot be used, and somebody can change that.
    """
    _inspect(path)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _unwritable(path, os.strerror(errno.EACCES))
    if size_of(path):
        with suppress(sqlite3.Error), closing(sqlite3.connect(address(path, "ro", immutable=True), uri=True)) as found:
            if schema.application_id(found) == schema.APPLICATION_ID:
                refuse_newer(path, schema.version(found))


def address(path: Path, mode: str, *, immutable: bool = False) -> str:
    """The URI of a file for SQLite; `mode`: ro or rw."""
    return f"file:{quote(str(path.absolute()))}?mode={mode}{'&immutable=1' if immutable else ''}"


def make(path: Path) -> None:
    """An empty file, for its owner and group alone; one that is there stays as it is. Raises OSError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE))


def refuse_newer(path: Path, version: int) -> None:
    """Raises JournalError when the file is of a version that we do not know."""
    if version > schema.VERSION:
        raise JournalError(
            f"{path}: the journal has schema version {version}, this program knows up to {schema.VERSION}: "
            "use the gitops-obs that wrote it, or a newer one, or another file"
        )


def _inspect(path: Path) -> None:
    if not path.parent.is_dir():
        raise JournalError(
            f"{path}: the folder {path.parent} does not exist: create it, or name a file in one that does"
        )
    if path.exists() and not path.is_file():
        raise JournalError(f"{path}: expected a file, found {'a folder' if path.is_dir() else 'something else'}")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise JournalError(
            f"{path}: the file cannot be read and written by user {os.geteuid()}: change its permissions"
        )


def _lock(path: Path) -> int:
    """A lock on a file beside the journal: locks on the journal itself are SQLite's."""
    file = path.with_name(f"{path.name}.lock")
    try:
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path, error.strerror) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 200).decode(errors="replace").strip() or "somebody"
        os.close(lock)
        raise JournalError(
            f"{path}: another process writes this journal: {holder}; stop it, or give each a file of its own"
        ) from error
    _sign(lock)
    return lock


def _unwritable(path: Path, reason: str | None) -> JournalError:
    return JournalError(
        f"{path}: the folder {path.parent} cannot be written ({reason}): a journal needs a writable one"
    )


def _sign(lock: int) -> None:
    """Say who holds it, as far as a full disk lets us."""
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    except OSError:
        return


def _moved_aside_if_bad(path: Path, now: float) -> tuple[Path | None, str]:
    try:
        _judge(path)
    except _BeyondRepairError as error:
        aside = _move_aside(path, now)
        log.warning(
            "the journal cannot be used, it is moved aside and begun anew",
            path=str(path),
            to=str(aside),
            error=str(error),
        )
        return aside, str(error)
    return None, ""


def _judge(path: Path) -> None:
    """Raises _BeyondRepairError, or JournalError, when the file cannot be used."""
    if size_of(path) == 0:
        if size_of(path.with_name(f"{path.name}-wal")):
            raise _BeyondRepairError("the file is empty, but has a write-ahead log")
        return
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise _BeyondRepairError("not a database of SQLite")
    if torn.ends_within_a_page(path):
        raise _BeyondRepairError("damaged: its end is missing")
    try:
        with closing(sqlite3.connect(address(path, "ro"), uri=True, timeout=_WAIT_SECONDS)) as connection:
            _examine(path, connection)
    except sqlite3.Error as error:
        raise _judged(path, error) from error


def _examine(path: Path, connection: sqlite3.Connection) -> None:
    version, tables = schema.version(connection), schema.tables(connection)
    if not tables and version == 0 and schema.application_id(connection) in (0, schema.APPLICATION_ID):
        return  # it was about to be begun
    if schema.application_id(connection) != schema.APPLICATION_ID:
        raise _BeyondRepairError("a database of SQLite, but not a journal of gitops-obs")
    refuse_newer(path, version)
    if version == schema.VERSION and schema.TABLES - tables:
        raise _BeyondRepairError(f"without the tables {', '.join(sorted(schema.TABLES - tables))}")
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise _BeyondRepairError(f"damaged: {found}")


def _judged(path: Path, error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BEYOND_REPAIR or (code == 0 and isinstance(error, sqlite3.OperationalError)):
        return _BeyondRepairError(f"damaged: {error}")  # without a code: a text in its schema that is no text
    return JournalError(f"{path}: the journal cannot be opened: {error}")


def _move_aside(path: Path, now: float) -> Path:
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    name, count = f"{path.name}.corrupt-{moment}", 0
    while path.with_name(name).exists():
        count += 1
        name = f"{path.name}.corrupt-{moment}-{count}"
    try:
        for suffix in SUFFIXES:
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(path.with_name(name + suffix))
    except OSError as error:
        raise JournalError(f"{path}: the journal is damaged, and cannot be moved aside: {error.strerror}") from error
    return path.with_name(name)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        make(path)
        connection = sqlite3.connect(
            address(path, "rw"), uri=True, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"{path}: the journal cannot be opened: {error}") from error
    try:
        _prepare(path, connection)
    except sqlite3.Error as error:
        connection.close()
        raise JournalError(f"{path}: the journal cannot be opened: {error}") from error
    except JournalError:
        connection.close()
        raise
    return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a file that has no tables yet, else without effect
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise JournalError(
            f"{path}: the file system lets SQLite write no write-ahead log (it stays with {mode}): a network file "
            "system? Use a local one"
        )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    before = schema.migrate(connection)
    if 0 < before < schema.VERSION:
        log.info("the journal was brought to a newer schema", path=str(path), before=before, now=schema.VERSION)
