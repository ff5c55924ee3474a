"""Pieces of one gzip member that can be deflated apart and put together in any order.

A fragment is raw deflate that ends with a full flush and no final block: what follows it refers to nothing before it.
Concatenated behind a gzip header, and closed by an empty final block, fragments are ONE gzip member. Several members in
one body would not do: curl and others read only the first.

Source: RFC 1951 section 3.2.3, RFC 1952 section 2.3.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import accumulate
from typing import Final, NamedTuple

from isal import isal_zlib

_HEADER: Final = bytes.fromhex("1f8b080000000000 00ff")
_FINAL_BLOCK: Final = bytes.fromhex("0300")
_LEVEL: Final = 1
_RAW: Final = -15


class Fragment(NamedTuple):
    """Deflated text: `data`, and of what it inflates to the length in bytes and the CRC-32."""

    data: bytes | memoryview = b""
    length: int = 0
    crc: int = 0


EMPTY: Final = Fragment()


def deflate(texts: Iterable[bytes]) -> list[Fragment]:
    """A fragment for each text; one compressor serves all, for a full flush leaves nothing behind in it."""
    compressor = isal_zlib.compressobj(_LEVEL, wbits=_RAW)
    return [
        Fragment(compressor.compress(text) + compressor.flush(isal_zlib.Z_FULL_FLUSH), len(text), isal_zlib.crc32(text))
        if text
        else EMPTY
        for text in texts
    ]


def joined(fragments: Sequence[Fragment]) -> Fragment:
    """The fragment that inflates to what `fragments` inflate to, one after the other."""
    return Fragment(b"".join([fragment.data for fragment in fragments]), *_sums(fragments))


def parts_of(whole: Fragment, fragments: Sequence[Fragment]) -> list[Fragment]:
    """`fragments`, whose join is `whole`, as views of it: the bytes are kept once."""
    ends = accumulate(len(fragment.data) for fragment in fragments)
    view = memoryview(whole.data)
    return [
        fragment._replace(data=view[end - len(fragment.data) : end])
        for fragment, end in zip(fragments, ends, strict=True)
    ]


def gzip_member(fragments: Sequence[Fragment]) -> tuple[bytes | memoryview, ...]:
    """One whole gzip member, in pieces to be written one after the other."""
    length, crc = _sums(fragments)
    trailer = crc.to_bytes(4, "little") + (length % 2**32).to_bytes(4, "little")
    return (_HEADER, *(fragment.data for fragment in fragments if fragment.data), _FINAL_BLOCK + trailer)


def _sums(fragments: Iterable[Fragment]) -> tuple[int, int]:
    return reduce(_with, fragments, (0, 0))


def _with(sums: tuple[int, int], fragment: Fragment) -> tuple[int, int]:
    length, crc = sums
    return length + fragment.length, isal_zlib.crc32_combine(crc, fragment.crc, fragment.length)
