"""A file that ends within a page, beside a log that holds that page or not."""

from pathlib import Path

import pytest

from observability.journal.torn import ends_within_a_page

HEADER = b"SQLite format 3\0" + (512).to_bytes(2, "big")
SALTS = b"saltsalt"


def log(*pages: int, salts: bytes = SALTS) -> bytes:
    frames = b"".join(page.to_bytes(4, "big") + bytes(4) + salts + bytes(8) + bytes(512) for page in pages)
    return bytes(16) + SALTS + bytes(8) + frames


@pytest.mark.parametrize(
    ("size", "logged", "expected"),
    [
        (1024, None, False),
        (1000, None, True),
        (1000, log(), True),
        (1000, log(1, 3), True),
        (1000, log(3, 2), False),
        (1000, log(2, salts=b"of older"), True),
        (1000, log(2)[:40], True),
        (18, None, True),
    ],
)
def test_only_a_page_that_is_nowhere_whole_is_missing(
    tmp_path: Path, size: int, logged: bytes | None, expected: bool
) -> None:
    file = tmp_path / "journal.db"
    file.write_bytes(HEADER.ljust(size, b"\0"))
    if logged is not None:
        file.with_name("journal.db-wal").write_bytes(logged)
    assert ends_within_a_page(file) is expected


def test_pages_of_64_kib_are_written_as_one(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    file.write_bytes((b"SQLite format 3\0" + (1).to_bytes(2, "big")).ljust(65_536, b"\0"))
    assert not ends_within_a_page(file)
