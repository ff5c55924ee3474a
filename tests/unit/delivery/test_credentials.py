"""What a receiver was shown is not to be read in what it says."""

import pytest

from observability.delivery.credentials import hidden


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("bad token: Bearer hunter2hunter2!", "bad token: …!"),
        ("hunter2hunter2 has expired", "… has expired"),
        ("key 4711-4711 is unknown to shop 1", "key … is unknown to shop 1"),
        ("nothing is wrong", "nothing is wrong"),
        ("", ""),
    ],
)
def test_credentials_that_come_back(said: str, shown: str) -> None:
    headers = {"authorization": "Bearer hunter2hunter2", "x-key": "4711-4711", "x-shop": "1"}
    assert hidden(said, headers) == shown
