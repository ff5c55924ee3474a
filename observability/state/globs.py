r"""Glob patterns of sync windows, as Argo CD reads them: no separators, no negation, one pass over the value.

`*` and `**` any text, `?` one character, `[abc]`, `[!abc]`, `[a-z]`, `[!a-z]` one of a class, `{a,b}` alternatives,
which nest, `\` takes the next character literally. A brace that is never closed is closed at the end.

A match is a walk over sets of places in the value. A set is an integer: bit n stands for the place before character n.
Each element of the pattern moves the whole set at once: no pattern costs more than its length times the value's.

Source: gobwas/glob v0.2.3, whose answers are kept where its engine differs from a plain reading of the syntax:
`prefix*suffix` may overlap in the value, and a pattern that is just one `?` or `[!a]` matches the empty value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

_UNREADABLE: Final = "\ufffd"
"""What Go decodes where there is no character, or none that it can read."""
_DEEPEST: Final = 100
"""Braces nested deeper make a pattern invalid here: nobody writes them, and each level is a level of calls."""


class _Text(Struct, frozen=True):
    """These characters."""

    text: str


class _Star(Struct, frozen=True):
    """Anything."""


class _One(Struct, frozen=True):
    """One character: between `low` and `high`, or one of `chars`; none of them with `negated`. `?` is: none of none."""

    negated: bool
    chars: str = ""
    low: str = ""
    high: str = ""

    def holds(self, char: str) -> bool:
        """Is `char` meant?"""
        return (char in self.chars or (self.low != "" and self.low <= char <= self.high)) is not self.negated


class _Around(Struct, frozen=True):
    """A value that begins with `prefix` and ends with `suffix`, which may overlap."""

    prefix: str
    suffix: str


class _Either(Struct, frozen=True):
    """One of these sequences."""

    alternatives: tuple[Sequence, ...]


_Element: TypeAlias = _Text | _Star | _One | _Around | _Either
Sequence: TypeAlias = tuple[_Element, ...]


def matches(pattern: str, value: str) -> bool:
    """Does the whole of `value` match `pattern`? A pattern that is not valid matches nothing."""
    sequence = parse(pattern)
    if sequence is None:
        return False
    if not value:
        return _matches_empty(sequence)
    return bool(_after(sequence, value, 1) >> len(value))


def _matches_empty(sequence: Sequence) -> bool:
    """The empty value needs a pattern without elements, or with one that says yes to it."""
    if len(sequence) != 1:
        return not sequence
    match sequence[0]:
        case _Star():
            return True
        case _One() as one:
            return one.holds(_UNREADABLE)
        case _Either(alternatives):
            return any(_matches_empty(alternative) for alternative in alternatives)
        case _:
            return False


def _after(sequence: Sequence, value: str, places: int) -> int:
    """The places in `value` that can be reached from `places` through all of `sequence`."""
    for element in sequence:
        if not places:
            break
        places = _step(element, value, places)
    return places


def _step(element: _Element, value: str, places: int) -> int:
    match element:
        case _Text(text):
            return _through(text, value, places)
        case _Star():
            return _from(_first(places), value)
        case _One() as one:
            return (places & _bits(value, one)) << 1
        case _Around(prefix, suffix):
            return _around(prefix, suffix, value, places)
        case _Either(alternatives):
            reached = 0
            for alternative in alternatives:
                reached |= _after(alternative, value, places)
            return reached


def _through(text: str, value: str, places: int) -> int:
    """The places behind each occurrence of `text` that begins at one of `places`."""
    found, at = 0, value.find(text, _first(places))
    while at >= 0:
        found |= 1 << at
        at = value.find(text, at + 1)
    return (places & found) << len(text)


def _around(prefix: str, suffix: str, value: str, places: int) -> int:
    begun = _through(prefix, value, places)
    if not begun:
        return 0
    start = _first(begun) - len(prefix)
    ends = _through(suffix, value, _from(start, value))
    return ends & _from(start + max(len(prefix), len(suffix)), value)


def _first(places: int) -> int:
    """The lowest of `places`, which is not empty."""
    return (places & -places).bit_length() - 1


def _from(place: int, value: str) -> int:
    """All places from `place` to the end."""
    return (1 << len(value) + 1) - (1 << place) if place <= len(value) else 0


def _bits(value: str, one: _One) -> int:
    return sum(1 << at for at, char in enumerate(value) if one.holds(char))


@lru_cache(maxsize=10_000)
def parse(pattern: str) -> Sequence | None:
    """The elements of `pattern`; None when it is not valid."""
    if _UNREADABLE in pattern:
        return None
    try:
        return _joined(_Reader(pattern).alternatives(0)[0])
    except ValueError:
        return None


class _Reader:
    """Reads a pattern from left to right, once. Raises ValueError where it is not valid."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self, depth: int) -> list[Sequence]:
        """What stands up to the brace that closes, or the end; outside of braces (depth 0) there is one alternative."""
        if depth > _DEEPEST:
            raise ValueError("too deep")
        read: list[list[_Element]] = [[]]
        while char := self.take():
            if depth and char == "}":
                break
            if depth and char == ",":
                read.append([])
            elif char == "{":
                read[-1].extend(_group(self.alternatives(depth + 1)))
            elif char == "[":
                read[-1].append(self.one())
            elif char in "*?":
                read[-1].append(_Star() if char == "*" else _One(negated=True))
            else:
                self.at -= 1
                read[-1].extend(_text(self.literal("?*[{},") if depth else self.literal("?*[{")))
        return [_merged(elements) for elements in read]

    def take(self) -> str:
        """The next character, consumed; empty at the end."""
        char = self.pattern[self.at : self.at + 1]
        self.at += 1
        return char

    def literal(self, breakers: str) -> str:
        """Text up to one of `breakers` that no backslash precedes; a backslash at the very end is dropped."""
        text = []
        while (char := self.take()) and char not in breakers:
            text.append(self.take() if char == "\\" else char)
        self.at -= 1
        return "".join(text)

    def one(self) -> _Element:
        """A class, behind its opening bracket."""
        negated = self.pattern[self.at : self.at + 1] == "!"
        self.at += negated
        if self.pattern[self.at + 1 : self.at + 2] == "-":
            low, _, high = self.take(), self.take(), self.take()
            found, valid = _One(negated, low=low, high=high), low <= high
        else:
            chars = self.literal("]")
            found, valid = _One(negated, chars), chars != ""
        if self.take() != "]" or not valid:
            raise ValueError("not a class")
        return _Text(found.chars) if not negated and len(found.chars) == 1 else found


def _text(text: str) -> Sequence:
    return (_Text(text),) if text else ()


def _merged(elements: list[_Element]) -> Sequence:
    """Stars beside stars add nothing."""
    star = _Star()
    return tuple(
        element for at, element in enumerate(elements) if not at or element != star or elements[at - 1] != star
    )


def _group(alternatives: list[Sequence]) -> Sequence:
    """A group in braces. Of one alternative it is no group; the engine takes out what all begin or end with."""
    if len(set(alternatives)) == 1 and alternatives[0]:
        return alternatives[0]
    shared = all(alternatives) and any(len({alternative[end] for alternative in alternatives}) == 1 for end in (0, -1))
    return (_Either(tuple(alternatives if shared else map(_joined, alternatives))),)


def _joined(sequence: Sequence) -> Sequence:
    """A sequence that is nothing but `prefix*suffix` is tested at both ends, without looking whether they overlap."""
    match sequence:
        case (_Text(prefix), _Star(), _Text(suffix)):
            return (_Around(prefix, suffix),)
        case _:
            return sequence
