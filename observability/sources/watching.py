"""List and watch: every state of every object of one kind, for ever.

Nested generators, each with one reason to go round: `watch` after an outage, `_until_outage` when a version has expired
(410), `_until_expired` when a stream ends. They yield batches of observations, each read in about 10 ms, and let the
loop go after each. No more objects are held than those of the page or chunk in hand.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Final, TypeAlias

import structlog
from msgspec import Struct

from observability.errors import ApiError, Forbidden, NotFound, SourceError, Unauthorized, WatchExpired
from observability.model.observation import Listed, Observation, Restarted, Scope, Unavailable
from observability.settings.groups import Watch
from observability.sources import envelope
from observability.sources.backoff import Backoff
from observability.sources.engine import WatchedKind
from observability.sources.kubernetes import AnswerTooLongError, Body, Connection
from observability.sources.lines import Lines
from observability.sources.reader import Cursor, Reader, batches
from observability.sources.versions import is_older

log = structlog.get_logger(__name__)

LINE_BYTES_MAX: Final = 64 * 2**20
"""A longer line is no object (etcd takes 1.5 MiB): the stream is given up, and the list asked for anew."""
_CUT_SHORT_MAX: Final = 3
"""After so many streaming lists in a row that ended early, this server, or a proxy, does not know lists as streams."""
_PAGE_BYTES: Final = 8 * 2**20
"""Pages of large objects are made smaller than `page_size`, until they are about so long."""

Batches: TypeAlias = AsyncGenerator[list[Observation], None]


class Subject(Struct, frozen=True):
    """What is watched, through what, and how.

    `selector` is a label selector, empty for all objects. `clock` tells epoch seconds, `random` yields values from 0 to
    1, `sleep` waits for seconds.
    """

    connection: Connection
    scope: Scope
    kind: WatchedKind
    settings: Watch
    selector: str
    clock: Callable[[], float]
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rests: dict[int, int] = {}
    """See `Cursor.rests`. To be cleared by who could not take in what came: all of it is read anew then."""

    @property
    def path(self) -> str:
        """Where the API keeps its objects."""
        return self.kind.path(self.scope.namespace)

    def query(self, **parameters: str | int | None) -> dict[str, str]:
        """The query of a request, without what is empty."""
        parameters["labelSelector"] = self.selector
        return {name: str(value) for name, value in parameters.items() if value}


async def watch(subject: Subject, resume_from: str | None = None) -> Batches:
    """Every state of every object, for ever. Raises nothing that a retry can mend.

    `resume_from`: a resourceVersion up to which everything is known; it is listed only when that has expired.
    """
    settings = subject.settings
    reason = "resumed" if resume_from else "start"
    cursor = Cursor(resume_from, reason, listed=bool(resume_from), rests=subject.rests)
    backoff = Backoff(
        settings.backoff_initial_seconds, settings.backoff_max_seconds, settings.healthy_seconds, subject.random
    )
    told = ""
    while True:
        try:
            async with aclosing(_until_outage(subject, cursor, backoff)) as found:
                async for batch in found:
                    backoff.succeeded(_now())
                    if told:
                        log.info("available again", **_names(subject))
                        told = ""
                    yield batch
        except SourceError as error:
            reason, seconds = _judged(error, backoff, settings)
            if reason != told:
                log.warning(
                    "unavailable", reason=reason, error=str(error), retry_seconds=round(seconds, 1), **_names(subject)
                )
                yield [Unavailable(subject.scope, reason, str(error))]
                told = reason
            cursor.failed("outage")
            await subject.sleep(seconds)


async def _until_outage(subject: Subject, cursor: Cursor, backoff: Backoff) -> Batches:
    """Lists, and the watches that follow each, until something fails."""
    connection = subject.connection
    while True:
        streaming, accepted = cursor.version is None and not _lists_in_pages(subject, cursor), False
        try:
            async with aclosing(_until_expired(subject, cursor, backoff)) as found:
                async for batch in found:
                    accepted = True
                    yield batch
        except WatchExpired as expired:
            log.info("a new list is needed", reason=expired.reason, error=str(expired), **_names(subject))
            cursor.version = None
            cursor.failed(expired.reason)
            seconds = backoff.failed(_now())
            if backoff.failures > 1:
                await subject.sleep(seconds)
        except ApiError as error:
            if not (streaming and cursor.version is None and _refuses_streaming(error, accepted)):
                raise
            log.info("the server does not stream lists, asking for pages", error=str(error), host=connection.host)
            connection.streaming_lists = False


async def _until_expired(subject: Subject, cursor: Cursor, backoff: Backoff) -> Batches:
    """A list if one is needed, then watches, each from where the one before stopped."""
    if cursor.version is None and _lists_in_pages(subject, cursor):
        async with aclosing(_pages(subject, cursor)) as found:
            async for batch in found:
                yield batch
    while True:
        await _confirm(subject, cursor)
        began = _now()
        async with aclosing(_stream(subject, cursor)) as found:
            async for batch in found:
                yield batch
        if cursor.version is None:
            _cut_short(subject, cursor)
            return
        if cursor.inconsistent:
            cursor.inconsistent = False
            raise WatchExpired("the last list was put together from two versions")
        if _now() - began < backoff.maximum and cursor.reason != "timeout":
            await subject.sleep(backoff.failed(_now()))


async def _confirm(subject: Subject, cursor: Cursor) -> None:
    """Make sure that the server knows of our version, unless a list is to come, just was, or the watch ended as asked.

    A watch from a version that is still to come is granted, and silent until then: when etcd was restored from a backup
    or the cluster rebuilt, that would be the old state for ever. The version of a list of one object tells.
    Source: k8s.io/apiserver pkg/storage/cacher/cache_watcher.go, `process` (v0.33), for bookmarks too.

    Raises:
        WatchExpired: the server is at an older version than we are.
    """
    if cursor.version is None or cursor.reason in ("", "timeout"):
        return
    body = await subject.connection.get(subject.path, {"limit": "1"})
    version = envelope.page(body).metadata.resource_version
    if is_older(version, cursor.version):
        message = f"the server is at version {version}, before {cursor.version}: its etcd was restored or is another"
        raise WatchExpired(message, reason="restored")


def _lists_in_pages(subject: Subject, cursor: Cursor) -> bool:
    return cursor.in_pages or not subject.connection.streaming_lists


def _cut_short(subject: Subject, cursor: Cursor) -> None:
    """A stream ended before its list did: that list is asked for in pages, and later ones too if this happens often."""
    cursor.in_pages = True
    cursor.cut_short += 1
    log.info("a streaming list ended early, asking for pages", times=cursor.cut_short, **_names(subject))
    if cursor.cut_short >= _CUT_SHORT_MAX:
        subject.connection.streaming_lists = False


async def _pages(subject: Subject, cursor: Cursor) -> Batches:
    """A list in chunks."""
    reader = Reader(subject.scope, subject.kind, cursor)
    place = _Place(subject.settings.page_size)
    while True:
        page = await _page(subject, cursor, place)
        if not place.token:
            yield [cursor.listing(subject.scope)]
            cursor.failed("expired")  # should it have to begin anew
        async for batch in _paced(reader.items(page.items or (), subject.clock())):
            yield batch
        place.token = page.metadata.continue_ or ""
        if not place.token:
            break
    cursor.complete(page.metadata.resource_version)
    cursor.reason, cursor.in_pages = "", False
    yield [Listed(subject.scope, page.metadata.resource_version, subject.clock())]


class _Place(Struct):
    """How far a list in chunks is. `token`: of the chunk to ask for, empty for the first; `limit`: objects in it."""

    limit: int
    token: str = ""
    restarted: bool = False
    at_later_version: bool = False


async def _page(subject: Subject, cursor: Cursor, place: _Place) -> envelope.Page:
    """The chunk at `place`.

    When its token has expired: once the first chunk again, then the rest at a later version, so that a list comes to an
    end however long it takes.
    """
    while True:
        query = subject.query(limit=place.limit, **{"continue": place.token})
        try:
            body = await subject.connection.get(subject.path, query)
        except WatchExpired as expired:
            if not place.token or place.at_later_version or (place.restarted and not expired.continue_token):
                raise
            log.info("the list took too long", error=str(expired), **_names(subject))
            place.at_later_version = cursor.inconsistent = place.restarted
            place.token = (expired.continue_token or "") if place.restarted else ""
            place.restarted = True
        except AnswerTooLongError:
            if place.limit == 1:
                raise
            place.limit = max(1, place.limit // 8)
        else:
            place.at_later_version = False
            place.limit = max(1, min(subject.settings.page_size, place.limit * _PAGE_BYTES // (len(body) + 1)))
            return envelope.page(body)


async def _stream(subject: Subject, cursor: Cursor) -> Batches:
    """One watch, until it ends; `cursor.reason` says why it did. Without a version it begins with a list."""
    settings = subject.settings
    span = settings.timeout_seconds_max - settings.timeout_seconds_min
    seconds = settings.timeout_seconds_min + round(span * subject.random())
    reader = Reader(subject.scope, subject.kind, cursor)
    lines = Lines()
    async with subject.connection.stream(subject.path, _watch_query(subject, cursor.version, seconds)) as body:
        ends_at = _now() + seconds
        if cursor.version is None:
            yield [cursor.listing(subject.scope)]
        elif cursor.reason:
            yield [Restarted(subject.scope, cursor.reason)]
        while chunk := await _chunk(subject, body, cursor, ends_at):
            async for batch in _paced(reader.lines(lines.feed(chunk), subject.clock())):
                yield batch
            if lines.pending > LINE_BYTES_MAX:
                message = f"a line is longer than {LINE_BYTES_MAX} bytes"
                yield [reader.unreadable(message)]
                raise WatchExpired(message, reason="malformed")


async def _chunk(subject: Subject, body: Body, cursor: Cursor, ends_at: float) -> bytes:
    """What came next; empty when the watch has ended. Half a line before the end is no event, and is not looked at."""
    try:
        async with asyncio.timeout(subject.settings.silence_seconds):
            chunk = await body.chunk()
    except TimeoutError:
        cursor.ended("silence")
        return b""
    except SourceError as error:
        if cursor.version is None:
            raise
        log.info("watch cut off", error=str(error), **_names(subject))
        cursor.ended("error")
        return b""
    if not chunk:
        cursor.ended("timeout" if _now() > ends_at - 1 else "closed")
    return chunk


def _watch_query(subject: Subject, version: str | None, seconds: int) -> dict[str, str]:
    """Source: kubernetes.io/docs/reference/using-api/api-concepts, "Streaming lists"."""
    query = subject.query(watch=1, allowWatchBookmarks="true", timeoutSeconds=seconds, resourceVersion=version)
    if version is None:
        query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    return query


async def _paced(observations: Iterable[Observation]) -> Batches:
    """Batches, with room for others after each."""
    for batch in batches(observations, _now):
        yield batch
        await asyncio.sleep(0)


def _judged(error: SourceError, backoff: Backoff, settings: Watch) -> tuple[str, float]:
    """The reason of `Unavailable`, and the seconds until the next attempt."""
    seconds = backoff.failed(_now())
    if isinstance(error, Forbidden | NotFound):
        return ("forbidden" if isinstance(error, Forbidden) else "not_found"), settings.unavailable_retry_seconds
    if isinstance(error, Unauthorized):
        return "unauthorized", seconds
    asked = error.retry_after_seconds if isinstance(error, ApiError) else None
    return "unreachable", max(seconds, asked or 0.0)


def _refuses_streaming(error: ApiError, accepted: bool) -> bool:
    """Whether the error means lists as streams: 400 and 422, or any ERROR event of a stream that was `accepted`.

    Source: kubernetes.io/docs/reference/using-api/api-concepts, "Streaming lists"; the event comes of an old etcd.
    """
    return accepted or error.status in (400, 422)


def _names(subject: Subject) -> dict[str, str]:
    return {"resource": subject.kind.resource, "namespace": subject.scope.namespace or "(all)"}


def _now() -> float:
    """Monotonic seconds."""
    return asyncio.get_running_loop().time()
