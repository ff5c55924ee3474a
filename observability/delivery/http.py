"""The HTTP server: accepts connections, wraps them in the TLS of the moment, guards them, and stops in time.

Each connection gets the SSLContext that is in force when it is accepted: a changed certificate, another CA for clients,
and TLS switched on or off are in force for the next connection, without a restart. (The exporter-toolkit reads
certificates anew, but needs a restart to switch TLS.) I/O: sockets, files of the web configuration.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from aiohttp import web

from observability.delivery.authentication import Authentication
from observability.delivery.connections import Connection, raise_open_files_limit
from observability.delivery.guards import Guard, Limits, Refusal
from observability.delivery.listening import Address, bound_address, listen, parse_address
from observability.delivery.reloading import Reload, WebConfiguration
from observability.delivery.site import Answers, Site
from observability.model.access import TokenReviewer

log = structlog.get_logger(__name__)

_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GOODBYE_SECONDS = 2.0
_KERNEL_BYTES = 256 * 1024
"""Of one connection, doubled by Linux. Left alone it grows to 4 MB for each client that does not read."""


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where and how to serve."""

    listen: str = ":9797"
    """HOST:PORT; without a host every interface, port 0 is any free one."""
    web_config: Path | None = None
    """The Prometheus web configuration file; None: plain HTTP for everybody."""
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float]
    """Seconds since the epoch: is the certificate valid?"""
    reviewer: TokenReviewer | None = None
    """Judges bearer tokens; None: they are not accepted."""
    on_refusal: Callable[[Refusal], None] = _nothing
    """Called for each client that is turned away."""
    on_reload: Callable[[Reload], None] = _nothing
    """Called after each loading of the web configuration, the first too."""


@asynccontextmanager
async def serving(site: Site, how: Serving) -> AsyncIterator[tuple[Address, ...]]:
    """Serve `site` while the block runs, and give the addresses that are bound.

    Raises SettingsError (address, web configuration) and DeliveryError (port in use) before anything is served. Leaving
    takes `limits.shutdown_seconds` at most, and about two seconds for TLS to say goodbye.
    """
    web_config = WebConfiguration(how.web_config, how.clock, how.on_reload)
    address = parse_address(how.listen)
    await web_config.start()
    listeners = await asyncio.to_thread(listen, address)
    server = _Server(site, how, web_config)
    server.start(listeners)
    addresses = tuple(map(bound_address, listeners))
    log.info("serving", addresses=[*map(str, addresses)], tls=web_config.current.context is not None)
    try:
        yield addresses
    finally:
        await server.stop()
        log.info("stopped serving")


class _Server:
    """The tasks of the server: one a listening socket, one that follows the web configuration, one a handshake."""

    def __init__(self, site: Site, how: Serving, web_config: WebConfiguration) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = how.limits
        self._web_config = web_config
        self._guard = Guard(how.limits, how.on_refusal)
        self._authentication = Authentication(how.reviewer, how.limits, self._loop.time)
        answers = Answers(site, self._authentication, self._guard, lambda: web_config.current.config)
        self._aiohttp = web.Server(answers.answer, handler_cancellation=True)
        self._listeners: tuple[socket.socket, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, listeners: tuple[socket.socket, ...]) -> None:
        """Accept from now on."""
        limit = raise_open_files_limit()
        if limit < 2 * self._limits.connections:
            log.warning("few files may be open", limit=limit, connections=self._limits.connections)
        self._listeners = listeners
        self._tasks = [
            asyncio.create_task(self._accept(listener), name=f"accept on {bound_address(listener)}")
            for listener in listeners
        ]
        self._tasks.append(asyncio.create_task(self._web_config.follow(self._limits.reload_seconds), name="web config"))

    async def stop(self) -> None:
        """Accept no more, let answers end, cut what takes too long."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()
        try:
            await self._guard.drain()
        finally:
            self._authentication.close()
            await self._aiohttp.shutdown(_GOODBYE_SECONDS)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = await self._loop.sock_accept(listener)
            except OSError as error:
                await self._survive(error)
            else:
                self._welcome(client)
                await asyncio.sleep(0)  # a burst of clients does not hold the loop

    async def _survive(self, error: OSError) -> None:
        """A client that left at once is nothing; without a free file, make room and wait."""
        if error.errno in _FULL:
            log.error("cannot accept", error=str(error), connections=len(self._guard))
            self._guard.make_room()
            await asyncio.sleep(0.1)

    def _welcome(self, client: socket.socket) -> None:
        with suppress(OSError):  # gone already
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        connection = Connection(self._guard, self._aiohttp, self._loop)
        if not self._guard.admit(connection):
            connection.forget()
            client.close()
            return
        connection.handshake = asyncio.create_task(self._connect(connection, client))
        connection.handshake.add_done_callback(lambda task: self._connected(connection, client, task))

    async def _connect(self, connection: Connection, client: socket.socket) -> None:
        context = self._web_config.current.context
        goodbye = None if context is None else _GOODBYE_SECONDS
        # The deadline of the connection cancels this; asyncio's own timer of handshakes is longer.
        await self._loop.connect_accepted_socket(lambda: connection, client, ssl=context, ssl_shutdown_timeout=goodbye)

    def _connected(self, connection: Connection, client: socket.socket, task: asyncio.Task[None]) -> None:
        connection.handshake = None
        error = None if task.cancelled() else task.exception()
        if error is not None:  # of TLS, or of a client that is gone
            self._guard.refuse(Refusal.HANDSHAKE)
            log.debug("handshake failed", error=getattr(error, "reason", None) or type(error).__name__)
        if not connection.connected:
            connection.forget()
            client.close()
