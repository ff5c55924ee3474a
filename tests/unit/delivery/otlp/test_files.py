"""The files that an endpoint names."""

from pathlib import Path

import pytest

from observability.delivery.otlp import files
from observability.delivery.otlp.endpoint import Endpoint, Protocol
from observability.errors import SettingsError


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    return Endpoint(name="e", endpoint="https://c", headers={"a": "1", "b": "2"}, headers_file=tmp_path / "headers")


def test_headers_of_the_file_win_and_are_read_each_time(endpoint: Endpoint) -> None:
    assert endpoint.headers_file is not None
    endpoint.headers_file.write_text("# ours\n\nb: 3\r\nAuthorization:  Bearer x:y \n")
    assert files.headers(endpoint) == {"a": "1", "b": "3", "Authorization": "Bearer x:y"}
    endpoint.headers_file.write_text("")
    assert files.headers(endpoint) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: b\nsecret", "line 2: expected name: value"),
        (b"a b: secret", "line 1: expected the name of a header, got 'a b'"),
        (b"a: secret\xff", "line 1: expected printable ASCII on one line as the value of a"),
        (b"Host: secret", "line 1: expected no header Host: the exporter sets it"),
    ],
)
def test_what_is_wrong_is_named_without_the_value(endpoint: Endpoint, content: bytes, expected: str) -> None:
    assert endpoint.headers_file is not None
    endpoint.headers_file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        files.headers(endpoint)
    assert str(caught.value) == f"OTLP endpoint e: headers_file: {endpoint.headers_file}: {expected}"


@pytest.mark.parametrize("field", ["headers_file", "certificate", "client_certificate", "client_key"])
@pytest.mark.parametrize("protocol", Protocol)
def test_a_missing_file_is_named(tmp_path: Path, field: str, protocol: Protocol) -> None:
    missing = Endpoint(name="e", endpoint="https://c", protocol=protocol, **{field: tmp_path / "missing"})  # type: ignore[arg-type]
    with pytest.raises(
        SettingsError, match=rf"^OTLP endpoint e: {field}: expected a readable file: .*missing \(No such"
    ):
        files.headers(missing) if field == "headers_file" else files.context(missing)
