"""Addresses to listen on."""

import pytest

from observability.delivery.listening import Address, parse_address
from observability.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":9797", "", 9797),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("localhost:9797", "localhost", 9797),
        ("[::1]:9797", "::1", 9797),
        ("[::]:65535", "::", 65535),
    ],
)
def test_host_and_port(text: str, host: str, port: int) -> None:
    address = parse_address(text)
    assert address == Address(host, port)
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "9797", "localhost", "localhost:", ":http", ":65536", ":-1", "::1:9797", ":٣"])
def test_anything_else_is_a_bad_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="expected HOST:PORT") as raised:
        parse_address(text)
    assert raised.value.key == "server.listen"
