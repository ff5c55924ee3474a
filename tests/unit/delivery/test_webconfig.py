"""What a web configuration file may say, and what is said about one that may not be."""

import contextlib
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.delivery.webconfig import ClientAuth, Tls, WebConfig, parse_web_config
from observability.errors import SettingsError

FILE = Path("/etc/gitops/web.yaml")
HASH = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze"

WHOLE = f"""
tls_server_config:
  cert_file: tls.crt
  key_file: /run/secrets/tls.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca/clients.crt
  min_version: TLS13
  max_version: TLS13
basic_auth_users:
  alice: {HASH}
  42: {HASH}
http_server_config:
  headers:
    X-Frame-Options: sameorigin
    X-XSS-Protection: 0
    Strict-Transport-Security: max-age=31536000
"""


def parse(text: str) -> WebConfig:
    return parse_web_config(text.encode(), FILE)


def test_every_key_that_there_is() -> None:
    config = parse(WHOLE)
    assert config == WebConfig(
        tls=Tls(
            cert_file=Path("/etc/gitops/tls.crt"),
            key_file=Path("/run/secrets/tls.key"),
            client_auth=ClientAuth.REQUIRE,
            client_ca_file=Path("/etc/gitops/ca/clients.crt"),
            min_version=ssl.TLSVersion.TLSv1_3,
            max_version=ssl.TLSVersion.TLSv1_3,
        ),
        users={"alice": HASH.encode(), "42": HASH.encode()},
        headers={
            "X-Frame-Options": "sameorigin",
            "X-XSS-Protection": "0",
            "Strict-Transport-Security": "max-age=31536000",
        },
    )
    assert config.files == (
        Path("/etc/gitops/tls.crt"),
        Path("/run/secrets/tls.key"),
        Path("/etc/gitops/ca/clients.crt"),
    )


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "{}", "null", "tls_server_config:\n", "basic_auth_users: {}\nhttp_server_config: ~\n"]
)
def test_nothing_is_plain_http_for_everybody(text: str) -> None:
    assert parse(text) == WebConfig()
    assert parse(text).files == ()


def test_versions_are_1_2_and_1_3_unless_said_otherwise() -> None:
    tls = parse("tls_server_config: {cert_file: a, key_file: b}").tls
    assert tls is not None
    assert (tls.min_version, tls.max_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert tls.client_auth is ClientAuth.NONE


CERTIFICATE = "cert_file: a, key_file: b"


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("rate_limit: {}", "rate_limit", "unknown key, expected one of tls_server_config, "),
        ("tls_server_config: {cert: x}", "tls_server_config.cert", "unknown key"),
        ("tls_server_config: {cipher_suites: []}", "tls_server_config.cipher_suites", "unknown key"),
        ("http_server_config: {http2: true}", "http_server_config.http2", "unknown key, expected one of headers"),
        ("http_server_config: {headers: {Server: x}}", "http_server_config.headers.Server", "unknown key"),
        ("[]", "", "expected keys and values"),
        ("tls_server_config: [x]", "tls_server_config", "expected keys and values"),
        ("basic_auth_users: alice", "basic_auth_users", "expected keys and values"),
        ("tls_server_config: {min_version: TLS12}", "tls_server_config.cert_file", "needs a certificate"),
        ("tls_server_config: {cert_file: a}", "tls_server_config.key_file", "needs a certificate and its key"),
        ("tls_server_config: {cert_file: [a], key_file: b}", "tls_server_config.cert_file", "expected a string"),
        (
            f"tls_server_config: {{{CERTIFICATE}, min_version: TLS14}}",
            "tls_server_config.min_version",
            'expected one of TLS10, TLS11, TLS12, TLS13, got "TLS14"',
        ),
        (
            f"tls_server_config: {{{CERTIFICATE}, min_version: TLS13, max_version: TLS12}}",
            "tls_server_config.min_version",
            "no later version than max_version",
        ),
        (
            f"tls_server_config: {{{CERTIFICATE}, client_auth_type: RequireAnyClientCert}}",
            "tls_server_config.client_auth_type",
            "expected one of NoClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
        ),
        (
            f"tls_server_config: {{{CERTIFICATE}, client_auth_type: VerifyClientCertIfGiven}}",
            "tls_server_config.client_ca_file",
            "CA that signs clients",
        ),
        (
            f"tls_server_config: {{{CERTIFICATE}, client_ca_file: c}}",
            "tls_server_config.client_auth_type",
            "as there is a client_ca_file",
        ),
        (f"basic_auth_users: {{alice: {HASH[:-1]}}}", "basic_auth_users.alice", "expected a bcrypt hash"),
        ("basic_auth_users: {alice: hunter2}", "basic_auth_users.alice", "expected a bcrypt hash"),
        ("basic_auth_users: {alice: }", "basic_auth_users.alice", "expected a bcrypt hash"),
        (f"basic_auth_users: {{alice: {HASH.replace('10', '32')}}}", "basic_auth_users.alice", "expected a bcrypt"),
        (f"basic_auth_users: {{'a:b': {HASH}}}", "basic_auth_users.a:b", "without a colon"),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            "http_server_config.headers.X-Frame-Options",
            "expected deny or sameorigin",
        ),
        (
            "http_server_config: {headers: {X-Content-Type-Options: sniff}}",
            "http_server_config.headers.X-Content-Type-Options",
            "expected nosniff",
        ),
        (
            'http_server_config: {headers: {Content-Security-Policy: "a\\r\\nSet-Cookie: b"}}',
            "http_server_config.headers.Content-Security-Policy",
            "on one line",
        ),
        ("basic_auth_users: {a: b}\nbasic_auth_users: {}", "", '"basic_auth_users" is there twice in line 2'),
        (f"basic_auth_users:\n  alice: {HASH}\n  alice: {HASH}\n", "", '"alice" is there twice in line 3'),
        ("a: b: c", "", "expected YAML: mapping values are not allowed here in line 1"),
        ("? [a]\n: b", "", "expected YAML: found unhashable key in line 1"),
    ],
)
def test_what_is_wrong_is_named(text: str, key: str, expected: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse(text)
    assert (raised.value.where, raised.value.key) == (str(FILE), key)
    assert expected in raised.value.expected


@pytest.mark.parametrize("text", [f"basic_auth_users: {{alice: '{HASH}!'}}", f"a: b: {HASH}", f"alice: '{HASH}"])
def test_no_message_repeats_a_hash(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse(text)
    assert HASH[10:30] not in str(raised.value)
    assert raised.value.__cause__ is None


@given(st.binary() | st.text().map(str.encode))
def test_arbitrary_content_is_a_bad_setting_at_worst(content: bytes) -> None:
    with contextlib.suppress(SettingsError):
        assert parse_web_config(content, FILE).files == ()
