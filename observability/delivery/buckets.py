"""The text of each object's lines in one family, and what of it is deflated already. No I/O, no threads.

Objects sit in slots, slots in buckets of `BUCKET`. A bucket is deflated again only when a text in it changed.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from observability.delivery.fragments import EMPTY, Fragment, deflate, joined, parts_of

BUCKET: Final = 400
"""Objects in a bucket: few enough to deflate in 0.1 ms, enough to deflate to a twentieth."""

Texts: TypeAlias = list[bytes]
"""The lines of each object of a bucket, by slot; empty where there are none."""


class Buckets:
    """Texts by slot, behind a header.

    `lines` and `length` (in bytes, with the header) are what is there now. `deflated` is all there was when it was
    deflated last.
    """

    def __init__(self, header: bytes) -> None:
        self.header = header
        self.lines = 0
        self.length = len(header)
        self.deflated = deflate([header])[0]
        self._fragments: list[Fragment] = [self.deflated]
        self._texts: list[Texts] = []
        self._stale: set[int] = set()

    @property
    def fresh(self) -> bool:
        """`deflated` is what is there now."""
        return not self._stale

    def grow(self) -> None:
        """Make room for `BUCKET` more slots."""
        self._texts.append([b""] * BUCKET)
        self._fragments.append(EMPTY)

    def lines_of(self, slot: int) -> int:
        """How many lines are in a slot."""
        bucket, place = divmod(slot, BUCKET)
        return self._texts[bucket][place].count(b"\n")

    def store(self, slot: int, text: bytes, lines: int) -> bool:
        """Put `text`, which has so many lines, in a slot. False when it was there already."""
        bucket, place = divmod(slot, BUCKET)
        texts = self._texts[bucket]
        old = texts[place]
        if text == old:
            return False
        texts[place] = text
        self.lines += lines - old.count(b"\n") if old else lines
        self.length += len(text) - len(old)
        self._stale.add(bucket)
        return True

    def texts(self) -> list[Texts]:
        """The texts of all buckets at this moment, a copy."""
        return [texts.copy() for texts in self._texts]

    def take_stale(self) -> dict[int, Texts]:
        """Copies of the buckets that `deflated` is behind of, by index. It is now up to the caller to deflate them.

        All are of one moment: an object that moves to another slot while they are deflated is not shown twice.
        """
        stale = {bucket: self._texts[bucket].copy() for bucket in self._stale}
        self._stale.clear()
        return stale

    def give_back(self, stale: Mapping[int, Texts]) -> None:
        """They were not deflated after all."""
        self._stale.update(stale)

    def keep(self, stale: Mapping[int, Texts], fragments: Sequence[Fragment]) -> None:
        """`fragments` are what `stale` deflates to, in its order."""
        for bucket, fragment in zip(stale, fragments, strict=True):
            self._fragments[1 + bucket] = fragment
        self.deflated = joined(self._fragments)
        self._fragments = parts_of(self.deflated, self._fragments)


def deflated(buckets: Sequence[Texts]) -> list[Fragment]:
    """A fragment for each bucket. Pure, and without the interpreter's lock for most of its time: for a thread."""
    return deflate(b"".join(texts) for texts in buckets)
