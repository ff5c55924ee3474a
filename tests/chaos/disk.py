"""A small disk for the journal and the file of events, that can be filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PIECE_BYTES: Final = 4096


class Disk:
    """A folder. `small`: it is a file system of its own, and can be full."""

    def __init__(self, folder: Path, small: bool) -> None:
        self.folder, self.small = folder, small
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take all the room that is left."""
        with self._ballast.open("wb") as file:
            room = os.statvfs(self.folder)
            size = room.f_bavail * room.f_frsize
            while size >= _PIECE_BYTES:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
                except OSError:  # others take of it meanwhile
                    size //= 2

    def free(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """One of so many MiB; where none can be mounted, the folder."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        small = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        small = False
    try:
        yield Disk(folder, small)
    finally:
        if small:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
