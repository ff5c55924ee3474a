"""Lines of JSON in real files and pipes: whole lines, through rotation, crashes, full disks and readers that leave."""

import asyncio
import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from observability.delivery.sinks.appending import AppendedFile, Stdout
from observability.delivery.sinks.jsonlines import JsonLines
from observability.delivery.sinks.lines import as_json
from observability.errors import Later
from tests.records import event, span

WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from observability.delivery.sinks.jsonlines import JsonLines
from tests.records import event

async def write():
    sink = JsonLines("lines", Path(sys.argv[1]), {})
    for number in itertools.count():
        told = event("gitops.application.deployed", number, body="x" * 200_000)
        await sink.deliver([told])
        print(told.id, flush=True)

asyncio.run(write())
"""

FIRST, SECOND, THIRD = (event("gitops.application.deployed", number) for number in range(3))
RESOURCE = {"service.name": "gitops-observability"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Not there yet."""
    return tmp_path / "events.jsonl"


def put(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def content(file: Path) -> bytes:
    """What is in it; nothing where it is not there."""
    return file.read_bytes() if file.exists() else b""


def documents(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(file).splitlines()]


def ids(file: Path) -> list[str]:
    return [document["id"] for document in documents(file)]


def move(file: Path) -> Path:
    return file.rename(file.with_suffix(".1"))


def remove(file: Path) -> None:
    file.unlink()


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def is_full(pipe: int) -> bool:
    return not select.select([], [pipe], [], 0)[1]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full once a file has so many bytes: write() takes what fits, and fails then."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


async def test_events_are_lines_and_spans_are_none(file: Path) -> None:
    sink = JsonLines("lines", file, RESOURCE)
    await sink.deliver([span()])
    assert content(file) == b""
    await sink.deliver([FIRST, span(), SECOND])
    await sink.deliver([THIRD])
    await sink.close()
    assert documents(file) == [as_json(one, RESOURCE) for one in (FIRST, SECOND, THIRD)]
    assert mode(file) & ~0o640 == 0


async def test_what_is_there_stays(file: Path) -> None:
    for one in (FIRST, SECOND):
        sink = JsonLines("lines", file, RESOURCE)
        await sink.deliver([one])
        await sink.close()
    assert ids(file) == [FIRST.id, SECOND.id]


async def test_a_line_that_a_crash_cut_short_is_ended(file: Path) -> None:
    put(file, b'{"id": "whole"}\n{"id": "to')
    sink = JsonLines("lines", file, RESOURCE)
    await sink.deliver([FIRST])
    await sink.deliver([SECOND])
    await sink.close()
    whole, torn, *others = content(file).splitlines()
    assert (whole, torn) == (b'{"id": "whole"}', b'{"id": "to')
    assert [json.loads(line)["id"] for line in others] == [FIRST.id, SECOND.id]


async def test_a_file_that_was_moved_or_removed_is_made_anew(file: Path) -> None:
    sink = JsonLines("lines", file, RESOURCE)
    await sink.deliver([FIRST])
    rotated = move(file)
    await sink.deliver([SECOND])
    assert (ids(rotated), ids(file)) == ([FIRST.id], [SECOND.id])
    remove(file)
    await sink.deliver([THIRD])
    put(file, b"")  # as copytruncate does
    await sink.deliver([FIRST])
    assert ids(file) == [FIRST.id]
    await sink.close()


async def test_on_a_full_disk_no_half_line_stays(file: Path) -> None:
    sink = JsonLines("lines", file, RESOURCE)
    await sink.deliver([FIRST])
    whole = content(file)
    with files_of_at_most(len(whole) + 100):
        for _ in range(3):
            with pytest.raises(Later, match=r"events.jsonl: File too large"):
                await sink.deliver([SECOND, THIRD])
            assert content(file) == whole
    await sink.deliver([SECOND, THIRD])
    await sink.close()
    assert ids(file) == [FIRST.id, SECOND.id, THIRD.id]


async def test_a_device_without_space() -> None:
    device = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(Later, match="stdout: No space left on device"):
            await Stdout(device).append(b"a\n")
    finally:
        os.close(device)


async def test_a_folder_that_went_away_and_came_back(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "events.jsonl"
    sink = JsonLines("lines", file, RESOURCE)
    with pytest.raises(Later, match=r"events.jsonl: No such file or directory"):
        await sink.deliver([FIRST])
    file.parent.mkdir()
    await sink.deliver([FIRST])
    await sink.close()
    assert ids(file) == [FIRST.id]


async def test_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, said in ((pipe, "expected a regular file, or - for stdout"), (tmp_path, "Is a directory")):
        with pytest.raises(Later, match=said):
            await JsonLines("lines", path, RESOURCE).deliver([FIRST])


async def test_two_who_write_do_not_tear_each_others_lines(file: Path) -> None:
    one, two = AppendedFile(file), AppendedFile(file)
    lines = [f'{{"id": "{number}"}}\n'.encode() for number in range(200)]
    await asyncio.gather(*(target.append(line) for line in lines[:2] for target in (one, two)))
    for line in lines[2:]:
        await one.append(line)
        await two.append(line)
    await one.close()
    await two.close()
    assert len(ids(file)) == 400


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """(to read, to write); both are closed when the test ends."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # by the test


async def test_a_slow_reader_is_waited_for(pipe: tuple[int, int]) -> None:
    read, write = pipe
    data = b"".join(b"%06d\n" % number for number in range(40_000))
    writing = asyncio.create_task(Stdout(write).append(data))
    got = bytearray()
    while len(got) < len(data):
        got += await asyncio.to_thread(os.read, read, 65_536)
    await writing
    assert got == data


async def test_a_reader_that_went_away(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.close(read)
    with pytest.raises(Later, match="stdout: Broken pipe"):
        await Stdout(write).append(b"a\n")


async def test_a_line_that_was_cut_short_is_finished_first(pipe: tuple[int, int]) -> None:
    read, write = pipe
    stdout = Stdout(write)
    long, others = b"a" * 1_000_000 + b"\n", b"b\nc\n"
    writing = asyncio.create_task(stdout.append(long + others))
    while not is_full(write):  # noqa: ASYNC110 - a pipe does not tell
        await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    again = asyncio.create_task(stdout.append(long + others))
    got = bytearray()
    while len(got) < 2 * len(long) + len(others):
        got += await asyncio.to_thread(os.read, read, 65_536)
    await again
    assert got == long + long + others


async def test_a_write_that_is_cancelled_is_ended_first(file: Path) -> None:
    target = AppendedFile(file)
    line = b"a" * 20_000_000 + b"\n"
    writing = asyncio.create_task(target.append(line))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert content(file) == line
    await target.append(b"b\n")
    await target.close()
    assert content(file) == line + b"b\n"


def test_what_was_delivered_is_there_after_a_kill(file: Path) -> None:
    delivered: list[str] = []
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        delivered += [writer.stdout.readline().strip() for _ in range(20)]
        writer.kill()
        delivered += writer.communicate()[0].split()
    lines = content(file).splitlines()
    whole = [json.loads(line)["id"] for line in lines if line.endswith(b"}")]
    assert len(lines) - len(whole) <= 3
    assert set(delivered) <= set(whole)
    assert [id_ for id_ in whole if whole.count(id_) < delivered.count(id_)] == []
