"""From lines and items to observations."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from observability.errors import ApiError, SourceError, WatchExpired
from observability.model.application import Key
from observability.model.observation import Alive, Gone, Kind, Listed, Malformed, Observation, Scope, Seen
from observability.sources.applications import decode_application
from observability.sources.engine import WatchedKind
from observability.sources.reader import BATCH_OBJECTS, Cursor, Reader, batches

SCOPE = Scope(Kind.APPLICATION)
APPLICATIONS = WatchedKind(Kind.APPLICATION, "argoproj.io", "v1alpha1", "applications", decode_application)
AT = 1000.0


def application(name: str = "shop", version: str = "5", **fields: Any) -> dict[str, Any]:
    metadata = {"namespace": "argocd", "name": name, "uid": f"uid-{name}", "resourceVersion": version}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, **fields}


def line(type_: str, document: dict[str, Any]) -> bytes:
    return b'{"type":"%s","object":%s}' % (type_.encode(), json.dumps(document).encode())


def bookmark(version: str, annotations: dict[str, str] | None = None) -> bytes:
    metadata = {"resourceVersion": version, "annotations": annotations}
    return line("BOOKMARK", {"kind": "Application", "metadata": metadata})


def read(lines: Iterable[bytes], cursor: Cursor | None = None) -> list[Observation]:
    return list(Reader(SCOPE, APPLICATIONS, cursor or Cursor("1", "")).lines(lines, AT))


def names(observations: Iterable[Observation]) -> list[str]:
    return [observation.object.name for observation in observations if isinstance(observation, Seen)]


@pytest.mark.parametrize("type_", ["ADDED", "MODIFIED"])
def test_an_object_is_seen(type_: str) -> None:
    cursor = Cursor("1", "")
    (seen,) = read([line(type_, application())], cursor)
    assert isinstance(seen, Seen)
    assert (seen.object.key, seen.received_at) == (Key("argocd", "shop"), AT)
    assert cursor.version == "5"


@pytest.mark.parametrize(
    "form",
    [
        b'{"object":%s,"type":"MODIFIED"}',
        b' { "type" : "MODIFIED" , "object" : %s } ',
        b'{"type":"MODIFIED","object":%s,"more":{}}',
        b'{"type":"MODIFIED","object": %s}\r',
    ],
)
def test_an_event_may_be_written_in_another_form(form: bytes) -> None:
    cursor = Cursor("1", "")
    assert names(read([form % json.dumps(application()).encode()], cursor)) == ["shop"]
    assert cursor.version == "5"


def test_an_object_is_gone() -> None:
    cursor = Cursor("1", "")
    assert read([line("DELETED", application(version="9"))], cursor) == [
        Gone(Kind.APPLICATION, Key("argocd", "shop"), "uid-shop", AT)
    ]
    assert cursor.version == "9"


def test_a_deleted_object_that_cannot_be_read_is_gone_all_the_same() -> None:
    (gone,) = read([line("DELETED", application(spec=7, status=[]))])
    assert isinstance(gone, Gone)


def test_a_bookmark_moves_the_cursor() -> None:
    cursor = Cursor("1", "")
    assert read([bookmark("12")], cursor) == [Alive(SCOPE, "12", AT)]
    assert cursor.version == "12"


def test_a_streaming_list_ends_with_its_bookmark() -> None:
    cursor = Cursor(None, "")
    reader = Reader(SCOPE, APPLICATIONS, cursor)
    assert names(reader.lines([line("ADDED", application("a", "3")), line("ADDED", application("b", "8"))], AT)) == [
        "a",
        "b",
    ]
    assert cursor.version is None
    end = bookmark("9", {"k8s.io/initial-events-end": "true"})
    assert list(reader.lines([end], AT)) == [Listed(SCOPE, "9", AT)]
    assert cursor.version == "9"


def test_an_expired_version() -> None:
    error = line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"})
    with pytest.raises(WatchExpired, match="too old resource version") as raised:
        read([error])
    assert raised.value.reason == "expired"


def test_any_other_error() -> None:
    with pytest.raises(ApiError, match="etcd has no leader: InternalError"):
        read(
            [line("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "message": "etcd has no leader"})]
        )


def test_an_unknown_type_of_event_is_passed_over() -> None:
    assert names(read([line("RENAMED", application("a")), line("ADDED", application("b"))])) == ["b"]


@pytest.mark.parametrize(
    "bad",
    [
        b"<html><body>502</body></html>",
        b'{"type":"MODIFIED","object":{"metadata":{"name":"sh}',
        b'{"type":"MODIFIED","object":}',
        b'{"type":"MODIFIED"}',
        b"{}",
        b"null",
    ],
)
def test_a_line_that_says_nothing_asks_for_a_list(bad: bytes) -> None:
    observations: list[Observation] = []
    with pytest.raises(WatchExpired) as raised:
        collect(Reader(SCOPE, APPLICATIONS, Cursor("1", "")).lines([bad], AT), observations)
    assert raised.value.reason == "malformed"
    (malformed,) = observations
    assert isinstance(malformed, Malformed)
    assert malformed.skipped


def collect(source: Iterator[Observation], into: list[Observation]) -> None:
    """All of it, as far as it comes."""
    for observation in source:
        into.append(observation)  # noqa: PERF402 - what came before an error stays


def test_an_object_that_cannot_be_read_is_skipped_and_named() -> None:
    cursor = Cursor("1", "")
    nameless = {"kind": "Application", "metadata": {"namespace": "argocd", "name": "", "resourceVersion": "6"}}
    wrong = {**application("other", "7"), "kind": "Secret"}
    first, second, third = read(
        [line("ADDED", nameless), line("MODIFIED", wrong), line("ADDED", application(version="8"))], cursor
    )
    assert isinstance(first, Malformed)
    assert (first.key, first.path, first.skipped) == (Key("argocd", ""), "metadata.name", True)
    assert isinstance(second, Malformed)
    assert (second.key, second.path, second.skipped) == (Key("argocd", "other"), "kind", True)
    assert isinstance(third, Seen)
    assert cursor.version == "8"


def test_the_cursor_passes_an_object_that_cannot_be_read() -> None:
    cursor = Cursor("1", "")
    read([line("MODIFIED", {**application("other", "7"), "kind": "Secret"})], cursor)
    assert cursor.version == "7"


def test_an_object_that_is_readable_in_part_is_seen_and_told() -> None:
    seen, malformed = read([line("MODIFIED", application(status={"sync": {"status": "Confused"}}))])
    assert isinstance(seen, Seen)
    assert isinstance(malformed, Malformed)
    assert (malformed.key, malformed.path, malformed.skipped) == (Key("argocd", "shop"), "status.sync.status", False)


def test_bytes_that_are_no_utf8_cost_one_character() -> None:
    bad = line("MODIFIED", application(spec={"project": "team-?"})).replace(b"team-?", b"team-\xff")
    seen, malformed = read([bad])
    assert isinstance(seen, Seen)
    assert isinstance(malformed, Malformed)
    assert (malformed.key, malformed.skipped) == (Key("argocd", "shop"), False)
    assert "UTF-8" in malformed.message


def test_a_name_that_is_no_utf8_is_still_an_event() -> None:
    bad = line("DELETED", application("sh?p")).replace(b"sh?p", b"sh\xffp")
    (gone,) = read([bad])
    assert isinstance(gone, Gone)
    assert gone.key.name == "sh\ufffdp"


@pytest.mark.parametrize(
    "older", [line("MODIFIED", application(version="99")), line("DELETED", application(version="99")), bookmark("99")]
)
def test_a_version_from_before_asks_for_a_list(older: bytes) -> None:
    cursor = Cursor("90", "")
    observations: list[Observation] = []
    reader = Reader(SCOPE, APPLICATIONS, cursor)
    with pytest.raises(WatchExpired, match="back from version 100 to 99") as raised:
        collect(reader.lines([bookmark("100"), older], AT), observations)
    assert raised.value.reason == "restored"
    assert observations == [Alive(SCOPE, "100", AT)], "what is from before is not taken over"
    assert cursor.version == "100"


def test_versions_of_no_known_order_are_taken_as_they_come() -> None:
    cursor = Cursor("9", "")
    read([bookmark("b"), line("MODIFIED", application(version="a"))], cursor)
    assert cursor.version == "a"


def test_items_of_a_list() -> None:
    cursor = Cursor(None, "")
    items = [Raw(json.dumps(application("a")).encode()), Raw(b"null"), Raw(json.dumps(application("b")).encode())]
    observations = list(Reader(SCOPE, APPLICATIONS, cursor).items(items, AT))
    assert names(observations) == ["a", "b"]
    assert [type(observation) for observation in observations] == [Seen, Malformed, Seen]
    assert cursor.version is None


@given(st.lists(st.binary(max_size=60) | st.sampled_from([line("ADDED", application()), bookmark("5")]), max_size=5))
def test_whatever_comes_is_told_or_asks_for_a_list(lines: list[bytes]) -> None:
    observations: list[Observation] = []
    try:
        collect(Reader(SCOPE, APPLICATIONS, Cursor("1", "")).lines(lines, AT), observations)
    except SourceError:
        assert isinstance(observations[-1], Malformed)
    else:
        assert len(observations) == len(lines)


def seen(count: int) -> list[Observation]:
    return [Alive(SCOPE, str(number), AT) for number in range(count)]


def test_a_batch_is_full_at_some_number() -> None:
    sizes = [len(batch) for batch in batches(seen(2 * BATCH_OBJECTS + 1), lambda: 0.0)]
    assert sizes == [BATCH_OBJECTS, BATCH_OBJECTS, 1]


def test_a_batch_ends_after_some_time() -> None:
    times = iter(range(100))
    assert [len(batch) for batch in batches(seen(3), lambda: next(times) * 0.006)] == [2, 1]


def test_what_came_before_an_error_is_not_lost() -> None:
    def failing() -> Iterator[Observation]:
        yield from seen(2)
        raise SourceError("then this")

    found: list[Observation] = []
    flat = (observation for batch in batches(failing(), lambda: 0.0) for observation in batch)
    with pytest.raises(SourceError, match="then this"):
        collect(flat, found)
    assert found == seen(2)


def test_no_batch_is_empty() -> None:
    assert list(batches([], lambda: 0.0)) == []
