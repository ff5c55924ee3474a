"""Deflated pieces, and the one gzip member that they make."""

import gzip
import random

from hypothesis import given
from hypothesis import strategies as st

from observability.delivery.fragments import EMPTY, Fragment, deflate, gzip_member, joined, parts_of
from tests.fakes.exposed import gunzipped

TEXTS = st.lists(st.binary(max_size=2000))


@given(TEXTS)
def test_fragments_of_any_texts_are_one_member(texts: list[bytes]) -> None:
    assert gunzipped(gzip_member(deflate(texts))) == b"".join(texts)


def test_the_standard_library_reads_it() -> None:
    assert gzip.decompress(b"".join(gzip_member(deflate([b"a" * 100_000, b"b"])))) == b"a" * 100_000 + b"b"


@given(TEXTS, st.randoms())
def test_fragments_can_change_their_order(texts: list[bytes], chance: random.Random) -> None:
    order = list(range(len(texts)))
    chance.shuffle(order)
    fragments = deflate(texts)
    member = gzip_member([fragments[place] for place in order])
    assert gunzipped(member) == b"".join(texts[place] for place in order)


@given(TEXTS, TEXTS)
def test_joined_fragments_are_a_fragment(one: list[bytes], other: list[bytes]) -> None:
    both = [joined(deflate(one)), joined(deflate(other))]
    assert gunzipped(gzip_member(both)) == b"".join(one + other)


@given(TEXTS)
def test_parts_are_what_was_joined(texts: list[bytes]) -> None:
    fragments = deflate(texts)
    assert parts_of(joined(fragments), fragments) == fragments


def test_nothing_is_an_empty_member() -> None:
    assert gunzipped(gzip_member([])) == b""
    assert deflate([b""]) == [EMPTY]


def test_a_member_of_over_four_gibibytes_says_its_size_modulo_two_to_the_32() -> None:
    assert gzip_member([Fragment(b"", 2**32 + 5, 7)])[-1] == bytes.fromhex("0300 07000000 05000000")
