"""Who is told of alerts: what the settings accept, and what they say about the rest."""

import json
from typing import Any

import pytest

from observability.errors import SettingsError
from observability.settings import AlertRoute, Settings, effective, load


def settings(**monitoring: Any) -> Settings:
    return load(None, {"GITOPS_OBS_MONITORING": json.dumps(monitoring)}, {})


def problem(**monitoring: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(**monitoring)
    return str(caught.value)


def routes(given: Settings) -> dict[str, AlertRoute]:
    return {one.name: given.monitoring.route(one) for one in given.environments}


def test_the_default_routes() -> None:
    assert routes(Settings()) == {
        "dev": AlertRoute(),
        "staging": AlertRoute(critical="chat", warning="chat"),
        "prod": AlertRoute(critical="page", warning="chat", watchdog="deadman"),
    }


def test_a_route_that_is_given_holds_as_a_whole() -> None:
    given = settings(routes={"prod": {"critical": "chat"}})
    assert routes(given)["prod"] == AlertRoute(critical="chat")
    assert routes(given)["staging"] == AlertRoute(critical="chat", warning="chat")


def test_receivers_that_are_given_stand_beside_the_defaults() -> None:
    slack = {"type": "slack", "url_file": "/secrets/slack"}
    given = settings(receivers={"chat": slack, "sms": {"type": "webhook", "url": "https://sms.example.com"}})
    assert list(given.monitoring.receivers) == ["page", "chat", "deadman", "sms"]
    assert given.monitoring.receivers["chat"].url_file == "/secrets/slack"
    assert given.monitoring.receivers["page"].url == "http://127.0.0.1:9099/"


@pytest.mark.parametrize(("text", "seconds"), [("1h30m", 5400), ("250ms", 0.25), ("2d", 172_800), ("1y1w", 32_140_800)])
def test_how_long_argo_cd_may_not_compare_is_a_duration(text: str, seconds: float) -> None:
    assert settings().monitoring.reconciliation_seconds == 1800
    assert settings(reconciliation_timeout=text).monitoring.reconciliation_seconds == seconds


def test_what_is_printed_can_be_read_again() -> None:
    given = settings(receivers={"chat": {"type": "slack", "url_file": "/secrets/slack"}}, group_wait="1s")
    again = load(None, {"GITOPS_OBS_MONITORING": json.dumps(effective(given)["monitoring"])}, {})
    assert again.monitoring == given.monitoring


@pytest.mark.parametrize(
    ("receiver", "said"),
    [
        ({"type": "webhook"}, "expected url with type webhook"),
        ({"type": "pagerduty"}, "expected key_file with type pagerduty"),
        ({"type": "slack", "url_file": "/s", "key_file": "/k"}, "expected no key_file with type slack"),
        ({"type": "slack", "url_file": "slack"}, "expected a path that begins with /"),
        ({"type": "slack", "url": "https://hooks.example.com/secret"}, "expected url_file with type slack"),
        ({"type": "pigeon"}, "pigeon"),
        (
            {"type": "email", "to": "a@b", "sender": "c@d", "smarthost": "mail:25", "username": "u"},
            "expected username and password_file together",
        ),
        ({"type": "email", "to": "a@b", "sender": "c@d", "smarthost": ":25"}, "expected HOST:PORT of a mail server"),
    ],
)
def test_a_receiver_must_be_complete(receiver: dict[str, str], said: str) -> None:
    assert said in problem(receivers={"page": receiver})


def test_routes_are_of_environments_and_to_receivers_that_exist() -> None:
    assert "expected routes of environments among dev, prod, staging, got qa" in problem(routes={"qa": {}})
    said = problem(routes={"prod": {"critical": "pager"}})
    assert "expected receivers among chat, deadman, page for prod, pager is none" in said
    assert "nobody is the one that tells nobody" in problem(
        receivers={"nobody": {"type": "webhook", "url": "https://x.example.com"}}
    )


@pytest.mark.parametrize("text", ["5", "0s", "five minutes", "5m ", "-5m"])
def test_times_are_durations(text: str) -> None:
    assert "expected a duration as Prometheus writes it" in problem(group_interval=text)
