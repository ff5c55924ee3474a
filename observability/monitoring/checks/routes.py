"""The routes of Alertmanager: which receivers an alert reaches. Pure.

Source: Alertmanager 0.25 docs, configuration: the first child that matches takes an alert, and the next ones too after
one with continue; a route without a matching child takes it itself. A receiver is inherited from above.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from observability.monitoring.checks.sources import text_of
from observability.monitoring.promql import Matcher

_MATCHER: Final = re.compile(r'\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^",}]*)\s*')
_INTEGRATION: Final = "_configs"


def receivers_of(route: Mapping[str, Any], labels: Mapping[str, str], above: str = "") -> tuple[str, ...]:
    """The names of the receivers that an alert with these labels reaches, from this route, which takes it."""
    receiver = text_of(route.get("receiver")) or above
    reached: list[str] = []
    for child in children(route):
        if not all(matches(one, labels) for one in matchers(child)):
            continue
        reached += receivers_of(child, labels, receiver)
        if not child.get("continue"):
            break
    return tuple(reached) or (receiver,)


def children(route: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The routes right below a route."""
    below = route.get("routes")
    return tuple(one for one in below if isinstance(one, Mapping)) if isinstance(below, list) else ()


def matchers(row: Mapping[str, Any], prefix: str = "") -> tuple[Matcher, ...]:
    """What a route or one side of an inhibition asks of labels, old and new way; `prefix`: source_ or target_."""
    return (
        *_pairs(row.get(f"{prefix}match"), "="),
        *_pairs(row.get(f"{prefix}match_re"), "=~"),
        *(one for text in _texts(row.get(f"{prefix}matchers")) for one in _parsed(text)),
    )


def _pairs(found: object, operator: str) -> Iterator[Matcher]:
    if isinstance(found, Mapping):
        yield from (Matcher(str(label), operator, text_of(value)) for label, value in found.items())


def _texts(found: object) -> Iterable[str]:
    if isinstance(found, str):
        return (found,)
    return map(text_of, found) if isinstance(found, list) else ()


def _parsed(text: str) -> Iterator[Matcher]:
    for label, operator, value in _MATCHER.findall(text.strip().strip("{}")):
        plain = value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value.startswith('"') else value.strip()
        yield Matcher(label, operator, plain)


def matches(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    """Whether labels are as a matcher asks; a label that is not there is an empty text."""
    value = labels.get(matcher.label, "")
    if matcher.operator in {"=", "!="}:
        return (value == matcher.value) is (matcher.operator == "=")
    try:
        found = re.fullmatch(matcher.value, value) is not None
    except re.error:
        return False
    return found is (matcher.operator == "=~")


def reaches_somebody(receiver: Mapping[str, Any]) -> bool:
    """Whether a receiver sends to anything at all."""
    return any(key.endswith(_INTEGRATION) and value for key, value in receiver.items())
