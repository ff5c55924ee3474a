"""The JSON of one object, read: what has a wrong type is cut out of it and reported, and the rest is read. Pure."""

import re
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

from observability.errors import MalformedResource
from observability.sources import wire
from observability.sources.engine import Problems

W = TypeVar("W", wire.Application, wire.ApplicationSet, wire.Project)

_MOST_PROBLEMS: Final = 100
_AT: Final = re.compile(r" - at `\$(?P<path>.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d*|\.\.\.)\]")


def read(decoder: "msgspec.json.Decoder[W]", raw: bytes | memoryview | Raw, problems: Problems) -> W:
    """The typed object; fields of a wrong type are left out and added to `problems`.

    Raises:
        MalformedResource: it is no JSON object, no UTF-8, nested too deeply, or has too many fields of wrong types.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _salvaged(decoder, raw, error, problems)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedResource("?", "", f"expected a JSON object: {error}") from error


def named(metadata: wire.Metadata | None, kind: str | None, expected: str) -> wire.Metadata:
    """Its metadata, which have a name.

    Raises:
        MalformedResource: they are not there, have no name, or the object is of another kind than `expected`.
    """
    name = metadata.name if metadata else None
    key = f"{(metadata.namespace if metadata else None) or '?'}/{name or '?'}"
    if kind is not None and kind != expected:
        raise MalformedResource(key, "kind", f"expected {expected}, got {kind[:64]!r}")
    if metadata is None or not name:
        raise MalformedResource(key, "metadata.name", "expected a name")
    return metadata


def seconds(moment: datetime | None) -> float | None:
    """Since the epoch; None: nobody says."""
    return None if moment is None else moment.timestamp()


def _salvaged(
    decoder: "msgspec.json.Decoder[W]", raw: bytes | memoryview | Raw, error: Exception, problems: Problems
) -> W:
    """Cut out what `error` names and read again, until the rest fits."""
    try:
        document: Any = msgspec.json.decode(raw)
        for _ in range(_MOST_PROBLEMS):
            path, expected = _place(error)
            if not _cut(document, path):
                break
            problems.append((path.removeprefix("."), expected))
            try:
                return decoder.decode(msgspec.json.encode(document))
            except msgspec.ValidationError as another:
                error = another
    except (msgspec.DecodeError, UnicodeError, RecursionError) as cause:
        raise MalformedResource("?", "", f"expected a JSON object: {cause}") from cause
    path, expected = _place(error)
    raise MalformedResource(_name(document), path.removeprefix("."), expected)


def _place(error: Exception) -> tuple[str, str]:
    """The path that msgspec names (empty for the whole), and what it expected there."""
    found = _AT.search(str(error))
    return (found["path"] if found else "", _AT.sub("", str(error)).replace("`", "'"))


def _cut(document: Any, path: str) -> bool:
    """Remove the value at `path`, or the deepest part of it that can be found; False when that is the whole."""
    parent, last, value = None, None, document
    for step in _STEP.finditer(path):
        name = step["name"] if step["name"] is not None else step["index"]
        key = int(name) if isinstance(value, list) and name.isdigit() else name
        try:
            parent, last, value = value, key, value[key]
        except (KeyError, IndexError, TypeError):
            break
    if parent is None or last is None:
        return False
    del parent[last]
    return True


def _name(document: Any) -> str:
    """`namespace/name` as far as the document tells it."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(metadata, dict):
        return "?"
    return f"{metadata.get('namespace') or '?'}/{metadata.get('name') or '?'}"
