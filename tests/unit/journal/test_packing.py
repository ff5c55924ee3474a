"""Packed records are those that were packed, and short."""

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.journal import records
from observability.journal.packing import WORDS, pack, unpack
from observability.model.application import SyncedResource
from observability.model.event import Event, Link, Record, Severity, Span, SpanKind, SpanStatus
from observability.settings import Settings
from observability.signals.events import EVENTS, events_of
from observability.signals.transitions import Context
from tests import replay
from tests.delivered import event, span
from tests.replay import TOPICS

_HEX = st.sampled_from((16, 32, 40, 64)).flatmap(lambda size: st.text("0123456789abcdef", min_size=size, max_size=size))
_TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | _HEX | _HEX.map(str.upper) | st.just("12 " * 5 + "3")
_VALUES = (
    _TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(_TEXTS).map(tuple)
)
_ATTRIBUTES = st.dictionaries(_TEXTS | st.sampled_from(WORDS), _VALUES, max_size=6)
_TIMES = st.floats(0, 2e10)
_EVENTS = st.builds(
    Event,
    id=_TEXTS,
    name=_TEXTS | st.sampled_from(WORDS),
    at=_TIMES,
    observed_at=_TIMES,
    severity=st.sampled_from(Severity),
    body=_TEXTS,
    subject=_TEXTS,
    attributes=_ATTRIBUTES,
)
_SPANS = st.builds(
    Span,
    trace_id=_TEXTS,
    id=_TEXTS,
    parent_id=st.none() | _TEXTS,
    name=_TEXTS,
    kind=st.sampled_from(SpanKind),
    started_at=_TIMES,
    ended_at=_TIMES,
    resources=st.lists(st.builds(SyncedResource, *[st.text(max_size=9)] * 9), max_size=3).map(tuple),
    status=st.sampled_from(SpanStatus),
    message=_TEXTS,
    subject=_TEXTS,
    attributes=_ATTRIBUTES,
    links=st.lists(st.builds(Link, _TEXTS, _TEXTS), max_size=2).map(tuple),
)


def said(record: Record) -> str:
    """All of it, with the types of its values: 1, 1.0 and True are equal in Python."""
    return repr(msgspec.structs.replace(record, attributes=dict(sorted(record.attributes.items()))))


@given(_EVENTS | _SPANS)
def test_what_is_unpacked_is_what_was_packed(record: Record) -> None:
    assert said(unpack(records.kind(record), pack(record))) == said(record)


@given(_EVENTS | _SPANS)
def test_json_is_unpacked_too(record: Record) -> None:
    data = records.as_json(record)
    assert unpack(records.kind(record), data) == unpack(records.kind(record), data.decode()) == record


@given(_EVENTS)
def test_the_order_of_attributes_makes_no_difference(record: Event) -> None:
    turned = msgspec.structs.replace(record, attributes=dict(reversed(list(record.attributes.items()))))
    assert pack(turned) == pack(record)


@given(st.binary(), st.sampled_from((records.EVENT, records.SPAN, "letter")))
def test_other_bytes_are_an_error(data: bytes, kind: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(kind, data)


@given(st.data())
def test_a_damaged_byte_is_an_error_or_another_record(data: st.DataObject) -> None:
    packed = bytearray(pack(event()))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    try:
        found = said(unpack(records.EVENT, bytes(packed)))
    except ValueError:
        found = ""
    assert found != said(event())


def test_a_word_of_a_newer_version_is_an_error() -> None:
    fields = msgspec.msgpack.decode(pack(event()))
    for number in (len(WORDS), -1):
        fields[1] = number
        with pytest.raises(ValueError, match=f"word {number} is not known"):
            unpack(records.EVENT, msgspec.msgpack.encode(fields))


@pytest.mark.parametrize("wrong", [None, [1], {"a": 1}])
def test_a_value_of_another_type_is_an_error(wrong: object) -> None:
    fields = msgspec.msgpack.decode(pack(event()))
    fields[7] = {"key": wrong}
    with pytest.raises(ValueError, match="expected a text, got"):
        unpack(records.EVENT, msgspec.msgpack.encode(fields))


def test_a_span_is_no_event() -> None:
    with pytest.raises(ValueError, match="array"):
        unpack(records.EVENT, pack(span()))


def test_an_integer_beyond_64_bits_is_stored_as_json() -> None:
    large = event(attributes={"number": 2**70})
    assert pack(large) == records.as_json(large)


def test_words_keep_their_numbers() -> None:
    """Journals hold the numbers. A change here makes those that are there unreadable: add words at the end only."""
    known = WORDS[:127]
    assert (
        sha256("\n".join(known).encode()).hexdigest()
        == "741e69e33228c579f6fd2372294daba04a1e19d125aecf12f7d5608abc51f68e"
    )


def test_all_that_events_are_made_of_has_a_number() -> None:
    made = {row.name for row in EVENTS} | {name for row in EVENTS for name in row.attributes}
    assert made <= set(WORDS)
    assert len(set(WORDS)) == len(WORDS)


@pytest.mark.parametrize("topic", TOPICS)
def test_events_of_recordings_take_less_than_half_of_their_json(topic: str) -> None:
    context = Context.of(Settings().environments)
    events = [event for change in replay.changes(topic) for event in events_of(change, context)]
    assert 0 < 2 * sum(len(pack(one)) for one in events) < sum(len(records.as_json(one)) for one in events)
