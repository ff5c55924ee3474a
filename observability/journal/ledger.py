"""The journal as its one writer sees it: what is on disk, what waits for the disk, and what there is room for.

Belongs to one thread. A batch that cannot be written (the disk is full, or ails) waits in memory for the next try. When
it gets too many records it gives them up, and they are counted; its states, cursors and acknowledgements stay.
"""

import math
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import structlog

from observability.journal import endpoints, records, restoring, retention, schema, writing
from observability.journal.batch import Batch, Refusal, Sifted, sift
from observability.journal.group import Fold, Limits, ObjectKey, Stats
from observability.journal.opening import Opened
from observability.journal.restoring import Restored
from observability.journal.space import Space
from observability.model.application import Key
from observability.model.observation import Kind
from observability.model.outbox import Row

log = structlog.get_logger(__name__)

_DAY_SECONDS: Final = 86_400.0
_TELL_SECONDS: Final = 3600.0
"""Between two warnings of the same."""
_LATEST_MOST: Final = 1_000
"""So many rows are kept at hand: some tenths of a second of much that happens, 2 MB."""

_Answer = TypeVar("_Answer")


class Outcome(NamedTuple):
    """What came of writing a batch.

    `waits`: nothing was decided yet, somebody else holds the file. `counts`: of each entry that nobody was told of yet,
    how many records were folded. `end`: the last number that was given.
    """

    durable: bool
    waits: bool
    counts: Sequence[int]
    end: int


