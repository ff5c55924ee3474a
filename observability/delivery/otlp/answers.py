"""What an answer over HTTP means: delivered, refused, or later. Pure.

Only an answer that says that everything was taken lets records go. An answer that cannot be about the records, but is
about the way to the receiver (a login page, a proxy, a wrong port), means later: else a wrong setting would make dead
letters of them all.
Source: OTLP specification 1.9, OTLP/HTTP Response; RFC 9110.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from observability.delivery.otlp.endpoint import without_query
from observability.errors import Later, Refused

Response: TypeAlias = ExportLogsServiceResponse | ExportTraceServiceResponse

_PROTOBUF: Final = ("application/x-protobuf", "application/protobuf", "application/octet-stream")
_JSON: Final = "application/json"
_EXCERPT_CHARACTERS: Final = 200
_TLS_WANTED: Final = re.compile(rb"HTTP request (?:was sent )?to (?:an )?HTTPS", re.IGNORECASE)
"""What Go's server and nginx say when they are spoken to without TLS, with status 400."""


class Answer(NamedTuple):
    """An answer over HTTP, read to its end. `content_type` without parameters, in small letters; empty: none given.

    `asked` is the URL without its query. `retry_after_seconds` None: it did not say. `location` is where a redirect
    points to, empty otherwise.
    """

    asked: str
    status: int
    content_type: str
    body: bytes
    retry_after_seconds: float | None = None
    location: str = ""


def judge(answer: Answer, response: Callable[[], Response], accept_no_content: bool = False) -> str:
    """What the receiver, which took all records, has to say to that; mostly nothing. `response` makes an empty one.

    Raises:
        Refused: it will not take the records, or some of them.
        Later: it may take them another time, or is not what it should be.
    """
    match answer.status:
        case HTTPStatus.OK:
            return _judge_taken(answer, response())
        case HTTPStatus.NO_CONTENT if accept_no_content:
            return ""
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise Refused(_said(answer))
        case HTTPStatus.BAD_REQUEST if not _is_page(answer) and not _TLS_WANTED.search(answer.body):
            raise Refused(_said(answer))
        case _:
            raise Later(_said(answer) + _hint(answer), answer.retry_after_seconds)


def judge_response(response: Response) -> str:
    """What a receiver says that answered with success. Raises Refused when it rejected something after all."""
    partial = response.partial_success
    if isinstance(response, ExportLogsServiceResponse):
        rejected, records = response.partial_success.rejected_log_records, "log records"
    else:
        rejected, records = response.partial_success.rejected_spans, "spans"
    if rejected:
        raise Refused(f"{rejected} {records} rejected: {_excerpt(partial.error_message) or 'no reason given'}")
    return _excerpt(partial.error_message)


def _judge_taken(answer: Answer, response: Response) -> str:
    if _is_page(answer):
        raise Later(f"{answer.asked} answered 200 with an HTML page: is it a login page or a wrong URL?")
    if answer.content_type == _JSON:
        understood = _from_json(answer.body, response)
    elif answer.content_type in _PROTOBUF or (not answer.content_type and not answer.body):
        understood = _from_protobuf(answer.body, response)
    else:
        what = answer.content_type or "content of no type"
        raise Later(f"{answer.asked} answered 200 with {what}, which is no answer of OTLP: is it a wrong URL?")
    if not understood:
        raise Later(f"{answer.asked} answered 200 with content that is no answer of OTLP: is it a wrong URL?")
    return judge_response(response)


def _from_protobuf(body: bytes, message: Message) -> bool:
    """Read `body` into `message`; False when it cannot be."""
    try:
        message.ParseFromString(body)
    except DecodeError:
        return False
    return True


def _from_json(body: bytes, message: Message) -> bool:
    try:
        Parse(body, message, ignore_unknown_fields=True)
    except (ParseError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _is_page(answer: Answer) -> bool:
    return answer.content_type in ("text/html", "application/xhtml+xml")


def _said(answer: Answer) -> str:
    """`http://collector:4318/v1/logs answered 503 Service Unavailable: the queue is full`."""
    try:
        phrase = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = str(answer.status)
    text = _excerpt(_message(answer))
    return f"{answer.asked} answered {phrase}" + (f": {text}" if text else "")


def _message(answer: Answer) -> str:
    """The words of an error: of the Status that OTLP has for it, or of whatever else came. Pages have too many."""
    status = Status()
    if answer.content_type in _PROTOBUF:
        return status.message if _from_protobuf(answer.body, status) else ""
    if answer.content_type == _JSON and _from_json(answer.body, status) and status.message:
        return status.message
    return "" if _is_page(answer) else answer.body[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", "replace")


def _hint(answer: Answer) -> str:
    match answer.status:
        case HTTPStatus.NO_CONTENT:
            return " (it cannot say what it rejected; accept_no_content takes this as delivered)"
        case HTTPStatus.BAD_REQUEST if _TLS_WANTED.search(answer.body):
            return " (the URL of the endpoint must begin with https)"
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return " (is the path right?)"
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return " (are the headers right?)"
        case status if 300 <= status < 400:
            where = _excerpt(without_query(answer.location)) or "nowhere"
            return f" (redirects are not followed; it points to {where})"
        case _:
            return ""


def _excerpt(text: str) -> str:
    """On one line, without what a terminal would obey."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _EXCERPT_CHARACTERS else line[: _EXCERPT_CHARACTERS - 1] + "…"
