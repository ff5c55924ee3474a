"""Records as rows: canonical, and the same when they come back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.journal import records
from observability.model.application import Key
from observability.model.event import Attribute, Event, Severity
from observability.model.observation import Kind
from tests import journals

words = st.text(st.characters(codec="utf-8"))
attributes: st.SearchStrategy[Attribute] = st.one_of(
    words, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(words, max_size=3).map(tuple),
)  # fmt: skip


@given(words, words, st.floats(0, 4e9), st.dictionaries(words, attributes, max_size=5))
def test_an_event_comes_back_as_it_was(name: str, body: str, at: float, told: dict[str, Attribute]) -> None:
    event = Event(
        id="a", name=name, at=at, observed_at=at, severity=Severity.WARN, body=body, subject=name, attributes=told
    )
    assert records.parse(records.EVENT, records.as_json(event)) == event


def test_a_span_comes_back_as_it_was() -> None:
    assert records.parse(records.SPAN, records.as_json(journals.span(1))) == journals.span(1)


def test_the_order_of_attributes_does_not_change_the_bytes() -> None:
    one = journals.event(1)
    other = msgspec.structs.replace(one, attributes=dict(reversed(list(one.attributes.items()))))
    assert list(one.attributes) != list(other.attributes)
    assert records.as_json(one) == records.as_json(other)


def test_columns_repeat_what_the_data_say() -> None:
    data = records.as_json(journals.event(1))
    told = dict(zip(records.COLUMNS, records.columns(journals.event(1), data), strict=True))
    assert told["application"] == "argocd/shop-prod"
    assert (told["environment"], told["service"], told["project"]) == ("prod", "shop", "shop")
    assert told["data"] == data.decode()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Application/argocd/shop", (Kind.APPLICATION, Key("argocd", "shop"))),
        ("AppProject/argocd/shop", (Kind.PROJECT, Key("argocd", "shop"))),
        ("Service/shop", None),
        ("Application/shop", None),
        ("", None),
    ],
)
def test_a_subject_names_an_object_or_none(subject: str, expected: object) -> None:
    assert records.about(subject) == expected


@pytest.mark.parametrize("told", ["\ud800", object()])
def test_what_json_cannot_say_is_refused(told: Attribute) -> None:
    event = msgspec.structs.replace(journals.event(1), attributes={"a": told})
    with pytest.raises(ValueError, match=r".+"):
        records.as_json(event)


@pytest.mark.parametrize(("record", "data"), [("event", b"{}"), ("event", b"\xff"), ("other", b"{}"), ("span", b"")])
def test_damaged_data_are_refused(record: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        records.parse(record, data)
