"""Prometheus' text format 0.0.4: label values, numbers and lines. Pure.

Source: prometheus/docs content/docs/instrumenting/exposition_formats.md (2026).
"""

import re
from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

from observability.signals.catalogue import Type

Labels: TypeAlias = Iterable[tuple[str, str]]
"""Names and values, in the order in which they are exposed."""

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""Label values, and the value."""

REMEMBERED: Final = 1024
"""Texts that are remembered by what they were rendered from. More than these, and the set is open: none is then."""

_UNSAFE: Final = re.compile('[\\\\"\n\x00\ud800-\udfff]')
_REPLACEMENTS: Final = {"\\": r"\\", '"': r"\"", "\n": r"\n"}
_NUMBERS: Final = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}
_HASH_BYTES: Final = 8


class Tails(NamedTuple):
    """The ends of an object's lines in one family.

    `parts` are what stands before, between and behind the identity labels of the `lines` lines, so that
    `prefix.join(parts)` is the text. `cuts` is how many label values were too long.
    """

    parts: tuple[bytes, ...] = ()
    lines: int = 0
    cuts: int = 0


class LabelFormat:
    """The labels of one family's own behind the identity: rendered, escaped, cut, never twice the same.

    `beginning` is what each line begins with, before the identity. `value_bytes` is the longest label value in bytes of
    UTF-8.
    """

    def __init__(self, beginning: bytes, labels: tuple[str, ...], value_bytes: int) -> None:
        self._beginning = beginning
        self._template = "".join(f',{label}="%s"' for label in labels)
        self._value_bytes = value_bytes
        self._remembered: dict[tuple[str, ...], tuple[str, int]] | None = {}

    def tails(self, samples: Collection[Sample]) -> Tails:
        """The ends of the lines of one object. Of two samples with the same labels the later one counts."""
        ends: dict[str, bytes] = {}
        cuts = 0
        for values, value in samples:
            labels, cut = self.labels(values) if values or self._template else ("", 0)
            ends[labels] = f"{labels}}} {number(value)}\n".encode()
            cuts += cut
        if not ends:
            return Tails()
        *middle, last = ends.values()
        parts = (self._beginning, *(end + self._beginning for end in middle), last)
        return Tails(parts, len(ends), cuts)

    def labels(self, values: tuple[str, ...]) -> tuple[str, int]:
        """The labels as text that begins with a comma, and how many of them were cut."""
        if self._remembered is None:
            return self._rendered(values)
        known = self._remembered.get(values)
        if known is None:
            known = self._remembered[values] = self._rendered(values)
            if len(self._remembered) > REMEMBERED:
                self._remembered = None
        return known

    def _rendered(self, values: tuple[str, ...]) -> tuple[str, int]:
        together = "".join(values)
        if len(together) <= self._value_bytes and _is_plain(together):
            return self._template % values, 0
        shortened = tuple(shortened_to(self._value_bytes, value) for value in values)
        cuts = sum(map(str.__ne__, shortened, values))
        return self._template % tuple(map(escaped, shortened)), cuts


def header(name: str, metric_type: Type, text: str) -> bytes:
    """HELP and TYPE of a family. They stand there without samples too: the family is known, and nothing is in it."""
    line = text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {line}\n# TYPE {name} {metric_type}\n".encode()


def label_prefix(labels: Labels) -> str:
    """The identity labels of an object as each of its lines carries them, never cut. At least one is expected."""
    return ",".join(f'{name}="{escaped(value)}"' for name, value in labels)


def escaped(value: str) -> str:
    """A label value between its quotes. What UTF-8 or Prometheus' parser cannot carry becomes U+FFFD."""
    return _UNSAFE.sub(lambda match: _REPLACEMENTS.get(match[0], "\ufffd"), value)


def shortened_to(value_bytes: int, value: str) -> str:
    """`value`, or when it is longer than `value_bytes` in UTF-8 its beginning and a hash of the whole."""
    if len(value) * 4 <= value_bytes:
        return value
    encoded = value.encode("utf-8", "surrogatepass")
    if len(encoded) <= value_bytes:
        return value
    end = "~" + blake2b(encoded, digest_size=_HASH_BYTES).hexdigest()
    return encoded[: max(0, value_bytes - len(end))].decode("utf-8", "ignore") + end


def number(value: float) -> str:
    """A sample's value: whole numbers without a fraction, others as short as they can be read back."""
    text = repr(float(value))
    if text.endswith(".0"):
        return text[:-2]
    return _NUMBERS.get(text, text)


def _is_plain(value: str) -> bool:
    """`value` can stand between quotes as it is. Four searches for a character are faster than one for a class."""
    return value.isascii() and not ('"' in value or "\\" in value or "\n" in value or "\0" in value)
