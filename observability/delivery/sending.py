"""From the outbox to a sink: one endless loop each, so that a sink that is down never holds back another.

A row is acknowledged when the sink has its record, when nobody wants it there, or when it went to the dead letters;
never before. What is cut short by a cancellation is delivered again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn, TypeAlias, TypeVar

import structlog

from observability.errors import JournalError, Later, Refused
from observability.model.application import SyncedResource
from observability.model.event import Attribute, Event, Record
from observability.model.outbox import Outbox, Row, Sink
from observability.sources.backoff import Backoff

log = structlog.get_logger(__name__)

BACKOFF_INITIAL_SECONDS: Final = 0.8
"""The longest pause after the first failure; it doubles with each further one …"""
BACKOFF_MAX_SECONDS: Final = 30.0
"""… up to this."""

_REASON_CHARACTERS: Final = 500
_RECORD_BYTES: Final = 120
"""What a record takes beside its words: times, identifiers, tags."""

_CHILD_BYTES: Final = 500
"""What the span of a resource takes beside its kind and name, which it has three times, namespace and message."""

_Answer = TypeVar("_Answer")
_Rows: TypeAlias = Sequence[Row]


class Outcome(StrEnum):
    """What became of records that were handed to a sink."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    RETRIED = "retried"


def _everything(_: Record) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How one sink is served."""

    count: Callable[[str, Outcome, int], None]
    """Told the sink's name, what became of records, and how many they are. A retry counts each time."""
    random: Callable[[], float]
    """Values from 0 to 1, for the pauses."""
    keeps: Callable[[Record], bool] = _everything
    """Whether the sink is to have a record; what it is not to have is acknowledged."""
    rows_max: int = 512
    """The most rows that are read, and records that are delivered, at once."""
    bytes_max: int = 2**20
    """The most bytes at once, about; a record that is larger goes alone. Receivers of gRPC take 4 MiB by default."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits so many seconds."""


async def send(outbox: Outbox, sink: Sink, how: Sending) -> NoReturn:
    """Deliver what is in the outbox to the sink, for ever. May be cancelled at any point; the caller closes the sink.

    Order is kept. What the sink refuses is tried in halves until the record is found that it will not take; that one
    goes to the dead letters. Any other failure is tried again for ever.
    """
    lane = _Lane(outbox, sink, how)
    while True:
        rows = await lane.in_journal(lambda: outbox.next(sink.name, how.rows_max))
        if rows:
            await lane.deliver(rows)
        else:
            await lane.in_journal(lambda: outbox.wait(sink.name))


class _Lane:
    """One sink, and how it went so far."""

    def __init__(self, outbox: Outbox, sink: Sink, how: Sending) -> None:
        self._outbox = outbox
        self._sink = sink
        self._how = how
        self._backoff = Backoff(BACKOFF_INITIAL_SECONDS, BACKOFF_MAX_SECONDS, healthy=0.0, random=how.random)
        self._trouble = ""
        self._refusal = ""

    async def in_journal(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """What the journal answers, asked until it does."""
        while True:
            try:
                return await ask()
            except JournalError as error:
                await self._pause(f"the journal cannot be used: {error}", None)

    async def deliver(self, rows: _Rows) -> None:
        """Until all of them are acknowledged or refused."""
        pieces = deque(_pieces([row for row in rows if self._how.keeps(row.record)], self._how.bytes_max))
        if not pieces:
            await self._acknowledged(rows[-1].number)
        while pieces:
            piece = pieces.popleft()
            try:
                await self._sink.deliver([row.record for row in piece])
            except Refused as error:
                if len(piece) > 1:
                    middle = len(piece) // 2
                    pieces.extendleft((piece[middle:], piece[:middle]))
                    continue
                await self._refused(piece[0], str(error))
            except Exception as error:  # also of plugins: whatever it is, it may be over the next time
                self._how.count(self._sink.name, Outcome.RETRIED, len(piece))
                await self._pause(_said(error), error.retry_after_seconds if isinstance(error, Later) else None)
                pieces.appendleft(piece)
                continue
            else:
                self._well()
                self._how.count(self._sink.name, Outcome.DELIVERED, len(piece))
            # The last piece acknowledges what was filtered out behind it, too: one write less.
            await self._acknowledged(piece[-1].number if pieces else rows[-1].number)

    async def _acknowledged(self, number: int) -> None:
        await self.in_journal(lambda: self._outbox.acknowledge(self._sink.name, number))

    async def _refused(self, row: Row, reason: str) -> None:
        self._well()  # it answers
        reason = _cut(reason)
        if reason != self._refusal:
            self._refusal = reason
            log.error("a record is refused, it is kept as a dead letter", **self._facts(row.record, reason))
        await self.in_journal(lambda: self._outbox.refuse(self._sink.name, row, reason))
        self._how.count(self._sink.name, Outcome.REFUSED, 1)

    def _facts(self, record: Record, reason: str) -> dict[str, str]:
        return {"endpoint": self._sink.name, "record": record.id, "name": record.name, "reason": reason}

    async def _pause(self, reason: str, asked_seconds: float | None) -> None:
        seconds = max(self._backoff.failed(_now()), asked_seconds or 0.0)
        if reason != self._trouble:
            self._trouble = reason
            log.warning("cannot deliver, trying again", endpoint=self._sink.name, reason=reason, seconds=seconds)
        await self._how.sleep(seconds)

    def _well(self) -> None:
        self._backoff.succeeded(_now())
        if self._trouble:
            self._trouble = ""
            log.info("delivering again", endpoint=self._sink.name)


def _pieces(rows: _Rows, bytes_max: int) -> list[_Rows]:
    """`rows` in their order, in pieces of at most so many bytes."""
    pieces: list[_Rows] = []
    start = total = 0
    for index, row in enumerate(rows):
        size = size_bytes(row.record)
        if index > start and total + size > bytes_max:
            pieces.append(rows[start:index])
            start, total = index, 0
        total += size
    if rows:
        pieces.append(rows[start:])
    return pieces


def size_bytes(record: Record) -> int:
    """About how long a record is when it is sent. Characters beyond ASCII are guessed, not counted."""
    if isinstance(record, Event):
        words = len(record.body)
    else:
        words = len(record.message) + 32 * len(record.links) + sum(map(_size_of_child, record.resources))
    total = _RECORD_BYTES + len(record.name) + words
    for key, value in record.attributes.items():
        total += len(key) + 8 + (len(value) if type(value) is str and value.isascii() else _length(value))
    return total


def _size_of_child(one: SyncedResource) -> int:
    return _CHILD_BYTES + 3 * _length(one.kind) + 3 * _length(one.name) + _length(one.namespace) + _length(one.message)


def _length(value: Attribute) -> int:
    match value:
        case str():
            return len(value) if value.isascii() else 3 * len(value)
        case tuple():
            return sum(map(_length, value)) + 4 * len(value)
        case _:
            return 8


def _said(error: Exception) -> str:
    """Ours speak for themselves, others by their type, too."""
    return _cut(str(error) if isinstance(error, Later) else f"{type(error).__name__}: {error}")


def _cut(text: str) -> str:
    return text if len(text) <= _REASON_CHARACTERS else text[: _REASON_CHARACTERS - 1] + "…"


def _now() -> float:
    return asyncio.get_running_loop().time()
