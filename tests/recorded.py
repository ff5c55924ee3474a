"""A recorder as the exporter has it, with a journal in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from observability.app.recorder import History, Recorder
from observability.delivery.exposition import Exposition
from observability.delivery.own import OwnMetrics
from observability.journal.group import Limits
from observability.journal.journal import Journal
from observability.settings import Settings
from observability.signals.transitions import Context
from observability.state.promotion import Promotions
from observability.state.store import Store
from observability.state.tallies import Tallies


@asynccontextmanager
async def recorder(
    store: Store, exposition: Exposition, own: OwnMetrics, clock: Callable[[], float]
) -> AsyncIterator[Recorder]:
    """Under the default settings. Nothing is delivered, and nobody writes: what it is given stays in it."""
    environments = Settings().environments
    history = History(
        Context.of(environments), Tallies(), Promotions(tuple(environment.name for environment in environments))
    )
    journal = await Journal.open(None, Limits(), clock)
    try:
        yield Recorder(journal, store, exposition, own, history, clock)
    finally:
        await journal.close()
