"""Credentials: how they are read, and how long an answer about them is remembered."""

import base64

import bcrypt
import pytest

from observability.delivery.authentication import OverloadError, Passwords, Tokens, parse_basic
from observability.delivery.guards import Limits

HASH = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4))


def encoded(credentials: bytes) -> str:
    return base64.b64encode(credentials).decode()


def test_basic_credentials() -> None:
    assert parse_basic(encoded(b"alice:won:der")) == ("alice", b"won:der")
    assert parse_basic(f" {encoded(b':')} ") == ("", b"")
    assert parse_basic(encoded("zoë:ü".encode())) == ("zoë", "ü".encode())


@pytest.mark.parametrize("credentials", ["", "alice:x", encoded(b"alice"), encoded(b"\xff:x"), "a", "é"])
def test_what_is_no_credential_is_a_value_error(credentials: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # why is nobody told
        parse_basic(credentials)


class Reviewer:
    """Says what it is told to say, and counts."""

    def __init__(self) -> None:
        self.answer = True
        self.asked = 0

    async def may_get(self, token: str, path: str) -> bool:
        self.asked += 1
        return self.answer


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_an_answer_holds_for_ten_seconds() -> None:
    reviewer, clock = Reviewer(), Clock()
    tokens = Tokens(reviewer, Limits(), clock)
    assert await tokens.may_get("t", "/metrics")
    reviewer.answer = False
    clock.now += 9.9
    assert await tokens.may_get("t", "/metrics")
    clock.now += 0.2
    assert not await tokens.may_get("t", "/metrics")
    assert reviewer.asked == 2


async def test_many_tokens_are_not_remembered_for_ever() -> None:
    reviewer = Reviewer()
    tokens = Tokens(reviewer, Limits(), Clock())
    for number in range(1000):
        await tokens.may_get(f"t{number}", "/metrics")
    await tokens.may_get("t0", "/metrics")
    assert reviewer.asked == 1001


async def test_a_password_that_matched_needs_no_second_check() -> None:
    passwords = Passwords(waiting=1)
    users = {"alice": HASH}
    assert await passwords.match(users, "alice", b"wonderland")
    passwords.close()
    assert await passwords.match(users, "alice", b"wonderland")
    with pytest.raises(RuntimeError):
        await passwords.match(users, "alice", b"other")


async def test_without_a_place_to_wait_it_is_refused() -> None:
    passwords = Passwords(waiting=0)
    with pytest.raises(OverloadError):
        await passwords.match({"alice": HASH}, "alice", b"wonderland")
    passwords.close()


async def test_an_unknown_user_is_checked_against_the_dearest_hash() -> None:
    passwords = Passwords(waiting=1)
    assert not await passwords.match({"alice": HASH}, "nobody", b"wonderland")
    passwords.close()


async def test_a_hash_that_bcrypt_does_not_take_lets_nobody_in() -> None:
    passwords = Passwords(waiting=1)
    assert not await passwords.match({"alice": b"$9z$04$"}, "alice", b"wonderland")
    passwords.close()
