"""Digests that are saved: none may ever change."""

from observability.model.digests import digest
from observability.signals import identifiers, transitions
from observability.sources.commits import cache
from observability.state import rollouts


def test_a_digest_follows_from_the_text_alone() -> None:
    assert digest("shop", 8).hex() == "542c46701c3c3706"
    assert digest("", 2).hex() == "b1fe"
    assert digest("\ud800", 4).hex() == "38da57e7"


def test_what_is_saved_and_sent_stays_what_it_was() -> None:
    assert cache.name_of("https://git.example.com/shop.git", "a" * 40) == "commits/4ea2c26acae77bb2fa20e3d629095a84"
    assert rollouts.digest(("a", "b")) == 27371430624639971
    assert rollouts.digest(()) == 0
    assert identifiers.derived(16, "sync", "", 1.0) == "8b82d62162fe62dab20667d20d3b77fa"
    assert transitions.digest("a", 1.5) == "bb6c8d71bb26f7dc818a2a5cbc4baef5"
