"""Guards of the server: how long a client may take, and how many may come at once.

aiohttp has no cap on connections. `Guard` counts them and closes the one that deserves it most when there are too many;
each keeps its own time, see `connections`.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client, and all of them together, may use."""

    header_seconds: float = 5.0
    """From connecting, or from the first byte of a further request, to a complete header. A TLS handshake counts."""

    idle_seconds: float = 180.0
    """How long a connection is kept between two requests: longer than usual scrape intervals."""

    stall_seconds: float = 15.0
    """An answer of which the client took nothing for this long is given up."""

    answer_seconds: float = 60.0
    """From the header of a request to the last byte of its answer."""

    patience_seconds: float = 0.25
    """When there are too many scrapes, one that has stalled for this long makes room for the next."""

    connections: int = 1024
    """Beyond, the oldest connection without a complete request is closed; first those kept between two requests."""

    scrapes: int = 32
    """Answers of /metrics at once. Beyond, 503, unless one of them stalls."""

    header_bytes: int = 32 * 1024
    """Of one request, line and headers together, or of many that are sent ahead of their answers. Beyond, 431."""

    shutdown_seconds: float = 8.0
    """How long answers may go on while the server stops. Then they are cut."""

    password_checks: int = 16
    """Passwords waiting to be checked, one after the other. Beyond, 503."""

    reviews: int = 8
    """Tokens under review at once, and eight times as many wait. Beyond, 503."""

    review_seconds: float = 10.0
    """How long one review may take, and how long its answer is remembered."""

    reload_seconds: float = 5.0
    """How often the web configuration file, and the files that it names, are looked at."""


class Refusal(StrEnum):
    """Why a client did not get what it asked for: the label `reason` of the exporter's own counter."""

    HEADER_TIMEOUT = "header_timeout"
    WRITE_TIMEOUT = "write_timeout"
    CONNECTION_CAP = "connection_cap"
    SCRAPE_CAP = "scrape_cap"
    HANDSHAKE = "handshake"
    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    AUTHENTICATION_BUSY = "authentication_busy"
    REVIEW_FAILED = "review_failed"


class Phase(Enum):
    """What a connection is doing."""

    HEADER = "sends a request"
    ANSWER = "is answered"
    IDLE = "is kept for the next request"


class Guarded(Protocol):
    """A connection, as far as a guard must know it. `progress_at`: when its client last took something, loop time."""

    phase: Phase
    progress_at: float

    def stalls(self) -> bool:
        """Is it the client that keeps its answer waiting?"""

    def close(self) -> None:
        """Take no further request after the answer."""

    def end(self) -> None:
        """Cut it off."""


class Guard:
    """All connections, by phase and in the order in which they entered it."""

    def __init__(self, limits: Limits, on_refusal: Callable[[Refusal], None]) -> None:
        self.limits = limits
        self.refuse = on_refusal
        self._phases: dict[Phase, dict[Guarded, None]] = {phase: {} for phase in Phase}
        self._scrapes: set[Guarded] = set()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._phases.values()))

    def admit(self, connection: Guarded) -> bool:
        """Count `connection`, and make room for it when there are too many; False: every other is being answered."""
        if len(self) >= self.limits.connections and not self.make_room():
            self.refuse(Refusal.CONNECTION_CAP)
            return False
        self._phases[Phase.HEADER][connection] = None
        return True

    def make_room(self) -> bool:
        """Close the connection that idles longest, else the oldest without a complete request; False: none.

        Who idles loses nothing: clients connect anew for their next request. Who is about to ask would lose an answer.
        """
        for phase in (Phase.IDLE, Phase.HEADER):
            if victim := next(iter(self._phases[phase]), None):
                self.refuse(Refusal.CONNECTION_CAP)
                victim.end()
                return True
        return False

    def enter(self, connection: Guarded, before: Phase, now: Phase) -> None:
        """Move `connection`; one that is already forgotten stays so."""
        if connection in self._phases[before]:
            del self._phases[before][connection]
            self._phases[now][connection] = None
            self._changed.set()

    def forget(self, connection: Guarded) -> None:
        """The connection is gone."""
        self._phases[connection.phase].pop(connection, None)
        self._changed.set()

    @contextmanager
    def scrape(self, connection: Guarded) -> Iterator[bool]:
        """Count one answer of /metrics; False when there are too many and none of them stalls."""
        if len(self._scrapes) >= self.limits.scrapes and not self._cut_a_stalled_scrape():
            self.refuse(Refusal.SCRAPE_CAP)
            yield False
            return
        self._scrapes.add(connection)
        try:
            yield True
        finally:
            self._scrapes.discard(connection)

    def _cut_a_stalled_scrape(self) -> bool:
        by_progress = sorted(self._scrapes, key=lambda scrape: scrape.progress_at)
        victim = next((scrape for scrape in by_progress if scrape.stalls()), None)
        if victim is None:
            return False
        self._scrapes.discard(victim)
        self.refuse(Refusal.SCRAPE_CAP)
        victim.end()
        return True

    async def drain(self) -> None:
        """Close what waits or idles, let answers end for `shutdown_seconds`, then cut the rest."""
        try:
            async with asyncio.timeout(self.limits.shutdown_seconds):
                while self._phases[Phase.ANSWER]:
                    self._close_all_but_answers()
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            log.warning("answers were cut at shutdown", answers=len(self._phases[Phase.ANSWER]))
        finally:
            for connection in [connection for phase in self._phases.values() for connection in phase]:
                connection.end()

    def _close_all_but_answers(self) -> None:
        for connection in [*self._phases[Phase.HEADER], *self._phases[Phase.IDLE]]:
            connection.end()
        for connection in self._phases[Phase.ANSWER]:
            connection.close()
