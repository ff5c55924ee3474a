"""What Alertmanager tells its webhooks, as lines for people: who is called, and for what. Pure.

Source: the JSON that webhooks are sent, alertmanager template/template.go (Data), 0.25.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from observability.monitoring.generate.alertmanager import WATCHDOG

_WHO: Final = {"page": "pager"}
"""Who a receiver calls, where its name does not say it."""


class Alert(msgspec.Struct, frozen=True):
    """An alert of a message. `fingerprint` tells it from all others."""

    status: str
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}


class Message(msgspec.Struct, frozen=True):
    """A request: all alerts of a group, those that were told before, too."""

    receiver: str
    alerts: list[Alert]


class Page(NamedTuple):
    """Somebody is told that an alert fires, or that it is over."""

    status: str
    who: str
    alert: Alert

    @property
    def firing(self) -> bool:
        """Whether it fires; else it is over."""
        return self.status == "firing"

    @property
    def urgent(self) -> bool:
        """Whether it wakes somebody up."""
        return self.firing and self.who == _WHO["page"]

    def line(self, time: str) -> str:
        """One line, with the time in front."""
        labels = self.alert.labels
        cells = (
            f"{self.status:8}",
            f"{self.who:5}",
            f"{labels.get('severity', '-'):8}",
            f"{labels.get('environment', '-'):7}",
            f"{labels.get('service', '-'):14}",
            self.alert.annotations.get("summary") or labels.get("alertname", "-"),
        )
        return "  ".join((time, *(_printable(cell) for cell in cells)))


class Pages:
    """Knows what was told: a message repeats all alerts of its group."""

    def __init__(self) -> None:
        self._firing: set[tuple[str, str]] = set()

    def news(self, body: bytes) -> Iterator[Page]:
        """What people are told by a message. Raises ValueError when it is none.

        The Watchdog says all the time that all is well: it is for a machine, not for people.
        """
        message = msgspec.json.decode(body, type=Message)
        for alert in message.alerts:
            key = (message.receiver, alert.fingerprint)
            told, fires = key in self._firing, alert.status == "firing"
            if told is fires or alert.labels.get("alertname") == WATCHDOG:
                continue
            self._firing ^= {key}
            yield Page("firing" if fires else "resolved", _WHO.get(message.receiver, message.receiver), alert)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
