"""An event as a JSON object, the form of files, reports and tests. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from observability.model.event import Attribute, Event
from observability.model.instants import rfc_3339


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
