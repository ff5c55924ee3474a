"""Deployments as CDEvents in CloudEvents over HTTP, in binary mode: one request an event.

The first deployment is `service.deployed`, a later one `service.upgraded`; `service.rolledback` and `service.removed`
are what they say. A rollback in Git is seen as a deployment, and then as a rollback: it is told as both. A resend has
the same id, and with its source that is what receivers know duplicates by.
Source: CDEvents 0.5.0, continuous-deployment.md, schemas/service*.json and cloudevents-binding.md; CloudEvents 1.0.2,
http-protocol-binding.md; package-url/purl-spec, types oci and generic.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from observability.delivery.sinks.deployments import Step, deployment
from observability.delivery.sinks.lines import plain
from observability.delivery.sinks.memory import Recent
from observability.delivery.sinks.posting import Call, Poster
from observability.model.event import Attribute, Event, Record
from observability.model.instants import rfc_3339
from observability.settings.receivers import EventSink

SPECIFICATION: Final = "0.5.0"
_VERSION: Final = "0.3.0"
"""Of each of the four types."""


class CDEvents:
    """A sink of CDEvents. Spans, and events that CDEvents has no word for, are left out."""

    def __init__(self, settings: EventSink) -> None:
        self.name = settings.name
        self._url = settings.url or ""
        self._poster = Poster(settings)
        self._recent = Recent()

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return once the receiver has taken each of them, one after the other.

        Raises:
            Refused: it answers 400, 413 or 422.
            Later: it is away, or answers anything else but 2xx.
        """
        for record in records:
            document = cdevent(record) if isinstance(record, Event) else None
            if document is not None and document["context"]["id"] not in self._recent:
                await self._poster.send(_call(self._url, document))
                self._recent.add(document["context"]["id"])

    async def close(self) -> None:
        """Let go of the connections."""
        await self._poster.close()


def cdevent(event: Event) -> dict[str, Any] | None:
    """`event` as a CDEvent; None when it is none."""
    told = deployment(event)
    if told is None:
        return None
    facts = event.attributes
    content: dict[str, Any] = {"environment": {"id": str(facts.get("gitops.environment", "unassigned"))}}
    if told.step is not Step.REMOVED:
        content["artifactId"] = artifact(facts)
    return {
        "context": {
            "specversion": SPECIFICATION,
            "id": told.id,
            "source": _source(facts),
            "type": f"dev.cdevents.service.{told.step}.{_VERSION}",
            "timestamp": rfc_3339(event.at),
        },
        "subject": {"id": event.subject, "source": _source(facts), "content": content},
        "customData": {"body": event.body, "attributes": plain(facts)},
        "customDataContentType": "application/json",
    }


def _source(facts: Mapping[str, Attribute]) -> str:
    """Who says so, a URI reference: the exporter of that engine in that cluster."""
    parts = ("gitops-observability", facts.get("k8s.cluster.name"), facts.get("gitops.engine"))
    return "".join(f"/{quote(str(part), safe='')}" for part in parts if part)


def artifact(facts: Mapping[str, Attribute]) -> str:
    """What was deployed, as a package URL: its image if there is just one, else the service at its revision."""
    images = facts.get("gitops.images")
    if isinstance(images, tuple) and len(images) == 1:
        return image(images[0])
    service = str(facts.get("gitops.service") or facts.get("gitops.application.name") or "unknown")
    revision = str(facts.get("gitops.revision", ""))
    return f"pkg:generic/{quote(service, safe='')}" + (f"@{quote(revision, safe='')}" if revision else "")


def image(reference: str) -> str:
    """`ghcr.io/shop/web:1.2@sha256:0b…` as `pkg:oci/web@sha256%3A0b…?repository_url=ghcr.io/shop/web&tag=1.2`."""
    named, _, digest = reference.partition("@")
    folder, slash, last = named.rpartition("/")
    name, _, tag = last.partition(":")
    version = f"@{quote(digest, safe='')}" if digest else ""
    qualifiers = f"?repository_url={quote(f'{folder}{slash}{name}', safe='/')}" if folder else ""
    if tag:
        qualifiers += f"{'&' if qualifiers else '?'}tag={quote(tag, safe='')}"
    return f"pkg:oci/{quote(name.lower(), safe='')}{version}{qualifiers}"


def _call(url: str, document: Mapping[str, Any]) -> Call:
    context = document["context"]
    headers = {
        "Content-Type": "application/cdevents+json; charset=utf-8",
        "ce-specversion": "1.0",
        "ce-id": context["id"],
        "ce-source": context["source"],
        "ce-type": context["type"],
        "ce-subject": quote(document["subject"]["id"], safe="!#$&'()*+,/:;=?@[]~"),
        "ce-time": context["timestamp"],
    }
    return Call("POST", url, msgspec.json.encode(document), headers)
