"""Routes and inhibitions, as far as they can be judged without Alertmanager."""

from typing import Any

from observability.monitoring.generate import alertmanager
from observability.settings import AlertReceiver, AlertReceiverType, AlertRoute, Environment, Monitoring, Settings

ENVIRONMENTS = Settings().environments


def configuration(environments: Any = ENVIRONMENTS, **monitoring: Any) -> dict[str, Any]:
    return alertmanager.configuration(environments, Monitoring(**monitoring))


def routes(given: dict[str, Any]) -> dict[str, dict[str, str]]:
    """By environment: the receiver of each severity, and of the rest."""
    return {
        route["matchers"][0]: {"": route["receiver"]}
        | {one["matchers"][0]: one["receiver"] for one in route.get("routes", ())}
        for route in given["route"]["routes"]
    }


def test_prod_pages_staging_chats_and_dev_is_silent() -> None:
    nobody = "nobody"
    assert routes(configuration()) == {
        'alertname="Watchdog"': {"": nobody, 'environment="prod"': "deadman"},
        'environment="dev"': {
            "": nobody,
            'severity="critical"': nobody,
            'severity="warning"': nobody,
            'severity="info"': nobody,
        },
        'environment="staging"': {
            "": "chat",
            'severity="critical"': "chat",
            'severity="warning"': "chat",
            'severity="info"': nobody,
        },
        'environment="prod"': {
            "": "chat",
            'severity="critical"': "page",
            'severity="warning"': "chat",
            'severity="info"': nobody,
        },
    }


def test_environments_of_other_names_are_known_by_what_they_are() -> None:
    given = routes(configuration((Environment(name="live", otel_name="production"), Environment(name="qa"))))
    assert given['environment="live"']['severity="critical"'] == "page"
    assert given['environment="qa"']['severity="critical"'] == "chat"


def test_only_receivers_in_use_are_written() -> None:
    given = configuration(routes={name: AlertRoute(critical="chat") for name in ("dev", "staging", "prod")})
    assert [one["name"] for one in given["receivers"]] == ["nobody", "chat"]
    assert "routes" not in given["route"]["routes"][0], "nobody takes the Watchdog"
    assert given["route"]["receiver"] == "nobody"


def test_times_are_those_of_the_settings() -> None:
    route = configuration(group_wait="1s", group_interval="2s", repeat_interval="3h")["route"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("1s", "2s", "3h")
    assert route["group_by"] == ["environment", "service"]


def test_names_are_quoted() -> None:
    given = configuration((Environment(name='a "b" \\'),))
    assert given["route"]["routes"][1]["matchers"] == ['environment="a \\"b\\" \\\\"']


def test_each_inhibition_keeps_to_its_environment() -> None:
    given = configuration()["inhibit_rules"]
    assert [one for one in given if "environment" not in one["equal"]] == []
    assert len({str(one) for one in given}) == len(given)


def test_a_receiver_may_be_told_only_of_what_begins() -> None:
    quiet = AlertReceiver(type=AlertReceiverType.WEBHOOK, url="https://x.example.com", send_resolved=False)
    assert alertmanager.written("a", quiet) == {
        "name": "a",
        "webhook_configs": [{"send_resolved": False, "url": "https://x.example.com"}],
    }
