"""Keeps what we showed to a receiver out of what it says: careless ones repeat it in their answers. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

_SHORTEST: Final = 6
"""Characters: what is shorter keeps no secret, and would be found in any text."""


def hidden(said: str, headers: Mapping[str, str]) -> str:
    """`said` with … for the value of each header, and for each word of it: `Bearer x` may come back as `x` alone.

    Before it is cut: half a secret would not be found.
    """
    for secret in sorted(_secrets(headers.values()), key=len, reverse=True):
        said = said.replace(secret, "…")
    return said


def _secrets(values: Iterable[str]) -> Iterable[str]:
    return {part for value in values for part in (value, *value.split()) if len(part) >= _SHORTEST}
