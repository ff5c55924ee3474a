"""What the API wraps around objects."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.errors import (
    ApiError,
    Forbidden,
    NotFound,
    SourceError,
    TooManyRequests,
    Unauthorized,
    WatchExpired,
)
from observability.sources import envelope

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _status(**fields: Any) -> bytes:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", **fields}).encode()


def test_a_page() -> None:
    page = envelope.page(b'{"metadata":{"resourceVersion":"7","continue":"abc"},"items":[{"a":1},null]}')
    assert (page.metadata.resource_version, page.metadata.continue_) == ("7", "abc")
    assert [bytes(item) for item in page.items or ()] == [b'{"a":1}', b"null"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"<html>",
        b'{"metadata":{"resourceVersion":"7"}}',
        b'{"items":[]}',
        b'{"metadata":{},"items":[]}',
        b'{"metadata":{"resourceVersion":"7"},"items":[{}',
        b"[" * 100_000,
        _status(code=200),
    ],
)
def test_what_is_no_list_is_no_empty_list(body: bytes) -> None:
    with pytest.raises(SourceError, match="expected a list as JSON"):
        envelope.page(body)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_whatever_comes_is_read_or_a_source_error(body: bytes) -> None:
    for read in (envelope.page, envelope.event):
        with suppress(SourceError):
            read(body)
    assert isinstance(envelope.bare(body), envelope.Bare)
    assert isinstance(envelope.error(0, body), SourceError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (429, TooManyRequests),
        (503, TooManyRequests),
        (500, ApiError),
    ],
)
def test_an_error_by_its_status(status: int, kind: type[ApiError]) -> None:
    error = envelope.error(status, _status(reason="Because", message="no, because", code=418))
    assert type(error) is kind
    assert error.status == status
    assert str(error) == f"no, because: Because ({status})"


def test_the_status_of_an_event_names_its_code() -> None:
    error = envelope.error(0, _status(code=500, reason="InternalError", message="etcd"))
    assert isinstance(error, ApiError)
    assert error.status == 500


def test_gone_carries_the_token_to_go_on_with() -> None:
    error = envelope.error(410, _status(code=410, reason="Expired", message="too old", metadata={"continue": "next"}))
    assert isinstance(error, WatchExpired)
    assert (str(error), error.continue_token, error.reason) == ("too old", "next", "expired")


def test_the_server_may_ask_for_patience_in_the_status_too() -> None:
    asked = envelope.error(429, _status(code=429, details={"retryAfterSeconds": 3}))
    assert isinstance(asked, TooManyRequests)
    assert asked.retry_after_seconds == 3.0
    in_header = envelope.error(429, _status(code=429, details={"retryAfterSeconds": 3}), "", 5.0)
    assert isinstance(in_header, TooManyRequests)
    assert in_header.retry_after_seconds == 5.0


def test_nothing_of_a_strange_page_is_shown() -> None:
    error = envelope.error(502, b"<html>token=hunter2</html>", "Bad Gateway")
    assert str(error) == "the Kubernetes API refused: Bad Gateway (502)"
    assert "hunter2" not in str(envelope.error(500, b'{"kind":"Login","message":"hunter2"}'))


def test_long_messages_are_cut() -> None:
    assert len(str(envelope.error(500, _status(message="x" * 100_000)))) < 400
