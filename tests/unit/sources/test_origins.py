"""Which sources are remembered. What they say: test_applications.py."""

import json

import pytest
from msgspec import Raw

from observability.sources import wire
from observability.sources.origins import origins


@pytest.mark.parametrize(("length", "remembered"), [(4_000, True), (20_000, False)])
@pytest.mark.parametrize("field", ["source", "sources"])
def test_what_is_short_is_remembered_and_what_is_long_is_not_kept(field: str, length: int, remembered: bool) -> None:
    source = {"repoURL": "https://git.example.com/shop.git", "helm": {"values": "x" * length}}
    text = json.dumps([source] if field == "sources" else source).encode()
    first, second = (origins(wire.Sourced(**{field: Raw(text)})) for _ in range(2))
    assert first == second
    assert first.overridden
    assert (first is second) is remembered
