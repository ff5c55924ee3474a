"""What Alertmanager is told, as an AlertmanagerConfig for the Prometheus operator. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from observability.monitoring.generate import alertmanager
from observability.monitoring.generate.kubernetes import described
from observability.monitoring.generate.messages import TEMPLATES, TEXT, TITLE
from observability.settings import AlertReceiver, AlertReceiverType, Environment, Monitoring

Secret = Callable[[str | None], dict[str, str]]
Fields = Iterator[tuple[str, Any]]


def alertmanager_config(environments: Sequence[Environment], monitoring: Monitoring) -> dict[str, Any]:
    """An AlertmanagerConfig with the routes, inhibitions and receivers of `alertmanager.configuration`.

    Its secrets are keys of a Secret, and its templates stand in the texts: it can mount no files. The operator adds a
    matcher for its namespace unless `alertmanagerConfigMatcherStrategy` is None, which alerts of ours need: they carry
    none. Source: prometheus-operator 0.80, monitoring.coreos.com/v1alpha1.
    """
    given = alertmanager.configuration(environments, monitoring)
    names = [receiver["name"] for receiver in given["receivers"]]
    spec = {
        "route": _route(given["route"]),
        "inhibitRules": [
            {
                "sourceMatch": _matchers(rule["source_matchers"]),
                "targetMatch": _matchers(rule["target_matchers"]),
                "equal": rule["equal"],
            }
            for rule in given["inhibit_rules"]
        ],
        "receivers": [
            {"name": name, **({} if name == alertmanager.NOBODY else _receiver(monitoring.receivers[name], monitoring))}
            for name in names
        ],
    }
    made = described("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", "gitops-observability", monitoring)
    return {**made, "spec": spec}


_ROUTE_KEYS: Final = {
    "group_by": "groupBy",
    "group_wait": "groupWait",
    "group_interval": "groupInterval",
    "repeat_interval": "repeatInterval",
}
_MATCHER: Final = re.compile(r'(\w+)(=~|!~|!=|=)"(.*)"', re.DOTALL)
_ESCAPES: Final = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {_ROUTE_KEYS.get(key, key): value for key, value in route.items()}
    if "matchers" in found:
        found["matchers"] = _matchers(found["matchers"])
    if "routes" in found:
        found["routes"] = [_route(one) for one in found["routes"]]
    return found


def _matchers(texts: Sequence[str]) -> list[dict[str, str]]:
    found = [match for match in map(_MATCHER.fullmatch, texts) if match]
    return [{"name": one[1], "matchType": one[2], "value": _unescaped(one[3])} for one in found]


def _unescaped(text: str) -> str:
    return re.sub(r'\\[\\"n]', lambda found: _ESCAPES[found[0]], text)


def _receiver(receiver: AlertReceiver, monitoring: Monitoring) -> dict[str, Any]:
    def secret(file: str | None) -> dict[str, str]:
        return {"name": monitoring.secret, "key": PurePosixPath(file or "").name}

    key, fields = _KINDS[receiver.type]
    return {key: [{"sendResolved": receiver.send_resolved, **dict(fields(receiver, secret))}]}


def _webhook(receiver: AlertReceiver, secret: Secret) -> Fields:
    yield "url", receiver.url
    if receiver.token_file:
        yield "httpConfig", {"authorization": {"credentials": secret(receiver.token_file)}}


def _slack(receiver: AlertReceiver, secret: Secret) -> Fields:
    yield "apiURL", secret(receiver.url_file)
    if receiver.channel:
        yield "channel", receiver.channel
    yield from _whole(alertmanager.SLACK, title_link="titleLink").items()


def _pagerduty(receiver: AlertReceiver, secret: Secret) -> Fields:
    yield "routingKey", secret(receiver.key_file)
    yield from _whole(alertmanager.PAGERDUTY).items()
    yield "details", [{"key": name, "value": text} for name, text in _whole(alertmanager.DETAILS).items()]


def _opsgenie(receiver: AlertReceiver, secret: Secret) -> Fields:
    yield "apiKey", secret(receiver.key_file)
    yield from _whole(alertmanager.OPSGENIE).items()


def _email(receiver: AlertReceiver, secret: Secret) -> Fields:
    yield "to", receiver.to
    yield "from", receiver.sender
    yield "smarthost", receiver.smarthost
    if receiver.username:
        yield "authUsername", receiver.username
        yield "authPassword", secret(receiver.password_file)
    yield "headers", [{"key": "Subject", "value": _with_templates(TITLE)}]
    yield from _whole(alertmanager.EMAIL).items()


_KINDS: Final[Mapping[AlertReceiverType, tuple[str, Callable[[AlertReceiver, Secret], Fields]]]] = {
    AlertReceiverType.WEBHOOK: ("webhookConfigs", _webhook),
    AlertReceiverType.SLACK: ("slackConfigs", _slack),
    AlertReceiverType.PAGERDUTY: ("pagerdutyConfigs", _pagerduty),
    AlertReceiverType.OPSGENIE: ("opsgenieConfigs", _opsgenie),
    AlertReceiverType.EMAIL: ("emailConfigs", _email),
}


def _whole(texts: Mapping[str, str], **renamed: str) -> dict[str, str]:
    return {renamed.get(key, key): _with_templates(text) for key, text in texts.items()}


def _with_templates(text: str) -> str:
    """The text, with the templates that it calls in front of it."""
    return TEMPLATES + text if TITLE in text or TEXT in text else text