class Ledger:
    """An open journal, and the batch that is not on disk yet."""

    def __init__(self, opened: Opened, path: Path | None, limits: Limits, clock: Callable[[], float]) -> None:
        self.batch = Batch()
        self.trouble = ""
        self.cut_early = 0
        self._connection = opened.connection
        self._opened = opened
        self._space = Space(opened.connection, path, limits.max_bytes)
        self._space.enforce()
        self._max_bytes = limits.max_bytes
        self._told_at = -math.inf
        self._keep_seconds = limits.retention_days * _DAY_SECONDS if path is not None else 0.0
        self._waiting_records = limits.waiting_records
        self._clock = clock
        self._acknowledged: dict[str, int] = {}
        self._latest: list[Row] = []
        """The last rows, without a gap up to `end`: who keeps up is given these, and nothing is read."""
        self._clean = restoring.meta(opened.connection, "clean", 1) == 1
        self.end = writing.end(opened.connection).number
        self.folded: set[ObjectKey] = restoring.folded(opened.connection)
        self._folded_before = self._folded()

    @property
    def full(self) -> bool:
        """No records are written now."""
        return self._space.full or bool(self.trouble)

    def write(self) -> Outcome:
        """Write what waits, in one transaction."""
        try:
            sifted = sift(self.batch, self.folded, room=self._has_room())
            with schema.transaction(self._connection):
                wrote = writing.write(self._connection, self.batch, sifted)
                retention.drop_delivered(self._connection)
        except Exception as error:
            if not _may_pass(error):
                self._discard(error)
                raise
            return self._not_written(error)
        if self.trouble:
            log.info("the journal can be written again", before=self.trouble)
        if wrote.rows:
            goes_on = wrote.rows[0].number == self.end + 1  # commands give numbers, too
            self._latest = [*(self._latest if goes_on else ()), *wrote.rows][-_LATEST_MOST:]
        self.trouble, self.end = "", wrote.end.number
        self.folded |= _objects(sifted)
        self.folded -= sifted.unfolded
        told, self.batch = self.batch.told, Batch()
        return Outcome(durable=True, waits=False, counts=sifted.counts[told:], end=self.end)

    def _give_up_records(self) -> Outcome:
        sifted, told = sift(self.batch, self.folded, room=False), self.batch.told
        self.batch.give_up_records(sifted)
        self.folded |= _objects(sifted)
        return Outcome(durable=False, waits=False, counts=sifted.counts[told:], end=self.end)

    def _keep_records(self) -> Outcome:
        """They wait for the file, together with the states that came of them: a crash loses both or none."""
        fresh = len(self.batch.entries) - self.batch.told
        self.batch.told = len(self.batch.entries)
        return Outcome(durable=False, waits=False, counts=(0,) * fresh, end=self.end)

    def _discard(self, error: Exception) -> None:
        """A defect of ours, that would be one the next time, too."""
        log.error("what was to be written to the journal cannot be, it is left out", exc_info=error)
        self.batch = Batch()

    def _not_written(self, error: Exception) -> Outcome:
        if str(error) != self.trouble:
            log.error("the journal cannot be written now, trying again", error=str(error))
        self.trouble = str(error)
        if self.batch.records >= self._waiting_records:
            return self._give_up_records()
        if _is_busy(error):
            return Outcome(durable=False, waits=True, counts=(), end=self.end)
        return self._keep_records()

    def _has_room(self) -> bool:
        need = self.batch.bytes
        if not self._space.full:  # `tidy` cuts while it is
            while not self._space.fits(need) and (self._cut() or self._cut_early()):
                pass
        return self._space.has_room(need)

    def _cut(self) -> int:
        now = self._clock()
        with schema.transaction(self._connection):
            retention.drop_delivered(self._connection)
            return retention.cut_events(self._connection, now - self._keep_seconds, now)

    def _cut_early(self) -> int:
        """Rather lose what others have than what nobody knows yet."""
        now = self._clock()
        with schema.transaction(self._connection):
            cut = retention.cut_early(self._connection, now)
        self.cut_early += cut
        if cut and now >= self._told_at + _TELL_SECONDS:
            self._told_at = now
            log.warning(
                "the journal has reached its size: delivered events go before retention_days", max_bytes=self._max_bytes
            )
        return cut

    def tidy(self) -> bool:
        """Cut some of what need not be kept any longer. Whether there may be more."""
        try:
            more = self._cut() >= retention.CUT_MOST
            if self._space.full and not self._space.fits(0):
                more = self._cut_early() > 0 or more
            self._space.give_back()
            self._space.has_room(0)
        except sqlite3.DatabaseError as error:
            if not _may_pass(error):
                raise
            return False
        return more

    def next(self, endpoint: str, most: int) -> tuple[Sequence[Row], int]:
        """The next rows of an endpoint, and the last number that was given when they were read."""
        while True:
            after = max(endpoints.acknowledged(self._connection, endpoint), self._acknowledged.get(endpoint, 0))
            if self._latest and self._latest[0].number - 1 <= after < self.end:
                start = after + 1 - self._latest[0].number
                return self._latest[start : start + most], self.end
            page = endpoints.page(self._connection, endpoint, after, most)
            for one in page.damaged:
                log.error("a row of the journal is damaged, it is kept as a dead letter", number=one.number)
                self._refuse(
                    Refusal(endpoint, one.number, one.record, f"damaged: {one.reason}", self._clock(), one.data)
                )
            if page.rows or not page.damaged:
                return page.rows, page.end
            self.acknowledge(endpoint, page.last)

    def acknowledge(self, endpoint: str, number: int) -> None:
        """Holds at once, and is written with the next batch: at worst it is delivered twice."""
        self._acknowledged[endpoint] = max(number, self._acknowledged.get(endpoint, 0))
        self.batch.acknowledge(endpoint, number)

    def refuse(self, endpoint: str, row: Row, reason: str) -> None:
        """The same of a row that becomes a dead letter."""
        told = reason.encode(errors="replace").decode()
        data = records.as_json(row.record).decode()
        self._refuse(Refusal(endpoint, row.number, records.kind(row.record), told, self._clock(), data))
        self.acknowledge(endpoint, row.number)

    def _refuse(self, refusal: Refusal) -> None:
        self.batch.refusals.append(refusal)

    def add(self, endpoint: str) -> None:
        """An endpoint that may be new: it is owed what comes, and nothing of what waits."""
        with schema.transaction(self._connection):
            endpoints.add(self._connection, endpoint, self._clock())

    def folds(self, most: int) -> Sequence[Fold]:
        """The oldest folds; none while there is no room to record what they stand for."""
        if self.full or not self.folded or not self._space.has_room(0):
            return ()
        return restoring.folds(self._connection, most)

    def restore(self, page: Callable[[Kind, Key], restoring.Page]) -> Restored:
        """What was saved; `page` reads states later on."""
        return Restored(
            self._opened.origin,
            self._clean,
            restoring.cursors(self._connection),
            restoring.values(self._connection),
            len(self.folded),
            page,
        )

    def read(self, query: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """What a query returns."""
        return query(self._connection)

    def close(self) -> None:
        """Let go of the file; all that waits should be written before."""
        try:
            if not self.batch and not self.trouble:
                with schema.transaction(self._connection):
                    _note_clean(self._connection)
        finally:
            self._opened.close()

    def _folded(self) -> int:
        return restoring.meta(self._connection, "folded", 0) + sum(self.batch.folded.values())

    def stats(self) -> Stats:
        """How the journal is."""
        return Stats(
            bytes=self._space.file_bytes(),
            endpoints=endpoints.stats(self._connection),
            folded=self._folded() - self._folded_before,
            folds=len(self.folded),
            cut_early=self.cut_early,
            full=self.full,
            trouble=self.trouble,
        )


def _objects(sifted: Sifted) -> set[ObjectKey]:
    return {key for key in sifted.folded if key is not None}


def _note_clean(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT OR REPLACE INTO meta(key, value) VALUES ('clean', 1)")


def _may_pass(error: Exception) -> bool:
    """It is of the file or the disk, and may be mended; else it is a defect of ours."""
    return type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError)


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
