"""What the journal holds, what the file of events holds, and what the Collector wrote: read on from where one was."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from observability.journal import records
from observability.journal.packing import unpack
from observability.model.event import Event, Severity, Span
from tests.chaos.checks import Told, told, told_span
from tests.integration.otlp import arrived
from tests.integration.servers import within


class Standing(NamedTuple):
    """How far the journal is.

    `cursor`: that of Applications, 0 for none. `number`: the last one. `acknowledged`: what each endpoint has.
    `folded`: so many objects. `dead`: so many letters.
    """

    cursor: int
    number: int
    acknowledged: Mapping[str, int]
    folded: int
    dead: int


class Kept:
    """The events of a journal in their order; `read` takes in those that are new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        self.events: list[Event] = []
        self.told: list[Told] = []

    def read(self) -> None:
        """Take in what was recorded since."""
        with closing(self._connect()) as connection:
            found = connection.execute("SELECT number, data FROM events WHERE number > ? ORDER BY number", self._from)
            for number, data in found:
                event = unpack(records.EVENT, data)
                assert isinstance(event, Event)
                self._number = number
                self.events.append(event)
                self.told.append(told(event))

    @property
    def _from(self) -> tuple[int]:
        return (self._number,)

    def standing(self) -> Standing | None:
        """None: it cannot be read now."""
        try:
            with closing(self._connect()) as connection:
                one = connection.execute
                connection.execute("BEGIN")
                cursor = one("SELECT version FROM cursors WHERE kind = 'Application'").fetchone()
                number = one("SELECT value FROM meta WHERE key = 'number'").fetchone()
                has = dict(one("SELECT name, acknowledged FROM endpoints").fetchall())
                (folds,) = one("SELECT count(*) FROM folds").fetchone()
                (dead,) = one("SELECT count(*) FROM dead_letters").fetchone()
        except sqlite3.Error:
            return None
        return Standing(int(cursor[0]) if cursor else 0, int(number[0]) if number else 0, has, folds, dead)

    def folded(self) -> int:
        """How many records were never written, since it was begun."""
        with closing(self._connect()) as connection:
            found = connection.execute("SELECT value FROM meta WHERE key = 'folded'").fetchone()
        return int(found[0]) if found else 0

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=5.0, isolation_level=None)


class Tail:
    """A file of JSON lines that grows. A line that a crash has cut short is no line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.torn = 0

    def read(self) -> Iterator[dict[str, Any]]:
        """The whole lines since the last time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                self.torn += 1


class Lines:
    """The events of a file of JSON lines, in the order of their arrival."""

    def __init__(self, path: Path) -> None:
        self._tail = Tail(path)
        self.told: list[Told] = []

    def read(self) -> None:
        """Take in what has arrived since."""
        self.told += [told(_event(line)) for line in self._tail.read()]


class Collected:
    """The events and spans that a Collector wrote, in the order of their arrival."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._logs, self._traces = Tail(files["logs"]), Tail(files["traces"])
        self.told: list[Told] = []
        self.spans: list[Span] = []
        self.told_spans: list[Told] = []

    def read(self) -> None:
        """Take in what has arrived since."""
        for line in self._logs.read():
            found = within(line, "resourceLogs", "scopeLogs", "logRecords")
            self.told += [told(arrived.event_of(one, "")) for one in found]
        for line in self._traces.read():
            spans = [arrived.span_of(one, "") for one in within(line, "resourceSpans", "scopeSpans", "spans")]
            self.spans += spans
            self.told_spans += map(told_span, spans)


def _event(line: Mapping[str, Any]) -> Event:
    return Event(
        id=line["id"],
        name=line["name"],
        at=datetime.fromisoformat(line["time"]).timestamp(),
        observed_at=datetime.fromisoformat(line["observed"]).timestamp(),
        severity=Severity(line["severity"]),
        body=line["body"],
        subject="",
        attributes=line["attributes"],
    )
