"""Who is owed what the journal holds."""

import structlog

from observability.app.deliveries import Delivery, deliveries, owe
from observability.delivery.own import OwnMetrics
from observability.journal.journal import Journal
from observability.settings import Settings
from observability.signals import exporter
from tests.builders import NOON
from tests.journals import AT_ONCE, event, group


def found(*names: str) -> list[Delivery]:
    """Receivers of these names; none is spoken to."""
    sinks = [{"name": name, "type": "cdevents", "url": "http://127.0.0.1:9/"} for name in names]
    settings = Settings.model_validate({"events": {"sinks": sinks}})
    return deliveries(settings, OwnMetrics(exporter.EXPORTER_METRICS), lambda: NOON)


async def test_what_is_kept_for_one_that_the_settings_do_not_have_is_told() -> None:
    journal = await Journal.open(None, AT_ONCE, lambda: NOON)
    try:
        await owe(journal, found("broker", "old-name"))
        await journal.write(group([event(1)]))
        with structlog.testing.capture_logs() as logs:
            await owe(journal, found("broker", "new-name"))
    finally:
        await journal.close()
    (told,) = logs
    assert (told["log_level"], told["endpoint"], told["rows"]) == ("warning", "old-name", 1)
    assert "drop-endpoint" in told["event"]


async def test_nothing_is_told_of_those_that_are_served() -> None:
    journal = await Journal.open(None, AT_ONCE, lambda: NOON)
    try:
        with structlog.testing.capture_logs() as logs:
            await owe(journal, found("broker"))
            await owe(journal, found("broker", "other"))
        names = [one.name for one in (await journal.stats()).endpoints]
    finally:
        await journal.close()
    assert logs == []
    assert names == ["broker", "other"]
