"""The one thread that has the journal. What is handed to it is done in that order; what is written, in groups.

No asyncio here: answers are `concurrent.futures`.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import structlog

from observability.errors import JournalError
from observability.journal.group import Group, Limits, Written
from observability.journal.ledger import Ledger, Outcome

log = structlog.get_logger(__name__)

_TRY_AGAIN_SECONDS: Final = 1.0
"""Between two tries to write, while that fails; and between two looks for room, while it is full."""
_TIDY_SECONDS: Final = 60.0

_Answer = TypeVar("_Answer")


class Report(NamedTuple):
    """How the journal is after a commit. `end`: the last number. `foldable`: something folded could be recorded now."""

    end: int
    foldable: bool


class _Write(NamedTuple):
    group: Group
    future: "Future[Written]"


class _Call(NamedTuple):
    function: Callable[[Ledger], Any]
    future: "Future[Any]"
    settled: bool
    """All that was handed over before is to be on disk first."""


class _Stop(NamedTuple):
    future: "Future[None]"


_Item: TypeAlias = _Write | _Call | _Stop


class Writer:
    """Begins with `start`. `report` is called in the thread, with what is new."""

    def __init__(self, ledger: Ledger, limits: Limits, report: Callable[[Report], None]) -> None:
        self._ledger = ledger
        self._limits = limits
        self._report = report
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._gate = threading.Lock()
        self._closed = False
        self._waiting: list[tuple[Future[Written], int]] = []
        """Whose groups wait to be written, one for each entry of the batch, and how many records each lost."""
        self._due: float | None = None
        """When to write what waits; None: nothing does."""
        self._next_tidy = 0.0
        self._told: Report | None = None

    def start(self) -> None:
        """Begin."""
        self._next_tidy = time.monotonic() + _TIDY_SECONDS
        self._thread.start()

    def write(self, group: Group) -> "Future[Written]":
        """Write a group, soon. Raises JournalError when the journal is closed."""
        future: Future[Written] = Future()
        self._put(_Write(group, future))
        return future

    def call(self, function: Callable[[Ledger], _Answer], *, settled: bool = False) -> "Future[_Answer]":
        """Run something in the thread; `settled`: once all is written that came before. Raises JournalError."""
        future: Future[_Answer] = Future()
        self._put(_Call(function, future, settled))
        return future

    def close(self) -> "Future[None]":
        """Write what waits, and let go of the file. Raises JournalError when it was closed before."""
        future: Future[None] = Future()
        self._put(_Stop(future))
        return future

    def _put(self, item: _Item) -> None:
        with self._gate:
            if self._closed:
                raise JournalError("the journal is closed")
            self._closed = isinstance(item, _Stop)
            self._queue.put(item)

    def _run(self) -> None:
        while True:
            self._do_what_is_due()
            try:
                item = self._queue.get(timeout=self._patience())
            except queue.Empty:
                continue
            if isinstance(item, _Stop):
                self._stop(item.future)
                return
            self._take(item)

    def _patience(self) -> float:
        """Until something is to be done though nothing is asked for, in seconds."""
        until = self._next_tidy if self._due is None else min(self._due, self._next_tidy)
        return max(until - time.monotonic(), 0.0)

    def _do_what_is_due(self) -> None:
        now = time.monotonic()
        if self._due is not None and self._due <= now:
            self._commit()
        if self._next_tidy <= now:
            more = self._guarded(self._ledger.tidy)
            self._next_tidy = now if more else now + _TIDY_SECONDS
            self._tell()

    def _take(self, item: _Write | _Call) -> None:
        match item:
            case _Write(group, future):
                self._add(group, future)
            case _Call(function, future, settled):
                if settled and self._ledger.batch and not self._ledger.trouble:
                    self._commit()
                self._answer(function, future)
        batch = self._ledger.batch
        if batch and self._due is None:
            self._due = time.monotonic() + self._limits.commit_seconds
        if batch.records >= self._limits.commit_records and not self._ledger.trouble:
            self._due = time.monotonic()

    def _add(self, group: Group, future: "Future[Written]") -> None:
        try:
            failures = self._ledger.batch.add(group)
        except Exception as error:  # a defect, and told as one: the thread must live
            if future.set_running_or_notify_cancel():
                future.set_exception(JournalError(f"the journal could not take a group: {error}"))
            return
        for failure in failures:
            log.error("a record cannot be written to the journal, it is left out", error=str(failure))
        self._waiting.append((future, len(failures)))

    def _commit(self) -> None:
        try:
            outcome = self._ledger.write()
        except Exception as error:  # a defect, and told as one: the thread must live
            self._due = None
            waiting, self._waiting = self._waiting, []
            for future, _ in waiting:
                if future.set_running_or_notify_cancel():
                    future.set_exception(JournalError(f"the journal could not write a group: {error}"))
            return
        self._due = None if outcome.durable else time.monotonic() + _TRY_AGAIN_SECONDS
        if not outcome.waits:
            self._resolve(outcome)
        if self._ledger.full:
            self._next_tidy = min(self._next_tidy, time.monotonic() + _TRY_AGAIN_SECONDS)
        self._tell()

    def _resolve(self, outcome: Outcome) -> None:
        waiting, self._waiting = self._waiting, []
        for (future, unwritable), folded in zip(waiting, outcome.counts, strict=True):
            if future.set_running_or_notify_cancel():
                future.set_result(Written(durable=outcome.durable, folded=folded, unwritable=unwritable))

    def _stop(self, future: "Future[None]") -> None:
        if self._ledger.batch:
            self._commit()
        if self._ledger.batch:
            log.error("the journal could not be written to the last", error=self._ledger.trouble)
        waiting, self._waiting = self._waiting, []
        for one, _ in waiting:
            if one.set_running_or_notify_cancel():
                one.set_exception(JournalError("the journal was closed before it could be written"))
        self._answer(Ledger.close, future)

    def _guarded(self, job: Callable[[], bool]) -> bool:
        """What it returns; False when it fails by a defect, which is told."""
        try:
            return job()
        except Exception:  # the thread must live
            log.exception("the journal could not be tidied")
            return False

    def _answer(self, function: Callable[[Ledger], Any], future: "Future[Any]") -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            answer = function(self._ledger)
        except sqlite3.Error as error:
            future.set_exception(JournalError(f"the journal cannot be used now: {error}"))
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(answer)
        self._tell()

    def _tell(self) -> None:
        """Each report wakes the event loop, so only of what is new."""
        report = Report(self._ledger.end, bool(self._ledger.folded) and not self._ledger.full)
        if report != self._told:
            self._told = report
            self._report(report)
