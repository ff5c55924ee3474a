"""What an event says, read with care: a journal may hold events of an older or a newer version. Pure."""

from observability.model.application import Key
from observability.model.event import Event


def text(event: Event, attribute: str) -> str:
    """The attribute as text; empty when it is not there."""
    value = event.attributes.get(attribute, "")
    return value if isinstance(value, str) else str(value)


def number(event: Event, attribute: str) -> float | None:
    """The attribute as a number; None when it is not there or none."""
    value = event.attributes.get(attribute)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def flag(event: Event, attribute: str) -> bool:
    """The attribute is there, and true."""
    return event.attributes.get(attribute) is True


def words(event: Event, attribute: str) -> tuple[str, ...]:
    """The attribute as a list of texts; empty when it is not there or none."""
    value = event.attributes.get(attribute)
    return tuple(str(one) for one in value) if isinstance(value, tuple | list) else ()


def application(event: Event) -> Key:
    """The Application that the event is about; both parts empty when it is about none."""
    return Key(text(event, "gitops.application.namespace"), text(event, "gitops.application.name"))
