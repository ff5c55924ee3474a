"""Deployments, rollbacks and degraded times as annotations in Grafana, by its HTTP API.

An annotation of the organization, for every dashboard that asks for its tags: `gitops`, what it is (`deployment`,
`rollback`, `degraded`), `environment:prod`, `service:shop`, `project:…`, `application:…` and `gitops-event:<id>`.
A degraded time is a region from its begin to its end, made when it ends.

Grafana takes the same annotation twice. So wherever it is not known whether one is there already, in the first batch
after a start and after each failure, it is looked for by the tag of its event first.
Source: Grafana 12 HTTP API, annotations: time and timeEnd in milliseconds, an answer with the id of the annotation.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

import msgspec

from observability.delivery.sinks.deployments import Step, deployment
from observability.delivery.sinks.memory import Recent
from observability.delivery.sinks.posting import Call, Poster
from observability.errors import Later
from observability.model.event import Attribute, Event, Record
from observability.settings.receivers import EventSink

_DEGRADED_SECONDS: Final = "gitops.degraded.duration_seconds"
_TAG_CHARACTERS: Final = 100
"""Grafana keeps no more of a tag's key or value."""
_WHAT: Final = {Step.DEPLOYED: "deployment", Step.UPGRADED: "deployment", Step.ROLLED_BACK: "rollback"}
_TAGGED: Final = (
    ("environment", "gitops.environment"),
    ("service", "gitops.service"),
    ("project", "gitops.project"),
    ("application", "gitops.application.name"),
)


class GrafanaAnnotations:
    """A sink of annotations. Spans, and events that are none of the three, are left out."""

    def __init__(self, settings: EventSink) -> None:
        self.name = settings.name
        self._url = f"{(settings.url or '').rstrip('/')}/api/annotations"
        self._poster = Poster(settings)
        self._recent = Recent()
        self._in_doubt = True
        """Whether an annotation may be there that is not among the recent ones."""

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return once Grafana has an annotation of each of them.

        Raises:
            Refused: it answers 400, 413 or 422.
            Later: it is away, or answers anything else but 2xx with an id.
        """
        in_doubt, self._in_doubt = self._in_doubt, True
        for record in records:
            made = annotation(record) if isinstance(record, Event) else None
            if made is not None and made["tags"][-1] not in self._recent:
                if not in_doubt or not await self._is_there(made["tags"][-1]):
                    await self._make(made)
                self._recent.add(made["tags"][-1])
        self._in_doubt = False

    async def close(self) -> None:
        """Let go of the connections."""
        await self._poster.close()

    async def _make(self, made: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = await self._poster.send(Call("POST", self._url, msgspec.json.encode(made), headers))
        document = self._decoded(answer)
        if not isinstance(document, dict) or not isinstance(document.get("id"), int):
            raise Later(f"POST {self._url} was answered without the id of an annotation: is it Grafana's address?")

    async def _is_there(self, tag: str) -> bool:
        headers = {"Accept": "application/json"}
        query: dict[str, str | int] = {"tags": tag, "type": "annotation", "limit": 1}
        document = self._decoded(await self._poster.send(Call("GET", self._url, headers=headers, query=query)))
        if not isinstance(document, list):
            raise Later(f"GET {self._url} was answered without a list of annotations: is it Grafana's address?")
        return bool(document)

    def _decoded(self, answer: bytes) -> object:
        try:
            decoded: object = msgspec.json.decode(answer)
        except msgspec.DecodeError as error:
            raise Later(f"{self._url} does not answer with JSON: is it Grafana's address?") from error
        return decoded


def annotation(event: Event) -> dict[str, Any] | None:
    """`event` as Grafana takes it; None when it is none of the three."""
    if event.name == "gitops.application.health.changed":
        lasted = event.attributes.get(_DEGRADED_SECONDS)
        return _annotation(event, "degraded", event.id, lasted) if isinstance(lasted, int | float) else None
    told = deployment(event)
    return _annotation(event, _WHAT[told.step], told.id) if told is not None and told.step in _WHAT else None


def _annotation(event: Event, what: str, id_: str, lasted_seconds: float = 0.0) -> dict[str, Any]:
    end = round(event.at * 1000)
    return {
        "time": end - round(lasted_seconds * 1000),
        "timeEnd": end,
        "tags": ["gitops", what, *_tags(event.attributes), _tag("gitops-event", id_)],
        "text": escape(event.body),  # Grafana shows it as HTML
    }


def _tags(facts: Mapping[str, Attribute]) -> Iterator[str]:
    return (_tag(key, str(facts[name])) for key, name in _TAGGED if name in facts)


def _tag(key: str, value: str) -> str:
    return f"{key}:{value[:_TAG_CHARACTERS]}"
