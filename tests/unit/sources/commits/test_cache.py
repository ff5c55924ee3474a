"""What is known of commits, and what of it is kept."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from observability.model.commit import Commit, Signature
from observability.sources.commits.cache import Cache, decoded, encoded, name_of

REPOSITORY = "https://git.example.com/shop.git"


def commit(revision: str, **facts: object) -> Commit:
    return Commit(repository=REPOSITORY, revision=revision, **facts)  # type: ignore[arg-type]


def test_a_commit_is_known_by_repository_and_revision() -> None:
    cache = Cache()
    cache.put(commit("a1"))
    assert cache.get(REPOSITORY, "a1") == commit("a1")
    assert cache.get(REPOSITORY, "b2") is None
    assert cache.get("https://git.example.com/other.git", "a1") is None


def test_what_was_not_used_for_longest_goes_and_the_journal_is_told() -> None:
    cache = Cache(limit=2)
    cache.put(commit("a1"))
    cache.put(commit("b2"))
    cache.get(REPOSITORY, "a1")
    changes = cache.put(commit("c3"))
    assert changes == {name_of(REPOSITORY, "c3"): encoded(commit("c3")), name_of(REPOSITORY, "b2"): None}
    assert (len(cache), cache.get(REPOSITORY, "b2")) == (2, None)


def test_what_the_journal_kept_is_known_again() -> None:
    values = Cache().put(commit("a1", author_name="Jo", authored_at=1.0, signature=Signature.BAD, tags=("v1",)))
    kept = {name: value for name, value in values.items() if value is not None}
    cache = Cache()
    assert cache.restore({**kept, "tally/prod": b"of somebody else"}) == {}
    assert cache.get(REPOSITORY, "a1") == commit(
        "a1", author_name="Jo", authored_at=1.0, signature=Signature.BAD, tags=("v1",)
    )


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x01", b"\x01\xff", b"\x01\x92\xa1a\x01", encoded(commit("a1"))[:-1]])
def test_what_cannot_be_read_is_to_be_forgotten(data: bytes) -> None:
    cache = Cache()
    assert cache.restore({name_of(REPOSITORY, "a1"): data}) == {name_of(REPOSITORY, "a1"): None}
    assert len(cache) == 0


def test_a_commit_under_the_name_of_another_is_to_be_forgotten() -> None:
    assert Cache().restore({name_of(REPOSITORY, "b2"): encoded(commit("a1"))}) == {name_of(REPOSITORY, "b2"): None}


def test_a_smaller_cache_forgets_what_is_too_much() -> None:
    values = {name_of(REPOSITORY, revision): encoded(commit(revision)) for revision in ("a1", "b2", "c3")}
    cache = Cache(limit=2)
    assert cache.restore(values) == {name_of(REPOSITORY, "c3"): None}
    assert len(cache) == 2


@given(st.builds(Commit, tags=st.lists(st.text(max_size=5), max_size=3).map(tuple)))
def test_a_commit_survives_its_form(one: Commit) -> None:
    assert decoded(encoded(one)) == one


WHOLE = encoded(commit("a1", author_name="Jo", authored_at=1.0, signature=Signature.BAD, tags=("v1",)))


def damaged(place: int, byte: int) -> bytes:
    """A commit with another byte at one place: mostly one that can be read all the same."""
    return WHOLE[:place] + bytes((byte,)) + WHOLE[place + 1 :]


@given(
    st.binary(max_size=200).map(lambda data: WHOLE[:1] + data)
    | st.builds(damaged, st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
)
@example(WHOLE)
def test_any_bytes_are_a_commit_or_a_value_error(data: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(decoded(data), Commit)


def test_no_name_tells_the_repository() -> None:
    assert name_of("https://jo:pw@example.com/x", "a1").removeprefix("commits/").isalnum()
