"""A connection of the server: aiohttp's protocol under one deadline, and what is said of a bad request.

aiohttp has no timer for request headers and none for writing. `Connection` is its protocol with one deadline, which
moves as the client makes progress. I/O: sockets, through asyncio's transports.

Source: aiohttp 3.14 web_protocol.py, web_server.py.
"""

import asyncio
import logging
import resource
import select
import traceback

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import LineTooLong

from observability.delivery.guards import Guard, Phase, Refusal

log = structlog.get_logger(__name__)

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_HEADER_ENDS = b"\r\n\r\n"
_NEVER = 10.0 * 365 * 86400


class Connection(web.RequestHandler):
    """aiohttp's protocol under one deadline. What misses it is cut off at once, not asked to close."""

    def __init__(self, guard: Guard, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=_NEVER,  # the deadline is ours
            access_log=None,  # type: ignore[arg-type]  # None switches it off: request lines may carry secrets
            logger=logging.getLogger(__name__),
            max_headers=64,
            lingering_time=1.0,
        )
        self.phase = Phase.HEADER
        self.progress_at = loop.time()
        self.handshake: asyncio.Task[None] | None = None
        self._guard = guard
        self._time = loop.time
        self._call_at = loop.call_at
        self._wire: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._answer_ends_at = 0.0
        self._received = 0
        self._tail = b""
        self._allow(guard.limits.header_seconds)

    @property
    def connected(self) -> bool:
        """Was there ever a transport, with TLS one whose handshake succeeded?"""
        return self._wire is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake, if any, is over."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # TCP or TLS, nothing else listens
        self._wire = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Whoever closed it."""
        self.forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start the header timer of a further request, and count the bytes of a header."""
        if self.phase is Phase.IDLE:
            self._received = 0
            self._enter(Phase.HEADER)
            self._allow(self._guard.limits.header_seconds)
        self._tail = (self._tail + data[-4:])[-4:]
        if self.phase is not Phase.ANSWER:
            self._received += len(data)
            if self._received > self._guard.limits.header_bytes:
                self._refuse_header()
                return
        super().data_received(data)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Say what is wrong, but repeat nothing of what was sent, here or in the log: it may be a secret."""
        if isinstance(exc, ConnectionError):  # the client is gone
            raise exc
        if status < 500:
            status = 431 if isinstance(exc, LineTooLong) else status
            self._guard.refuse(Refusal.BAD_REQUEST)
            log.debug("bad request", status=status, error=type(exc).__name__)
        else:
            log.error("answering failed", path=request.path, trace=_trace(exc))
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun: all that is left is to break it off")
        headers = {"X-Content-Type-Options": "nosniff", "Server": "gitops-observability"}
        response = web.Response(status=status, text=f"{status}\n", headers=headers)
        response.force_close()
        return response

    def log_exception(self, *args: object, **kw: object) -> None:
        """What aiohttp could not handle, without what it would print of the request."""
        error = kw.get("exc_info")
        log.error("connection failed", trace=_trace(error if isinstance(error, BaseException) else None))

    def begin(self) -> None:
        """A complete request is in; its answer has `answer_seconds`."""
        self._answer_ends_at = self._time() + self._guard.limits.answer_seconds
        self._enter(Phase.ANSWER)
        self.progressed()

    def progressed(self) -> None:
        """The client took something of the answer."""
        self.progress_at = self._time()
        self._until(min(self.progress_at + self._guard.limits.stall_seconds, self._answer_ends_at))

    def stalls(self) -> bool:
        """Has the client taken nothing for `patience_seconds`, and is it the client: can the kernel take no more?"""
        if self._wire is None or self._time() - self.progress_at < self._guard.limits.patience_seconds:
            return False
        poll = select.poll()
        poll.register(self._wire.get_extra_info("socket").fileno(), select.POLLOUT)
        return not poll.poll(0)

    async def flush(self, writer: AbstractStreamWriter) -> None:
        """Wait until the kernel has every byte of the answer: until then it is not over."""
        if self._wire is not None and self._wire.get_write_buffer_size() > 0:
            self._wire.set_write_buffer_limits(high=0)
            await writer.drain()
            if not self._wire.is_closing():
                self._wire.set_write_buffer_limits()

    def rest(self) -> None:
        """The answer is over: the connection idles, or is already sending its next request."""
        self._received = 0
        if self._tail != _HEADER_ENDS:
            self._enter(Phase.HEADER)
            self._allow(self._guard.limits.header_seconds)
        else:
            self._enter(Phase.IDLE)
            self._allow(self._guard.limits.idle_seconds)

    def end(self) -> None:
        """Cut it off. What was not sent is dropped."""
        self.forget()
        if self._wire is not None:
            self._wire.abort()
        elif self.handshake is not None:
            self.handshake.cancel()

    def forget(self) -> None:
        """Neither timed nor counted any longer."""
        self._guard.forget(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _enter(self, phase: Phase) -> None:
        before, self.phase = self.phase, phase
        self._guard.enter(self, before, phase)

    def _allow(self, seconds: float) -> None:
        self._until(self._time() + seconds)

    def _until(self, deadline: float) -> None:
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._call_at(deadline, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._time() < self._deadline:
            self._until(self._deadline)
            return
        if self.phase is not Phase.IDLE:
            timeout = Refusal.HEADER_TIMEOUT if self.phase is Phase.HEADER else Refusal.WRITE_TIMEOUT
            self._guard.refuse(timeout)
        self.end()

    def _refuse_header(self) -> None:
        assert self._wire is not None  # noqa: S101  # data came through it
        self._guard.refuse(Refusal.BAD_REQUEST)
        self._wire.write(_TOO_LARGE)
        self._wire.close()


def _trace(error: BaseException | None) -> str:
    """Where it was raised. Without values: what a renderer adds of local variables may be a secret."""
    return "" if error is None else f"{type(error).__name__} in {''.join(traceback.format_tb(error.__traceback__))}"


def raise_open_files_limit() -> int:
    """Raise RLIMIT_NOFILE of this process to its hard limit, and give the limit. A connection is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.info("the limit of open files stays", limit=soft, error=str(error))
        return soft
    return hard
