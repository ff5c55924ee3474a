"""What each object shows in one family, and what of it is deflated already. No I/O, no threads.

Objects sit in slots, slots in buckets of `BUCKET`. A bucket is deflated again only when something in it changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from observability.delivery.fragments import EMPTY, Fragment, deflate, joined, parts_of
from observability.delivery.text import Tails

BUCKET: Final = 400
"""Objects in a bucket: few enough to deflate in 0.1 ms, enough to deflate to a twentieth."""

Texts: TypeAlias = list[bytes]
"""A text of each object of a bucket, by slot; empty where there is none."""

Ends: TypeAlias = list[Any]
"""What each object of a bucket shows, by slot, without its identity; empty where it shows nothing. The end of its line
as bytes where it has one line at most, else the parts of its lines as a tuple of bytes."""


class Snapshot(NamedTuple):
    """A bucket at one moment: the identity labels of its objects, and the ends of their lines."""

    beginning: bytes
    prefixes: Texts
    ends: Ends

    def text(self) -> bytes:
        """All lines."""
        found = zip(self.prefixes, self.ends, strict=True)
        if not self.beginning:
            return b"".join([prefix.join(parts) for prefix, parts in found])
        if b"" in self.ends:
            return b"".join([piece for prefix, end in found if end for piece in (self.beginning, prefix, end)])
        pieces = [self.beginning] * (3 * len(self.ends))
        pieces[1::3] = self.prefixes
        pieces[2::3] = self.ends
        return b"".join(pieces)


class Stale(NamedTuple):
    """The buckets to be deflated, by index, and the fragments as they are, that of the header first."""

    snapshots: Mapping[int, Snapshot]
    fragments: Sequence[Fragment]


class Deflated(NamedTuple):
    """The fragment of a whole family, and its parts as views of it: the bytes are kept once."""

    whole: Fragment
    fragments: Sequence[Fragment]


class Buckets:
    """The ends of lines by slot, behind a header.

    `prefixes` are the identity labels of all objects of the kind, by bucket and slot: they are kept once for all
    families, which is most of the memory. With a `beginning`, an object has one line at most: beginning, prefix, end.
    Without, it has the parts that `Tails` tells of; state sets share them.

    `lines` is what is there now, `deflated` all that was there when it was deflated last.
    """

    def __init__(self, header: bytes, prefixes: Sequence[Texts], beginning: bytes = b"") -> None:
        self.header = header
        self.lines = 0
        self.deflated = deflate([header])[0]
        self._beginning = beginning
        self._prefixes = prefixes
        self._fragments: list[Fragment] = [self.deflated]
        self._nothing: Ends = [b""] * BUCKET if beginning else [()] * BUCKET
        self._ends: list[Ends] = []
        """By bucket and slot. Buckets in which there was never a line share one list, a third of all."""
        self._stale: set[int] = set()

    def grow(self) -> None:
        """Make room for `BUCKET` more slots."""
        self._ends.append(self._nothing)
        self._fragments.append(EMPTY)

    def lines_of(self, slot: int) -> int:
        """How many lines are in a slot."""
        bucket, place = divmod(slot, BUCKET)
        return self._lines(self._ends[bucket][place])

    def store(self, slot: int, tails: Tails) -> bool:
        """Put lines in a slot. False when they were there already."""
        bucket, place = divmod(slot, BUCKET)
        ends = self._ends[bucket]
        old = ends[place]
        new = tails.parts if not self._beginning else tails.parts[1] if tails.parts else b""
        if new == old:
            return False
        if ends is self._nothing:
            ends = self._ends[bucket] = ends.copy()
        ends[place] = new
        self.lines += tails.lines - self._lines(old)
        self._stale.add(bucket)
        return True

    def _lines(self, ends: bytes | tuple[bytes, ...]) -> int:
        return bool(ends) if self._beginning else max(0, len(ends) - 1)

    def snapshots(self) -> list[Snapshot]:
        """All buckets at this moment."""
        return [self._snapshot(bucket) for bucket in range(len(self._ends))]

    @property
    def stale(self) -> int:
        """How many buckets `deflated` is behind of."""
        return len(self._stale)

    def take_stale(self) -> Stale:
        """The buckets that `deflated` is behind of. It is now up to the caller to deflate them.

        All are of one moment: an object that moves to another slot while they are deflated is not shown twice.
        """
        stale = {bucket: self._snapshot(bucket) for bucket in self._stale}
        self._stale.clear()
        return Stale(stale, tuple(self._fragments))

    def _snapshot(self, bucket: int) -> Snapshot:
        return Snapshot(self._beginning, self._prefixes[bucket].copy(), self._ends[bucket].copy())

    def give_back(self, stale: Stale) -> None:
        """They were not deflated after all."""
        self._stale.update(stale.snapshots)

    def keep(self, deflated: Deflated) -> None:
        """`deflated` is what became of what was taken last."""
        self.deflated = deflated.whole
        self._fragments[: len(deflated.fragments)] = deflated.fragments  # there may be more buckets meanwhile


def deflated(stale: Stale) -> Deflated:
    """A family with its stale buckets deflated. Pure, and without the interpreter's lock for most of its time."""
    fragments = list(stale.fragments)
    texts = (snapshot.text() for snapshot in stale.snapshots.values())
    for bucket, fragment in zip(stale.snapshots, deflate(texts), strict=True):
        fragments[1 + bucket] = fragment
    whole = joined(fragments)
    return Deflated(whole, parts_of(whole, fragments))
