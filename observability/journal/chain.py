"""The links of the audit chain. Pure."""

from hashlib import sha256
from typing import Final

BEGINNING: Final = bytes(32)
"""The hash before the first row."""


def link(before: bytes, data: bytes) -> bytes:
    """The hash of a row: of that of the row before, and its data."""
    return sha256(before + data).digest()


def anchor(number: int, head: bytes) -> str:
    """A head as it is kept elsewhere: the number of the row and its hash."""
    return f"{number}:{head.hex()}"


def parse_anchor(text: str) -> tuple[int, bytes]:
    """The number and the hash of an anchor.

    Raises:
        ValueError: it is none.
    """
    number, colon, head = text.strip().partition(":")
    if not colon or not number.isascii() or not number.isdigit() or len(head) != 64:
        raise ValueError(f"expected an anchor as in 12:9f86d081…, a number and 64 hexadecimal digits, got {text!r}")
    return int(number), bytes.fromhex(head)
