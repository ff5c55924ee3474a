"""Where the tests of the recorder keep what they record: in a file, or in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.recorders import Process, running


@pytest.fixture
async def memory() -> AsyncIterator[Process]:
    """One without a file."""
    async with running(None) as process:
        yield process


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a journal may be."""
    return tmp_path / "journal.db"
