"""Who is sent what is recorded: the sinks that the settings and the standard variables name, and a task for each."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import structlog

from observability.app import plugins
from observability.delivery.otlp import variables
from observability.delivery.otlp.endpoint import Endpoint
from observability.delivery.otlp.opening import open_sink, takes
from observability.delivery.own import OwnMetrics
from observability.delivery.sending import Outcome, Sending
from observability.delivery.sinks.catalogue import make
from observability.delivery.sinks.filters import keeps, unknown_names
from observability.journal.journal import Journal
from observability.model.event import Record
from observability.model.outbox import Sink
from observability.settings import Settings
from observability.settings.receivers import Filter
from observability.signals import exporter
from observability.signals.events import EVENTS

log = structlog.get_logger(__name__)


class Delivery(NamedTuple):
    """A sink, and how it is served."""

    sink: Sink
    how: Sending


def deliveries(settings: Settings, own: OwnMetrics, clock: Callable[[], float]) -> list[Delivery]:
    """All of them, in the order of the settings. Raises SettingsError when one cannot be as it is described."""
    environ = settings.environment_variables
    resource = variables.resource(environ)
    if settings.cluster.name is not None:
        resource.setdefault("k8s.cluster.name", settings.cluster.name)
    given = [(variables.filled(one, environ), one.filter) for one in settings.otlp.endpoints]
    receivers = given or [(endpoint, Filter()) for endpoint in variables.endpoints(environ)]
    found = [_otlp(endpoint, filter_, resource, own, clock) for endpoint, filter_ in receivers]
    loaded = plugins.load(settings.plugins).sinks if settings.plugins else {}
    for one in settings.events.sinks:
        sink = make(one, dict(resource), loaded)
        found.append(Delivery(sink, _sending(own, one.name, one.filter, keeps(one.filter))))
    return found


async def owe(journal: Journal, found: Sequence[Delivery]) -> None:
    """Have the journal keep what it owes to each of them, from now on or from where they were.

    It keeps that for those, too, who are in the settings no more, or under another name: they are named in the log.
    Raises JournalError.
    """
    for delivery in found:
        await journal.add_endpoint(delivery.sink.name)
    served = {delivery.sink.name for delivery in found}
    for one in (await journal.stats()).endpoints:
        if one.name not in served:
            log.warning(
                "the journal keeps what it owes to an endpoint that the settings do not have; "
                "gitops-obs journal drop-endpoint gives it up",
                endpoint=one.name,
                rows=one.rows,
            )


def _otlp(
    endpoint: Endpoint, filter_: Filter, resource: Mapping[str, str], own: OwnMetrics, clock: Callable[[], float]
) -> Delivery:
    wanted = keeps(filter_)

    def keeps_it(record: Record) -> bool:
        return takes(endpoint, record) and wanted(record)

    return Delivery(open_sink(endpoint, resource, clock), _sending(own, endpoint.name, filter_, keeps_it))


def _sending(own: OwnMetrics, name: str, filter_: Filter, keeps_it: Callable[[Record], bool]) -> Sending:
    if strange := unknown_names(filter_, _NAMES):
        log.warning("no event has such a name", endpoint=name, names=strange)
    for outcome in Outcome:
        own.increment(exporter.DELIVERIES, (name, outcome.value), 0)

    def count(endpoint: str, outcome: Outcome, records: int) -> None:
        own.increment(exporter.DELIVERIES, (endpoint, outcome.value), records)

    return Sending(count=count, random=random.random, keeps=keeps_it)


_NAMES: Sequence[str] = tuple(row.name for row in EVENTS)
