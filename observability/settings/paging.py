"""Who is told of alerts: receivers of Alertmanager, and which alerts of an environment go to which. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Final, Self, TypeAlias

from pydantic import AfterValidator, model_validator

from observability.settings.values import Group, Name, WebAddress, host_and_port

_LOCAL: Final = "http://127.0.0.1:9099/"


def _absolute(text: str) -> str:
    if not PurePosixPath(text).is_absolute():
        raise ValueError("expected a path that begins with /, as the machine of Alertmanager has it")
    return text


def _mail_server(text: str) -> str:
    host, _ = host_and_port(text)
    if not host:
        raise ValueError("expected HOST:PORT of a mail server, for example mail.example.com:587")
    return text


SecretFile: TypeAlias = Annotated[str, AfterValidator(_absolute)]
"""A file with a secret where Alertmanager runs. Nobody here reads it."""


class AlertReceiverType(StrEnum):
    """How a receiver is told."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    EMAIL = "email"


_KEYS: Final[Mapping[AlertReceiverType, tuple[frozenset[str], frozenset[str]]]] = {
    AlertReceiverType.WEBHOOK: (frozenset({"url"}), frozenset({"token_file"})),
    AlertReceiverType.SLACK: (frozenset({"url_file"}), frozenset({"channel"})),
    AlertReceiverType.PAGERDUTY: (frozenset({"key_file"}), frozenset()),
    AlertReceiverType.OPSGENIE: (frozenset({"key_file"}), frozenset()),
    AlertReceiverType.EMAIL: (frozenset({"to", "sender", "smarthost"}), frozenset({"username", "password_file"})),
}
"""By type: the keys it needs, and those it also takes."""
_OF_ALL: Final = frozenset({"type", "send_resolved"})


class AlertReceiver(Group):
    """A receiver of Alertmanager. Secrets stay in files where Alertmanager runs, and are in nothing that is generated.

    For example `{type: slack, url_file: /etc/alertmanager/secrets/slack, channel: "#deployments"}` or
    `{type: pagerduty, key_file: /etc/alertmanager/secrets/pagerduty}`.
    """

    type: AlertReceiverType
    """webhook, slack, pagerduty, opsgenie or email."""
    url: WebAddress | None = None
    """For webhook: where it posts. Not secret: Alertmanager 0.25 reads no such address from a file."""
    token_file: SecretFile | None = None
    """For webhook: a file with a bearer token. None: no token."""
    url_file: SecretFile | None = None
    """For slack: a file with the address of an incoming webhook."""
    channel: Name | None = None
    """For slack: the channel. None: that of the incoming webhook."""
    key_file: SecretFile | None = None
    """For pagerduty a file with an integration key (Events API v2), for opsgenie one with an API key."""
    to: Name | None = None
    """For email: who gets it."""
    sender: Name | None = None
    """For email: who it is from."""
    smarthost: Annotated[str, AfterValidator(_mail_server)] | None = None
    """For email: HOST:PORT of the mail server."""
    username: Name | None = None
    """For email: who Alertmanager is to the mail server. None: it does not say."""
    password_file: SecretFile | None = None
    """For email: a file with the password of `username`."""
    send_resolved: bool = True
    """Tell also when it is over."""

    @model_validator(mode="after")
    def _keys_fit_the_type(self) -> Self:
        needed, possible = _KEYS[self.type]
        missing = sorted(key for key in needed if getattr(self, key) is None)
        if missing:
            raise ValueError(f"expected {' and '.join(missing)} with type {self.type}")
        unused = sorted(key for key in self.model_fields_set - needed - possible - _OF_ALL if getattr(self, key))
        if unused:
            raise ValueError(f"expected no {' and no '.join(unused)} with type {self.type}")
        if (self.username is None) is not (self.password_file is None):
            raise ValueError("expected username and password_file together")
        return self


class AlertRoute(Group):
    """Which receiver the alerts of an environment go to, by severity. None: nobody."""

    critical: Name | None = None
    """What wakes somebody up."""
    warning: Name | None = None
    """What waits for the morning; also alerts without a severity that is known."""
    info: Name | None = None
    """What may be looked at."""
    watchdog: Name | None = None
    """The alert that always fires: to a dead man's switch, which raises the alarm when it stops. Two environments
    that share one switch hide each other's silence from it."""

    @property
    def receivers(self) -> frozenset[str]:
        """The receivers that it names."""
        return frozenset(one for one in (self.critical, self.warning, self.info, self.watchdog) if one is not None)


PRACTICE: Final[Mapping[str, AlertRoute]] = {
    "production": AlertRoute(critical="page", warning="chat", watchdog="deadman"),
    "development": AlertRoute(),
}
"""Where alerts go unless the settings say otherwise, by the OpenTelemetry name of the environment."""

ELSEWHERE: Final = AlertRoute(critical="chat", warning="chat")
"""The same for all others: staging, test."""

DEFAULT_RECEIVERS: Final[Mapping[str, AlertReceiver]] = {
    name: AlertReceiver(type=AlertReceiverType.WEBHOOK, url=_LOCAL) for name in ("page", "chat", "deadman")
}
"""So that what is generated loads, and can be tried."""
