"""Label and field selectors of lists and watches, as the Kubernetes API takes them. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from observability.demo.store import Record

Matches: TypeAlias = Callable[[Record], bool]
_Requirement: TypeAlias = Callable[[Mapping[str, str]], bool]

_KEY = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
_SET: Final = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL: Final = re.compile(rf"({_KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)")
_EXISTS: Final = re.compile(rf"(!?)\s*({_KEY})")


class SelectorError(ValueError):
    """A selector that cannot be read."""


def selector(labels: str, fields: str, namespace: str) -> Matches | None:
    """Does an object meet all of these? None when every object does. Raises SelectorError."""
    requirements = [_requirement(part) for part in _parts(labels)]
    wanted = _fields(fields)
    if namespace:
        wanted["metadata.namespace"] = namespace
    if not requirements and not wanted:
        return None

    def matches(record: Record) -> bool:
        there, name = record.key
        if wanted.get("metadata.namespace", there) != there or wanted.get("metadata.name", name) != name:
            return False
        return all(holds(record.labels) for holds in requirements)

    return matches


def _parts(text: str) -> list[str]:
    """Split at the commas that are not inside parentheses."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _fields(text: str) -> dict[str, str]:
    wanted = {}
    for part in _parts(text):
        key, equals, value = part.replace("==", "=").partition("=")
        if not equals or key not in {"metadata.name", "metadata.namespace"}:
            raise SelectorError(f'field label not supported: "{part}"')
        wanted[key] = value
    return wanted


def _requirement(text: str) -> _Requirement:
    if match := _SET.fullmatch(text):
        key, word, listed = match.groups()
        values = {value.strip() for value in listed.split(",")}
        return lambda labels: (labels.get(key) in values) is (word == "in")
    if match := _EQUAL.fullmatch(text):
        key, sign, wanted = match.groups()
        return lambda labels: (labels.get(key) == wanted) is (sign != "!=")
    if match := _EXISTS.fullmatch(text):
        absent, key = match.groups()
        return lambda labels: (key in labels) is not bool(absent)
    raise SelectorError(f'unable to parse requirement: "{text}"')
