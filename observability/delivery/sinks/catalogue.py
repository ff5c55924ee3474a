"""The sinks that are built in, and a sink of what the settings say."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from observability.delivery.sinks.appending import STDOUT
from observability.delivery.sinks.cdevents import CDEvents
from observability.delivery.sinks.grafana import GrafanaAnnotations
from observability.delivery.sinks.jsonlines import JsonLines
from observability.errors import SettingsError
from observability.model.event import Attribute
from observability.model.outbox import Sink
from observability.settings.receivers import EventSink, SinkType

Factory: TypeAlias = Callable[[EventSink, Mapping[str, Attribute]], Sink]
"""Makes a sink of its settings and the resource: who speaks. Its name is that of the settings. An entry point of the
group gitops_observability.sinks is one, too. May raise SettingsError."""


class SinkRow(NamedTuple):
    """A sink that is built in: the `type` of its settings, and what makes it."""

    type: str
    factory: Factory


def _json_lines(settings: EventSink, resource: Mapping[str, Attribute]) -> Sink:
    path = settings.file or STDOUT
    if not path.parent.is_dir():
        raise SettingsError(
            "", f"events.sinks.{settings.name}.file", f"expected a folder that exists, got {path.parent}"
        )
    return JsonLines(settings.name, path, resource)


SINKS: Final = (
    SinkRow(SinkType.JSONLINES, _json_lines),
    SinkRow(SinkType.CDEVENTS, lambda settings, _: CDEvents(settings)),
    SinkRow(SinkType.GRAFANA, lambda settings, _: GrafanaAnnotations(settings)),
)


def make(settings: EventSink, resource: Mapping[str, Attribute], plugins: Mapping[str, Factory]) -> Sink:
    """The sink that `settings` describe. `plugins`: the factories that were loaded, by name.

    Raises SettingsError when it cannot be as it is described, or nothing has that type.
    """
    factories = {**plugins, **{row.type: row.factory for row in SINKS}}
    if settings.type not in factories:
        raise SettingsError(
            "", f"events.sinks.{settings.name}.type", f"expected one of {', '.join(factories)}, got {settings.type}"
        )
    return factories[settings.type](settings, resource)
