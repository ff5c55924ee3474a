"""An event as JSON: the form that files, reports and users rely on."""

import json

from msgspec.structs import replace

from observability.delivery.sinks.lines import as_json, line
from observability.model.event import Event, Severity
from tests.builders import NOON

DEPLOYED = Event(
    id="5f" * 16,
    name="gitops.application.deployed",
    at=NOON,
    observed_at=NOON + 0.25,
    severity=Severity.INFO,
    body="shop-prod was deployed\nat “v2”",
    subject="Application/argocd/shop-prod",
    attributes={"gitops.images": ("a", "b"), "gitops.catch_up": False, "gitops.sync.duration_seconds": 1.5},
)


def test_an_event_is_one_object() -> None:
    assert as_json(DEPLOYED, {"service.name": "gitops-observability"}) == {
        "id": "5f" * 16,
        "name": "gitops.application.deployed",
        "time": "2026-11-23T12:00:00Z",
        "observed": "2026-11-23T12:00:00.25Z",
        "severity": "INFO",
        "body": "shop-prod was deployed\nat “v2”",
        "attributes": {"gitops.images": ["a", "b"], "gitops.catch_up": False, "gitops.sync.duration_seconds": 1.5},
        "resource": {"service.name": "gitops-observability"},
    }


def test_an_event_of_a_span_names_it() -> None:
    traced = as_json(replace(DEPLOYED, trace_id="a1" * 16, span_id="b2" * 8), {})
    assert traced == as_json(DEPLOYED, {}) | {"trace_id": "a1" * 16, "span_id": "b2" * 8}


def test_a_line_is_one_line() -> None:
    encoded = line(DEPLOYED, {})
    assert encoded.count(b"\n") == 1
    assert encoded.endswith(b"}\n")
    assert json.loads(encoded) == as_json(DEPLOYED, {})
