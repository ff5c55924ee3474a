"""No secret leaves the decoder in an address or in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.sources.redaction import LONGEST_MESSAGE, message, url

CANARY = "hunter2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://git.example.com/shop.git", "https://git.example.com/shop.git"),
        ("https://bot:hunter2@git.example.com/shop.git", "https://git.example.com/shop.git"),
        ("https://hunter2@git.example.com/shop.git", "https://git.example.com/shop.git"),
        ("https://bot:hunter2@x@git.example.com/shop.git", "https://git.example.com/shop.git"),
        ("https://bot:hun#ter2?@git.example.com/shop.git", "https://git.example.com/shop.git"),
        ("https://bot:hun ter2@git.example.com/shop.git", "https://git.example.com/shop.git"),
        ("https://git.example.com/shop.git?token=hunter2", "https://git.example.com/shop.git"),
        ("https://git.example.com/shop.git#hunter2", "https://git.example.com/shop.git"),
        ("https://git.example.com/shop.git@v1", "https://git.example.com/shop.git@v1"),
        ("ssh://git@git.example.com:2222/shop.git", "ssh://git.example.com:2222/shop.git"),
        ("oci://bot:hunter2@registry.example.com/charts", "oci://registry.example.com/charts"),
        ("git@git.example.com:team/shop.git", "git@git.example.com:team/shop.git"),
        ("bot:hunter2@git.example.com:team/shop.git", "git.example.com:team/shop.git"),
        ("://bot:hunter2@git.example.com", "://git.example.com"),
        ("registry.example.com/charts", "registry.example.com/charts"),
        ("", ""),
    ],
)
def test_addresses(text: str, expected: str) -> None:
    assert url(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("successfully synced (all tasks run)", "successfully synced (all tasks run)"),
        ("fetch https://bot:hunter2@git.example.com/a.git: 401", "fetch https://git.example.com/a.git: 401"),
        ("fetch bot:hunter2@git.example.com:a.git: 401", "fetch git.example.com:a.git: 401"),
        ("fetch 'git@git.example.com:a.git'", "fetch 'git@git.example.com:a.git'"),
        ("pull shop:1.2@sha256:0b failed", "pull shop:1.2@sha256:0b failed"),
        ("password=hunter2, user=bot", "password=…, user=bot"),
        ("DB_PASSWORD: hunter2", "DB_PASSWORD: …"),
        ("my-token-1 = 'hunter2 with a space' failed", "my-token-1 = … failed"),
        ('{"apiKey": "hunter2", "a": 1}', '{"apiKey": …, "a": 1}'),
        (r"{\"clientSecret\":\"hunter2 x\"}", r"{\"clientSecret\":…}"),
        ('passphrase="hunter2 that is never closed', "passphrase=…"),
        ("Authorization: Bearer hunter2", "Authorization: Bearer …"),
        ("authorization: basic aHVudGVyMg==", "authorization: basic …"),
        ('secrets "db-credentials" not found', 'secrets "db-credentials" not found'),
    ],
)
def test_messages(text: str, expected: str) -> None:
    assert message(text) == expected


def test_a_message_is_cut() -> None:
    assert message("x" * 5000) == "x" * LONGEST_MESSAGE


@given(before=st.text(), after=st.text())
def test_what_follows_a_secret_word_is_gone_whatever_is_around_it(before: str, after: str) -> None:
    assert CANARY not in message(f"{before[:900]} token={CANARY}{after}")


@given(user=st.text(st.characters(exclude_characters="/")), path=st.text())
def test_what_stands_before_the_host_is_gone(user: str, path: str) -> None:
    shown = url(f"https://{user}{CANARY}@git.example.com/{path.replace(CANARY, '')}")
    assert CANARY not in shown
    assert shown.startswith("https://git.example.com/")


@pytest.mark.parametrize(
    "unit", ["a", "a-", "token", "token ", 'token"', "token\\", "bearer ", "://", "://a@", "a" * 9 + "://"]
)
def test_texts_made_to_take_long_do_not(unit: str) -> None:
    """A pattern that looked at each place anew would take minutes, and the timeout of the test would end it."""
    huge = unit * (3_000_000 // len(unit))
    assert len(message(huge)) <= LONGEST_MESSAGE
    assert "@" not in url(huge + " ://")
