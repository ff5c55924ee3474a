"""Until when a certificate is valid, read from its bytes."""

import datetime
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from observability.delivery.tls import Validity, make_context, parse_validity
from observability.delivery.webconfig import Tls
from observability.errors import SettingsError


def certificate(begins: datetime.datetime, ends: datetime.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "exporter" * 8)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, ends)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-11-23T12:00:00+00:00", "2027-02-21T12:00:00+00:00"),
        ("1999-12-31T23:59:59+00:00", "2049-12-31T23:59:59+00:00"),
        ("2049-12-31T23:59:59+00:00", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_both_forms_of_time_are_read(begins: str, ends: str) -> None:
    begin, end = datetime.datetime.fromisoformat(begins), datetime.datetime.fromisoformat(ends)
    assert parse_validity(certificate(begin, end)) == Validity(begin.timestamp(), end.timestamp())


def test_it_holds_from_the_first_second_to_the_last() -> None:
    validity = Validity(100.0, 200.0)
    assert [validity.holds(at) for at in (99.0, 100.0, 200.0, 201.0)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("loading", "key", "named"),
    [
        ("load_cert_chain", "cert_file", r"tls\.crt, .*tls\.key"),
        ("load_verify_locations", "client_ca_file", r"ca\.crt"),
    ],
)
def test_a_file_that_vanishes_while_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loading: str, key: str, named: str
) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    leaf.private_key_pem.write_to_path(tmp_path / "tls.key")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    tls = Tls(cert_file=tmp_path / "tls.crt", key_file=tmp_path / "tls.key", client_ca_file=tmp_path / "ca.crt")
    really = getattr(ssl.SSLContext, loading)

    def vanished(context: ssl.SSLContext, file: Path, *others: object, **options: object) -> None:
        file.unlink()
        really(context, file, *others, **options)

    monkeypatch.setattr(ssl.SSLContext, loading, vanished)
    with pytest.raises(SettingsError, match=rf"expected a readable file: .*{named} \(No such file") as raised:
        make_context(tls, "web.yaml")
    assert raised.value.key == f"tls_server_config.{key}"


@given(st.binary(max_size=200))
def test_what_is_no_certificate_is_a_value_error(der: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # wherever reading fails first
        parse_validity(der)
