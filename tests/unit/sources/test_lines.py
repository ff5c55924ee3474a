"""Splitting a stream."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from observability.sources.lines import Lines


@given(
    lines=st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line)),
    unfinished=st.binary().filter(lambda line: b"\n" not in line),
    cuts=st.lists(st.integers(min_value=0, max_value=200)),
)
def test_any_chunks_give_the_same_lines(lines: list[bytes], unfinished: bytes, cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines) + unfinished
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    splitter = Lines()
    found = [line for begin, end in pairwise(places) for line in splitter.feed(stream[begin:end])]
    assert found == lines
    assert splitter.pending == len(unfinished)


def test_empty_lines_are_left_out() -> None:
    assert Lines().feed(b"\n\na\n\n") == [b"a"]


def test_a_line_of_many_chunks() -> None:
    splitter = Lines()
    for _ in range(1000):
        assert splitter.feed(b"x" * 1000) == []
    assert splitter.pending == 1_000_000
    assert splitter.feed(b"\n") == [b"x" * 1_000_000]
    assert splitter.pending == 0
