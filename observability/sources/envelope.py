"""What the Kubernetes API wraps around objects: pages of a list, events of a watch, Status. Pure.

Objects stay undecoded (`msgspec.Raw`), so that an envelope costs little, however large what it holds.
Source: k8s.io/apimachinery pkg/apis/meta/v1/{types,watch}.go (v0.33).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from observability.errors import ApiError, Forbidden, NotFound, SourceError, TooManyRequests, Unauthorized, WatchExpired

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
"""Annotation of the bookmark that ends a streaming list."""

_MESSAGE_CHARACTERS: Final = 256


class Metadata(Struct, frozen=True, gc=False, rename="camel"):
    """What every object says of itself, as far as the watch needs it."""

    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    annotations: Mapping[str, str] | None = None


class Bare(Struct, gc=False):
    """An object without its content."""

    metadata: Metadata = Metadata()


class Event(Struct, gc=False):
    """One line of a watch."""

    type: str
    object: Raw


class PageMetadata(Struct, gc=False, rename="camel"):
    """Where a list stands. `continue_`: the token for the next page, empty at the end."""

    resource_version: str
    continue_: str | None = msgspec.field(name="continue", default=None)


class Page(Struct, gc=False):
    """One chunk of a list. Metadata and items must be there: an answer that is no list is no empty list."""

    metadata: PageMetadata
    items: list[Raw] | None


class _StatusMetadata(Struct, gc=False):
    continue_: str | None = msgspec.field(name="continue", default=None)


class _StatusDetails(Struct, gc=False, rename="camel"):
    retry_after_seconds: float | None = None


class _Status(Struct, gc=False):
    kind: str | None = None
    code: int | None = None
    reason: str | None = None
    message: str | None = None
    metadata: _StatusMetadata | None = None
    details: _StatusDetails | None = None


_BARE: Final = msgspec.json.Decoder(Bare)
_EVENT: Final = msgspec.json.Decoder(Event)
_PAGE: Final = msgspec.json.Decoder(Page)
_STATUS: Final = msgspec.json.Decoder(_Status)

_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    429: TooManyRequests,
    503: TooManyRequests,
}

_T = TypeVar("_T")


def page(body: bytes) -> Page:
    """A chunk of a list.

    Raises:
        SourceError: it is no list.
    """
    return _read(_PAGE.decode, body, "a list")


def event(line: bytes | memoryview) -> Event:
    """A line of a watch. Its object may still be unreadable.

    Raises:
        SourceError: it is no event.
    """
    return _read(_EVENT.decode, line, "a watch event")


def bare(raw: bytes | memoryview | Raw) -> Bare:
    """Name and version of an object that may be unreadable otherwise; empty where even these are."""
    try:
        return _BARE.decode(repaired(raw))
    except (ValueError, RecursionError):
        return Bare()


def repaired(raw: bytes | memoryview | Raw) -> bytes:
    """The same as valid UTF-8: one bad character shall cost nothing else."""
    return bytes(raw).decode("utf-8", "replace").encode()


def error(
    status: int, body: bytes | memoryview | Raw, reason: str = "", retry_after: float | None = None
) -> SourceError:
    """The error that `status` and a Status object stand for.

    `reason` and `retry_after` (seconds) come from HTTP and count where the Status says nothing. Of a body that is no
    Status nothing is shown: it is the page of some proxy, and may hold anything. `status` 0: the Status names the code.
    """
    try:
        said = _STATUS.decode(body)
    except (ValueError, RecursionError):
        said = _Status()
    if said.kind != "Status":
        said = _Status()
    code = status or said.code or 500
    message = (said.message or "")[:_MESSAGE_CHARACTERS]
    reason = said.reason or reason or "unknown reason"
    if code == 410:
        return WatchExpired(message or reason, said.metadata.continue_ if said.metadata else None)
    if retry_after is None and said.details:
        retry_after = said.details.retry_after_seconds
    return _BY_STATUS.get(code, ApiError)(code, reason, message, retry_after)


def _read(decode: Callable[[bytes | memoryview], _T], body: bytes | memoryview, expected: str) -> _T:
    try:
        return decode(body)
    except (ValueError, RecursionError) as cause:
        raise SourceError(f"expected {expected} as JSON, got {len(body)} bytes of something else: {cause}") from cause
