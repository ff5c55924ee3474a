"""A database file whose end is missing. SQLite reads the rest of its last page as zeros, and calls that whole.

Source: https://sqlite.org/fileformat2.html, "The Database Header", "The Write-Ahead Log".
"""

from pathlib import Path
from typing import Final

_LOG_HEADER_BYTES: Final = 32
_FRAME_HEADER_BYTES: Final = 24


def ends_within_a_page(path: Path) -> bool:
    """The file ends within a page, and its log does not hold that page: it was not being copied from there."""
    size = path.stat().st_size
    with path.open("rb") as file:
        page_bytes = _page_bytes(file.read(18))
    return bool(size % page_bytes) and size // page_bytes + 1 not in _logged(path, page_bytes)


def _page_bytes(header: bytes) -> int:
    size = int.from_bytes(header[16:18], "big")
    return 65_536 if size == 1 else max(size, 512)


def _logged(path: Path, page_bytes: int) -> set[int]:
    """The numbers of the pages that the write-ahead log holds."""
    pages: set[int] = set()
    try:
        with path.with_name(f"{path.name}-wal").open("rb") as log:
            salts = log.read(_LOG_HEADER_BYTES)[16:24]
            while len(header := log.read(_FRAME_HEADER_BYTES)) == _FRAME_HEADER_BYTES and header[8:16] == salts:
                pages.add(int.from_bytes(header[:4], "big"))
                log.seek(page_bytes, 1)
    except FileNotFoundError:
        pass
    return pages
