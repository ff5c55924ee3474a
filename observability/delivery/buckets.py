"""The text of each object's lines in one family, and what of it is deflated already. No I/O, no threads.

Objects sit in slots, slots in buckets of `BUCKET`. A bucket is deflated again only when a text in it changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from observability.delivery.fragments import EMPTY, Fragment, deflate, joined, parts_of

BUCKET: Final = 400
"""Objects in a bucket: few enough to deflate in 0.1 ms, enough to deflate to a twentieth."""

Texts: TypeAlias = list[bytes]
"""What is kept of each object of a bucket, by slot; empty where it shows nothing."""


class Snapshot(NamedTuple):
    """A bucket at one moment. `prefixes`: None where the texts are whole lines, not only the ends of them."""

    beginning: bytes
    prefixes: Texts | None
    texts: Texts

    def text(self) -> bytes:
        """All lines."""
        if self.prefixes is None:
            return b"".join(self.texts)
        if b"" in self.texts:
            found = zip(self.prefixes, self.texts, strict=True)
            return b"".join([piece for prefix, end in found if end for piece in (self.beginning, prefix, end)])
        pieces = [self.beginning] * (3 * len(self.texts))
        pieces[1::3] = self.prefixes
        pieces[2::3] = self.texts
        return b"".join(pieces)


class Buckets:
    """Texts by slot, behind a header.

    With `prefixes`, the identity labels of all objects of the kind by bucket and slot, an object has one line at most
    and only its end is kept: the line is `beginning`, the prefix and the end. That saves a sixth of all memory. Without
    them whole lines are kept: several lines an object would be slow to put together at each scrape.

    `lines` and `length` (in bytes, with the header) are what is there now. `deflated` is all there was when it was
    deflated last.
    """

    def __init__(self, header: bytes, beginning: bytes = b"", prefixes: Sequence[Texts] | None = None) -> None:
        self.header = header
        self.lines = 0
        self.length = len(header)
        self.deflated = deflate([header])[0]
        self._beginning = beginning
        self._prefixes = prefixes
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
        more = lines - old.count(b"\n") if old else lines
        self.lines += more
        self.length += len(text) - len(old)
        if more and self._prefixes is not None:
            self.length += more * (len(self._beginning) + len(self._prefixes[bucket][place]))
        self._stale.add(bucket)
        return True

    def snapshots(self) -> list[Snapshot]:
        """All buckets at this moment."""
        return [self._snapshot(bucket) for bucket in range(len(self._texts))]

    def take_stale(self) -> dict[int, Snapshot]:
        """The buckets that `deflated` is behind of, by index. It is now up to the caller to deflate them.

        All are of one moment: an object that moves to another slot while they are deflated is not shown twice.
        """
        stale = {bucket: self._snapshot(bucket) for bucket in self._stale}
        self._stale.clear()
        return stale

    def _snapshot(self, bucket: int) -> Snapshot:
        prefixes = None if self._prefixes is None else self._prefixes[bucket].copy()
        return Snapshot(self._beginning, prefixes, self._texts[bucket].copy())

    def give_back(self, stale: Mapping[int, Snapshot]) -> None:
        """They were not deflated after all."""
        self._stale.update(stale)

    def keep(self, stale: Mapping[int, Snapshot], fragments: Sequence[Fragment]) -> None:
        """`fragments` are what `stale` deflates to, in its order."""
        for bucket, fragment in zip(stale, fragments, strict=True):
            self._fragments[1 + bucket] = fragment
        self.deflated = joined(self._fragments)
        self._fragments = parts_of(self.deflated, self._fragments)


def deflated(buckets: Iterable[Snapshot]) -> list[Fragment]:
    """A fragment for each bucket. Pure, and without the interpreter's lock for most of its time: for a thread."""
    return deflate(bucket.text() for bucket in buckets)
