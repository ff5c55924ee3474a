"""Messages of Alertmanager become lines, each alert once when it fires and once when it is over."""

import json
from typing import Any

import pytest

from observability.demo.pages import Page, Pages

LABELS = {
    "alertname": "GitOpsApplicationDegraded",
    "severity": "critical",
    "environment": "prod",
    "service": "cart",
    "application": "cart-prod",
}


def alert(status: str = "firing", fingerprint: str = "a1", **labels: str) -> dict[str, Any]:
    summary = {"summary": "cart-prod is Degraded in prod"}
    return {"status": status, "fingerprint": fingerprint, "labels": LABELS | labels, "annotations": summary}


def message(*alerts: dict[str, Any], receiver: str = "page") -> bytes:
    """As Alertmanager sends it, with keys that nobody reads here."""
    return json.dumps({"version": "4", "receiver": receiver, "status": "firing", "alerts": alerts}).encode()


def told(*messages: bytes) -> list[Page]:
    pages = Pages()
    return [page for one in messages for page in pages.news(one)]


def test_a_line_says_when_who_where_and_what() -> None:
    (page,) = told(message(alert()))

    assert page.line("23:55:14Z") == (
        "23:55:14Z  firing    pager  critical  prod     cart            cart-prod is Degraded in prod"
    )
    assert page.urgent


def test_a_group_that_comes_again_tells_only_what_is_new() -> None:
    first, second = message(alert()), message(alert(), alert(fingerprint="b2", service="shop"))

    assert [page.alert.labels["service"] for page in told(first, second, second)] == ["cart", "shop"]


def test_what_is_over_is_told_once_and_may_come_again() -> None:
    pages = told(message(alert()), message(alert("resolved")), message(alert("resolved")), message(alert()))

    assert [page.status for page in pages] == ["firing", "resolved", "firing"]
    assert [page.urgent for page in pages] == [True, False, True]


def test_nobody_is_told_the_end_of_what_nobody_was_told() -> None:
    assert told(message(alert("resolved"))) == []


def test_who_is_called_is_the_receiver() -> None:
    pages = told(*(message(alert(), receiver=name) for name in ("page", "chat", "team-cart")))

    assert [page.who for page in pages] == ["pager", "chat", "team-cart"]
    assert [page.urgent for page in pages] == [True, False, False]


def test_that_all_is_well_is_not_for_people() -> None:
    assert told(message(alert(alertname="Watchdog"), receiver="deadman")) == []


def test_an_alert_without_a_service_or_a_summary_is_told_too() -> None:
    bare = {"status": "firing", "fingerprint": "a1", "labels": {"alertname": "Theirs"}}
    (page,) = told(message(bare))

    assert page.line("now").split() == ["now", "firing", "pager", "-", "-", "-", "Theirs"]


def test_a_line_stays_a_line_whatever_is_in_a_label() -> None:
    (page,) = told(message(alert(service="cart\n\x1b[31m")))

    assert page.line("now").isprintable()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"receiver": "page", "alerts": [{"status": 1}]}'])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        told(body)
