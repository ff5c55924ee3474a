"""A batch as rows: what one transaction changes. Statements over an open connection."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from observability.journal import chain, rows
from observability.journal.batch import Batch, Draft, Sifted, named
from observability.journal.group import ObjectKey
from observability.journal.records import COLUMNS, EVENT, SPAN, columns
from observability.model.event import Event
from observability.model.outbox import Row

_WIDTH: Final = len(COLUMNS) + 2
_INTO_EVENTS: Final = f"INSERT INTO events(number, {', '.join(COLUMNS)}, hash)"


class End(NamedTuple):
    """Where the journal ends: the last number that was given to a record, and the head of the chain."""

    number: int
    head: bytes


def end(connection: sqlite3.Connection) -> End:
    """Where the journal ends now."""
    number, last, head, cut = connection.execute(
        "SELECT max(coalesce((SELECT value FROM meta WHERE key = 'number'), 0),"
        " coalesce((SELECT max(number) FROM events), 0), coalesce((SELECT max(number) FROM spans), 0),"
        " coalesce((SELECT max(number) FROM again), 0), coalesce((SELECT max(number) FROM checkpoints), 0)),"
        " (SELECT max(number) FROM events), (SELECT hash FROM events ORDER BY number DESC LIMIT 1),"
        " (SELECT head FROM checkpoints ORDER BY number DESC LIMIT 1)"
    ).fetchone()
    found = head if last is not None else cut
    return End(number, found if isinstance(found, bytes) else chain.BEGINNING)


class Wrote(NamedTuple):
    """What was written: its records as rows, those that were there already aside, and where the journal ends then."""

    rows: Sequence[Row]
    end: End


def write(connection: sqlite3.Connection, batch: Batch, sifted: Sifted) -> Wrote:
    """Write what was sifted of the batch and all else of it. Within a transaction."""
    wrote = _write_records(connection, sifted.kept, end(connection))
    # What was saved before must be noted before it is replaced.
    _write_folds(connection, sifted, batch.observed_at)
    _write_states(connection, batch)
    _write_cursors(connection, batch)
    _write_values(connection, batch.values)
    _write_deliveries(connection, batch)
    _write_meta(connection, wrote.end, sum(sifted.folded.values()))
    return wrote


def _write_records(connection: sqlite3.Connection, drafts: Sequence[Draft], before: End) -> Wrote:
    fresh = _fresh(connection, drafts)
    number, head = before
    events: list[tuple[object, ...]] = []
    spans: list[tuple[object, ...]] = []
    for one in fresh:
        number += 1
        if isinstance(one.record, Event):
            head = chain.link(head, one.data)
            events.append((number, *columns(one.record, b"")[:-1], one.data, head))
        else:
            spans.append((number, one.id, one.data))
    rows.insert(connection, _INTO_EVENTS, _WIDTH, events)
    rows.insert(connection, "INSERT INTO spans(number, id, data)", 3, spans)
    numbered = [Row(place, one.record) for place, one in enumerate(fresh, start=before.number + 1)]
    return Wrote(numbered, End(number, head))


def _fresh(connection: sqlite3.Connection, drafts: Sequence[Draft]) -> list[Draft]:
    """Those that are not there yet, each once."""
    known = {EVENT: set[str](), SPAN: set[str]()}
    for table, kind, is_event in (("events", EVENT, True), ("spans", SPAN, False)):
        asked = [one.id for one in drafts if isinstance(one.record, Event) is is_event]
        known[kind] = rows.existing(connection, table, asked)
    fresh = []
    for one in drafts:
        seen = known[EVENT if isinstance(one.record, Event) else SPAN]
        if one.id not in seen:
            seen.add(one.id)
            fresh.append(one)
    return fresh


def _write_folds(connection: sqlite3.Connection, sifted: Sifted, at: float) -> None:
    counted = [(key, count) for key, count in sifted.folded.items() if key is not None]
    if counted:
        given = rows.array(
            [*name, count] for name, (_, count) in zip(named(k for k, _ in counted), counted, strict=True)
        )
        connection.execute(
            "INSERT INTO folds(kind, namespace, name, state, records, since)"
            " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),"
            " (SELECT state FROM states WHERE kind = json_extract(value, '$[0]')"
            " AND namespace = json_extract(value, '$[1]') AND name = json_extract(value, '$[2]')),"
            " json_extract(value, '$[3]'), ? FROM json_each(?) WHERE true"
            " ON CONFLICT DO UPDATE SET records = records + excluded.records",
            (at, given),
        )
    _delete(connection, "folds", sifted.unfolded)


def _write_states(connection: sqlite3.Connection, batch: Batch) -> None:
    # First what is gone: in a full file the others need its room.
    _delete(connection, "states", [key for key, state in batch.states.items() if state is None])
    # In place: a row that is replaced would move to the end, and its index entry with it.
    into, conflict = (
        "INSERT INTO states(kind, namespace, name, state)",
        "ON CONFLICT DO UPDATE SET state = excluded.state",
    )
    states = [(str(kind), *key, state) for (kind, key), state in batch.states.items() if state is not None]
    rows.insert(connection, into, 4, states, conflict)


def _delete(connection: sqlite3.Connection, table: str, keys: Iterable[ObjectKey]) -> None:
    names = named(keys)
    if names:
        connection.execute(
            f"DELETE FROM {table} WHERE (kind, namespace, name) IN (SELECT json_extract(value, '$[0]'),"  # noqa: S608
            " json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?))",
            (rows.array(names),),
        )


def _write_cursors(connection: sqlite3.Connection, batch: Batch) -> None:
    for scope in [scope for scope, (version, _) in batch.cursors.items() if version is None]:
        connection.execute("DELETE FROM cursors WHERE kind = ? AND namespace = ?", (scope.of, scope.namespace))
    known = [
        (scope.of, scope.namespace, version, at)
        for scope, (version, at) in batch.cursors.items()
        if version is not None
    ]
    rows.insert(connection, "INSERT OR REPLACE INTO cursors(kind, namespace, version, at)", 4, known)


def _write_values(connection: sqlite3.Connection, values: dict[str, bytes | None]) -> None:
    kept = [(name, value) for name, value in values.items() if value is not None]
    rows.insert(connection, "INSERT OR REPLACE INTO values_(name, value)", 2, kept)
    for name in [name for name, value in values.items() if value is None]:
        connection.execute("DELETE FROM values_ WHERE name = ?", (name,))


def _write_deliveries(connection: sqlite3.Connection, batch: Batch) -> None:
    for endpoint, number in batch.acknowledged.items():
        connection.execute(
            "UPDATE endpoints SET acknowledged = max(acknowledged, ?) WHERE name = ?", (number, endpoint)
        )
    into = "INSERT OR REPLACE INTO dead_letters(endpoint, number, record, reason, at, data)"
    rows.insert(connection, into, 6, batch.refusals)


def _write_meta(connection: sqlite3.Connection, after: End, folded: int) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO meta(key, value) VALUES ('number', ?), ('clean', 0),"
        " ('folded', ? + coalesce((SELECT value FROM meta WHERE key = 'folded'), 0))",
        (after.number, folded),
    )
