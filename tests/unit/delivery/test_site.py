"""How fragments become pieces of one size."""

from hypothesis import given
from hypothesis import strategies as st

from observability.delivery.site import pieces


@given(st.lists(st.binary(max_size=50)), st.integers(1, 40))
def test_pieces_are_the_same_bytes_in_handy_sizes(fragments: list[bytes], size: int) -> None:
    cut = [bytes(piece) for piece in pieces(fragments, size)]
    assert b"".join(cut) == b"".join(fragments)
    assert all(len(piece) <= size for piece in cut)


def test_short_fragments_go_together() -> None:
    assert list(pieces([b"a"] * 10, 4)) == [b"aaaa", b"aaaa", b"aa"]
