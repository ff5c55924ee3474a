"""A past for tests: events as they are recorded, and a journal that holds them."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final

from observability.journal import records, schema
from observability.model.event import Attribute, Event, Severity
from observability.model.observation import Kind
from observability.model.state import ApplicationState
from observability.state import saving
from tests.builders import NOON

HOUR: Final = 3600.0
DAY: Final = 86_400.0
OLD: Final = "0b2c7f1ad6c98e0d6e5d3f5f6a3f2b1c0d9e8f70"
NEW: Final = "9a1f3c5d7e90b2c4d6e8f0a1b3c5d7e9f1a2b3c4"

_PREFIX: Final = "gitops.application."


def event(name: str, after: float = 0.0, application: str = "argocd/shop-prod", /, **attributes: Attribute) -> Event:
    """An event of an Application, `after` seconds past noon, seen at once.

    The name without `gitops.application.`; attributes with `__` for a point and without the leading `gitops.`, those
    of others with a leading `_`: `sync__kind`, `_cicd__pipeline__result`.
    """
    namespace, _, short = application.partition("/")
    service, _, environment = short.rpartition("-")
    at = NOON + after
    given = {_key(key): value for key, value in attributes.items()}
    return Event(
        id=sha256(f"{name} {at} {application} {given}".encode()).hexdigest()[:32],
        name=_PREFIX + name,
        at=at,
        observed_at=at,
        severity=Severity.INFO,
        body=f"{short}: {name}",
        subject=f"Application/{application}",
        attributes={
            "gitops.application.namespace": namespace,
            "gitops.application.name": short,
            "gitops.application.uid": f"uid of {application}",
            "gitops.environment": environment,
            "gitops.service": service,
            "gitops.project": "shop",
            **given,
        },
    )


def _key(word: str) -> str:
    return word[1:].replace("__", ".") if word.startswith("_") else f"gitops.{word.replace('__', '.')}"


def sync(
    after: float = 0.0,
    application: str = "argocd/shop-prod",
    *,
    kind: str = "manual",
    by: str = "alice",
    result: str = "success",
    revision: str = NEW,
    before: str = OLD,
    **deployed: Attribute,
) -> list[Event]:
    """A sync that ended and, when it succeeded, what it deployed."""
    run = f"run at {after} of {application}"
    told: dict[str, Attribute] = {
        "sync__kind": kind,
        "_cicd__pipeline__run__id": run,
        "initiator__name": by,
        "initiator__kind": "user" if by else "automated",
        "revision": revision,
    }
    ended = event("sync.finished", after, application, _cicd__pipeline__result=result, **told)
    if result != "success":
        return [ended]
    return [ended, event("deployed", after, application, **told, previous_revision=before, **deployed)]


def write(path: Path, events: Iterable[Event] = (), states: Iterable[ApplicationState] = ()) -> Path:
    """Put them into the journal in this file, which is begun when it is not there."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        schema.migrate(connection)
        add(connection, events, states)
    return path


def add(connection: sqlite3.Connection, events: Iterable[Event], states: Iterable[ApplicationState] = ()) -> None:
    """The same, in one transaction of an open connection; chained as the schema says."""
    with schema.transaction(connection):
        last = connection.execute("SELECT hash FROM events ORDER BY number DESC LIMIT 1").fetchone()
        head = bytes(32) if last is None else last[0]
        for one in events:
            data = records.as_json(one)
            head = sha256(head + data).digest()
            names = ", ".join(records.COLUMNS)
            values = (*records.columns(one, data), head)
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO events({names}, hash) VALUES ({marks})", values)  # noqa: S608 - constants
        for state in states:
            key = (str(Kind.APPLICATION), state.facts.namespace, state.facts.name)
            connection.execute("REPLACE INTO states VALUES (?, ?, ?, ?)", (*key, saving.dumps(state)))
