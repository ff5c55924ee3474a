"""An event as a JSON object, the form of files, reports and tests. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from observability.model.event import Attribute, Event

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def as_json(event: Event, resource: Mapping[str, Attribute]) -> dict[str, Any]:
    """`event` as what JSON knows; `resource` is who speaks: the attributes of the exporter.

    For example `{"id": "5f…", "name": "gitops.application.deployed", "time": "2026-11-23T07:29:36Z", "observed": …,
    "severity": "INFO", "body": "shop-prod was deployed …", "attributes": {…}, "resource": {…}}`; with `trace_id` and
    `span_id` when it belongs to a span.
    """
    traced = {"trace_id": event.trace_id, "span_id": event.span_id} if event.trace_id else {}
    return {
        "id": event.id,
        "name": event.name,
        "time": rfc_3339(event.at),
        "observed": rfc_3339(event.observed_at),
        "severity": str(event.severity),
        "body": event.body,
        **traced,
        "attributes": plain(event.attributes),
        "resource": plain(resource),
    }


def line(event: Event, resource: Mapping[str, Attribute]) -> bytes:
    """`as_json` in one line with its end, in UTF-8."""
    return msgspec.json.encode(as_json(event, resource)) + b"\n"


def plain(attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """Attributes as what JSON knows."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in attributes.items()}


def rfc_3339(at: float) -> str:
    """Seconds since the epoch as `2026-11-23T07:29:36.5Z`: in UTC, at most microseconds, no zeros at the end.

    What is before the year 1 or after 9999 becomes the first or the last second of that time.
    """
    try:
        moment = _EPOCH + timedelta(microseconds=round(at * 1e6))
    except OverflowError:
        moment = _FIRST if at < 0 else _LAST
    digits = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{moment.replace(tzinfo=None, microsecond=0).isoformat()}{digits}Z"
