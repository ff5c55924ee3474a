"""Where lines are added to, and are there for sure afterwards: a file, or stdout. Writes files."""

import asyncio
import errno
import os
import select
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from observability.errors import Later

STDOUT: Final = Path("-")
_STDOUT_DESCRIPTOR: Final = 1
_MODE: Final = 0o640
"""Events name people."""


class Target(Protocol):
    """Something to add bytes to."""

    async def append(self, data: bytes) -> None:
        """Return once all is there. Raises Later when it cannot be now."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


def target(path: Path) -> Target:
    """The file at `path`, stdout for `-`."""
    return Stdout() if path == STDOUT else AppendedFile(path)


class AppendedFile:
    """A regular file that is only added to, made when it is not there, and synced each time.

    When it was renamed or removed, as log rotation does, a new one is made. A line that a crash cut short is ended, so
    that the next one is whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    async def append(self, data: bytes) -> None:
        """Return once `data` is on the disk. Raises Later: no folder, no right, no space."""
        # Shielded: a write that goes on while the file is closed or written to again would tear lines.
        writing = asyncio.ensure_future(asyncio.to_thread(self._append, data))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            with suppress(OSError):
                await asyncio.shield(writing)
            raise
        except OSError as error:
            await self.close()
            raise Later(f"{self._path}: {error.strerror or error}") from error

    async def close(self) -> None:
        """Let go of the file; the next append opens it anew."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with suppress(OSError):  # what was not synced was not acknowledged either
                os.close(descriptor)

    def _append(self, data: bytes) -> None:
        descriptor = self._current()
        before = os.fstat(descriptor).st_size
        written = 0
        try:
            while written < len(data):
                written += os.write(descriptor, data[written:])
        except OSError:
            _take_back(descriptor, before, written)
            raise
        os.fsync(descriptor)

    def _current(self) -> int:
        """A descriptor of the file that is at the path now."""
        if self._descriptor is not None and not self._is_at_path(self._descriptor):
            os.close(self._descriptor)
            self._descriptor = None
        if self._descriptor is None:
            self._descriptor = self._open()
        return self._descriptor

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))

    def _open(self) -> int:
        # Not blocking: a pipe without a reader would hold the thread for ever.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        is_new = not self._path.exists()
        descriptor = os.open(self._path, flags, _MODE)
        try:
            _begin_a_line(descriptor)
            if is_new:
                _sync_folder(self._path)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


def _begin_a_line(descriptor: int) -> None:
    """End the line that a crash cut short. Raises OSError for what is no regular file."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "expected a regular file, or - for stdout")
    if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
        os.write(descriptor, b"\n")


def _take_back(descriptor: int, before: int, written: int) -> None:
    """Cut off what was written before the disk was full, unless somebody else has written since."""
    with suppress(OSError):
        if written and os.fstat(descriptor).st_size == before + written:
            os.ftruncate(descriptor, before)


def _sync_folder(path: Path) -> None:
    """The name of a new file is on the disk only when its folder is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Stdout:
    """The stdout of this process. A slow reader is waited for, without holding anything else."""

    def __init__(self, descriptor: int = _STDOUT_DESCRIPTOR) -> None:
        self._descriptor = descriptor
        self._rest = b""
        """Of a line whose writing was cut short."""

    async def append(self, data: bytes) -> None:
        """Return once `data` was taken by the pipe, the terminal or the file. Raises Later: nobody reads it."""
        data, self._rest = self._rest + data, b""
        written = 0
        try:
            while written < len(data):
                await self._writable()
                written += os.write(self._descriptor, data[written : written + select.PIPE_BUF])
        except OSError as error:
            raise Later(f"stdout: {error.strerror or error}") from error
        finally:
            if written < len(data) and data[:written][-1:] not in (b"", b"\n"):
                self._rest = data[written : data.index(b"\n", written) + 1]

    async def close(self) -> None:
        """Nothing: stdout is not ours to close."""

    async def _writable(self) -> None:
        """Until a write of PIPE_BUF bytes would not block."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_writer(self._descriptor, ready.set)
        except PermissionError:  # a regular file always is, and epoll does not take it
            return
        try:
            await ready.wait()
        finally:
            loop.remove_writer(self._descriptor)
