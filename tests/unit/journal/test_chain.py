"""Links and anchors of the audit chain."""

from hashlib import sha256

import pytest

from observability.journal import chain


def test_a_link_is_the_hash_of_the_one_before_and_the_data() -> None:
    assert chain.link(chain.BEGINNING, b"data") == sha256(bytes(32) + b"data").digest()


def test_an_anchor_comes_back() -> None:
    head = chain.link(chain.BEGINNING, b"data")
    assert chain.parse_anchor(chain.anchor(12, head)) == (12, head)
    assert chain.parse_anchor(f" {chain.anchor(0, chain.BEGINNING)}\n") == (0, chain.BEGINNING)


@pytest.mark.parametrize(
    "text", ["", "12", "12:", f"x:{'0' * 64}", f"12:{'0' * 63}", f"-1:{'0' * 64}", f"1:{'g' * 64}"]
)
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        chain.parse_anchor(text)
