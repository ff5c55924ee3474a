"""From settings to sinks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from observability.delivery.sinks.catalogue import SINKS, make
from observability.errors import SettingsError
from observability.model.event import Attribute, Record
from observability.model.outbox import Sink
from observability.settings import EventSink, SinkType


class Nowhere:
    """A sink of a plugin: it remembers what it was made of."""

    def __init__(self, settings: EventSink, resource: Mapping[str, Attribute]) -> None:
        self.name = settings.name
        self.resource = resource

    async def deliver(self, records: Sequence[Record]) -> None:
        """Taken."""

    async def close(self) -> None:
        """Nothing."""


def test_every_type_that_the_settings_know_has_a_row() -> None:
    assert [row.type for row in SINKS] == list(SinkType)


@pytest.mark.parametrize(
    "settings",
    [
        EventSink(type="jsonlines", file=Path("-"), name="a"),
        EventSink(type="cdevents", url="http://a", name="a"),
        EventSink(type="grafana", url="http://a", token_file=Path("t"), name="a"),
    ],
    ids=lambda settings: str(settings.type),
)
def test_a_sink_has_the_name_of_its_settings(settings: EventSink) -> None:
    sink: Sink = make(settings, {}, {})
    assert sink.name == "a"


def test_a_plugin_makes_its_sink() -> None:
    sink = make(EventSink(type="mine"), {"service.name": "x"}, {"mine": Nowhere})
    assert isinstance(sink, Nowhere)
    assert (sink.name, sink.resource) == ("mine", {"service.name": "x"})


def test_a_file_needs_a_folder(tmp_path: Path) -> None:
    settings = EventSink(type="jsonlines", file=tmp_path / "no" / "events.jsonl")
    with pytest.raises(SettingsError, match=r"^events.sinks.jsonlines.file: expected a folder that exists, got .*/no$"):
        make(settings, {}, {})


def test_a_type_that_nothing_has_is_named() -> None:
    expected = "events.sinks.kafka.type: expected one of mine, jsonlines, cdevents, grafana, got kafka"
    with pytest.raises(SettingsError, match=f"^{expected}$"):
        make(EventSink(type="kafka"), {}, {"mine": Nowhere})
