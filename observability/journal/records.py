"""Records as rows and back. Pure.

JSON is canonical: fields in their order, attributes sorted by name, so that the same event has the same bytes.
"""

from typing import Final

import msgspec

from observability.model.application import Key
from observability.model.event import Event, Record, Span
from observability.model.observation import Kind

EVENT: Final = "event"
SPAN: Final = "span"

COLUMNS: Final = (
    "id",
    "name",
    "at",
    "observed_at",
    "severity",
    "subject",
    "environment",
    "service",
    "project",
    "application",
    "data",
)
"""Of the table of events, without `number` and `hash`."""

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODERS: Final[dict[str, "msgspec.json.Decoder[Event] | msgspec.json.Decoder[Span]"]] = {
    EVENT: msgspec.json.Decoder(Event),
    SPAN: msgspec.json.Decoder(Span),
}
_KINDS: Final = {str(kind): kind for kind in Kind}


def as_json(record: Record) -> bytes:
    """The record as canonical JSON.

    Raises:
        ValueError: it has no form in JSON: a lone surrogate, a value of another type.
    """
    try:
        return _ENCODER.encode(record)
    except (TypeError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from error


def kind(record: Record) -> str:
    """EVENT or SPAN."""
    return EVENT if isinstance(record, Event) else SPAN


def about(subject: str) -> tuple[Kind, Key] | None:
    """The object that a subject names, as in `Application/argocd/shop-prod`; None when it names none."""
    kind, _, rest = subject.partition("/")
    namespace, slash, name = rest.partition("/")
    return (_KINDS[kind], Key(namespace, name)) if kind in _KINDS and slash else None


def columns(event: Event, data: bytes) -> tuple[str | float, ...]:
    """The values of COLUMNS: what `data` holds, once more, for those who query the file."""
    told = event.attributes
    named = told.get("gitops.application.name")
    return (
        event.id,
        event.name,
        event.at,
        event.observed_at,
        str(event.severity),
        event.subject,
        str(told.get("gitops.environment", "")),
        str(told.get("gitops.service", "")),
        str(told.get("gitops.project", "")),
        f"{told.get('gitops.application.namespace', '')}/{named}" if named else "",
        data.decode(),
    )


def parse(record: str, data: bytes | str | msgspec.Raw) -> Record:
    """The record that a row holds; `record` is EVENT or SPAN.

    Raises:
        ValueError: it is not a record, or a damaged one.
    """
    if record not in _DECODERS:
        raise ValueError(f"neither {EVENT} nor {SPAN}: {record!r}")
    return _DECODERS[record].decode(data)
