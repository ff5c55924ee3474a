"""What `run` would refuse in files that the settings name, by the code of `run`. I/O: reads them, changes nothing.

Nobody is asked, and no kubeconfig is looked at: it may name commands, which run when it is loaded.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from observability.app import plugins
from observability.app.deliveries import deliveries
from observability.app.keys import initiator_key
from observability.delivery import reloading
from observability.delivery.listening import parse_address
from observability.delivery.own import OwnMetrics
from observability.errors import JournalError, SettingsError
from observability.journal import opening
from observability.settings import Settings
from observability.signals import exporter
from observability.sources.commits.opening import open_source

_Clock: TypeAlias = Callable[[], float]


async def check(settings: Settings, clock: _Clock) -> None:
    """`clock` gives seconds since the epoch. Raises SettingsError, with a line for each problem."""
    problems: list[str] = []
    for step in _STEPS:
        try:
            await step(settings, clock)
        except (SettingsError, JournalError) as error:
            problems.append(str(error))
    if problems:
        raise SettingsError("", "", "\n".join(dict.fromkeys(problems)))  # what several ask for is told once


async def _server(settings: Settings, _: _Clock) -> None:
    parse_address(settings.server.listen)
    if settings.server.web_config is not None:
        reloading.load(settings.server.web_config)


async def _journal(settings: Settings, _: _Clock) -> None:
    if settings.journal.path is not None:
        opening.check(settings.journal.path)


async def _initiator_key(settings: Settings, _: _Clock) -> None:
    initiator_key(settings.events)


async def _commits(settings: Settings, clock: _Clock) -> None:
    source = open_source(settings.argocd.metadata, settings.argocd.url, clock)
    if source is not None:
        await source.close()


async def _receivers(settings: Settings, clock: _Clock) -> None:
    for one in deliveries(settings, OwnMetrics(exporter.EXPORTER_METRICS), clock):
        await one.sink.close()


async def _engines(settings: Settings, _: _Clock) -> None:
    plugins.engines(settings.plugins)


_STEPS: Final[Sequence[Callable[[Settings, _Clock], Awaitable[None]]]] = (
    _server,
    _journal,
    _initiator_key,
    _commits,
    _receivers,
    _engines,
)
