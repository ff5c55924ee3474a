"""How a journal is: how large, who is owed what, and what nobody would take. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from observability.journal.group import EndpointStats
from observability.journal.letters import DeadLetter
from observability.reports import instants
from observability.reports.table import Column, Fact, Table, second, tabulate

SIZES: Final[Mapping[str, str]] = {
    "events": "SELECT count(*) FROM events",
    "spans": "SELECT count(*) FROM spans",
    "states": "SELECT count(*) FROM states",
    "dead_letters": "SELECT count(*) FROM dead_letters",
    "folded": "SELECT coalesce(max(value), 0) FROM meta WHERE key = 'folded'",
    "oldest_event": "SELECT observed_at FROM events ORDER BY number LIMIT 1",
    "newest_event": "SELECT observed_at FROM events ORDER BY number DESC LIMIT 1",
}
"""What is counted of a journal: instants in seconds since the epoch, the others are numbers of rows."""

_TIMES: Final = ("oldest_event", "newest_event")


def _lag(endpoint: EndpointStats, now: float) -> float | None:
    return None if endpoint.oldest_at is None else round(max(now - endpoint.oldest_at, 0.0), 3)


def _lag_shown(endpoint: EndpointStats, now: float) -> str:
    lag = _lag(endpoint, now)
    return "-" if lag is None else instants.span(lag)


def status(file_bytes: int, sizes: Mapping[str, float | None], endpoints: Iterable[EndpointStats], now: float) -> Table:
    """The endpoints of a journal with their lag, and how large it is. `sizes`: what SIZES counted."""
    columns: tuple[Column[EndpointStats], ...] = (
        Column("endpoint", lambda one: one.name, "ENDPOINT", narrowest=12),
        Column("rows", lambda one: one.rows, "IS OWED"),
        Column(
            "oldest_at",
            lambda one: instants.rfc_3339_or_none(one.oldest_at),
            "SINCE",
            lambda one: second(one.oldest_at),
        ),
        Column("lag_seconds", lambda one: _lag(one, now), "LAG", lambda one: _lag_shown(one, now)),
        Column("dead_letters", lambda one: one.dead_letters, "DEAD LETTERS"),
    )
    facts: dict[str, Fact] = {"bytes": file_bytes}
    facts |= {
        name: instants.rfc_3339_or_none(value) if name in _TIMES else int(value or 0) for name, value in sizes.items()
    }
    counts = {name: int(sizes.get(name) or 0) for name in SIZES if name not in _TIMES}
    notes = [
        f"{_size(file_bytes)}: {counts['events']:,} events from {second(sizes.get('oldest_event'))} "
        f"to {second(sizes.get('newest_event'))}, {counts['spans']:,} spans, {counts['states']:,} states"
    ]
    if counts["dead_letters"]:
        notes.append(f"{counts['dead_letters']:,} dead letters: see gitops-obs journal dead-letters list")
    if counts["folded"]:
        notes.append(f"{counts['folded']:,} records were never written for want of room")
    return tabulate(columns, endpoints, "no endpoint: nothing is delivered", notes, facts)


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"


def _told(letter: DeadLetter) -> Mapping[str, object]:
    """What the record says; empty when it cannot be read."""
    try:
        told = msgspec.json.decode(letter.data)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _name(letter: DeadLetter) -> str:
    return str(_told(letter).get("name", ""))


def _subject(letter: DeadLetter) -> str:
    return str(_told(letter).get("subject", ""))


LETTER_COLUMNS: Final[tuple[Column[DeadLetter], ...]] = (
    Column("endpoint", lambda one: one.endpoint, "ENDPOINT", narrowest=12),
    Column("number", lambda one: one.number, "NUMBER"),
    Column("at", lambda one: instants.rfc_3339(one.at), "REFUSED", lambda one: second(one.at)),
    Column("record", lambda one: one.record),
    Column("name", _name, "RECORD", narrowest=20),
    Column("subject", _subject, "SUBJECT", narrowest=16),
    Column("reason", lambda one: one.reason, "REASON", wide=True),
)


def _details(letter: DeadLetter) -> Sequence[str]:
    return (letter.reason,)


def letters(found: Iterable[DeadLetter], limit: int | None = None) -> Table:
    """Dead letters; with `limit` only the first so many."""
    every = list(found)
    kept = every[:limit]
    more = f"; the first {len(kept)} are shown" if len(kept) < len(every) else ""
    note = f"{len(every):,} dead letter{'' if len(every) == 1 else 's'}{more}"
    return tabulate(LETTER_COLUMNS, kept, "no dead letters", (note,), {"dead_letters": len(every)}, _details)
