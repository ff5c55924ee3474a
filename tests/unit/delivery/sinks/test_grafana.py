"""Events as annotations: which, when, and with which tags."""

import pytest

from observability.delivery.sinks.grafana import annotation
from tests.builders import NOON
from tests.records import event

MILLISECONDS = round(NOON * 1000)


def test_a_deployment_is_a_point_in_time() -> None:
    deployed = event(body="shop-prod was deployed at <b>v2</b> & runs")
    assert annotation(deployed) == {
        "time": MILLISECONDS,
        "timeEnd": MILLISECONDS,
        "tags": [
            "gitops",
            "deployment",
            "environment:prod",
            "service:shop",
            "project:shop",
            "application:shop-prod",
            f"gitops-event:{deployed.id}",
        ],
        "text": "shop-prod was deployed at &lt;b&gt;v2&lt;/b&gt; &amp; runs",
    }


def test_a_degraded_time_is_a_region_that_ends_when_it_is_told() -> None:
    made = annotation(event("gitops.application.health.changed", attributes={"gitops.degraded.duration_seconds": 90.5}))
    assert made is not None
    assert (made["time"], made["timeEnd"]) == (MILLISECONDS - 90_500, MILLISECONDS)
    assert made["tags"][1] == "degraded"


@pytest.mark.parametrize(
    ("name", "attributes", "what"),
    [
        ("gitops.application.deployed", {"gitops.sync.kind": "auto"}, "deployment"),
        ("gitops.application.deployed", {"gitops.sync.kind": "rollback"}, "rollback"),
        ("gitops.application.rolled_back", {}, "rollback"),
        ("gitops.application.health.changed", {"gitops.health.status": "Degraded"}, None),
        ("gitops.application.sync.finished", {}, None),
        ("gitops.application.deleted", {}, None),
    ],
)
def test_other_events_are_left_out(name: str, attributes: dict[str, str], what: str | None) -> None:
    made = annotation(event(name, attributes=attributes))
    assert (made and made["tags"][1]) == what


def test_long_tags_are_cut_as_grafana_would() -> None:
    made = annotation(event(attributes={"gitops.service": "s" * 300}))
    assert made is not None
    assert f"service:{'s' * 100}" in made["tags"]
