"""The Prometheus web configuration file: TLS, users and headers of the server, in the exporter-toolkit's format. Pure.

Of its keys: tls_server_config.{cert_file, key_file, client_auth_type, client_ca_file, min_version, max_version},
basic_auth_users and http_server_config.headers. Any other key, and any key that is there twice, is an error by name:
a setting of security that is silently ignored is worse than none. No message repeats a hash.

Stricter than the exporter-toolkit: tls_server_config with any key needs a certificate, and verifying clients needs a CA
(Go would take those of the system).

Source: prometheus/exporter-toolkit web/tls_config.go, web/handler.go, docs/web-configuration.md (0.15).
"""

import re
import ssl
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import yaml

from observability.errors import SettingsError

Choice = TypeVar("Choice")


class ClientAuth(StrEnum):
    """Which client certificates are asked for, in Go's words."""

    NONE = "NoClientCert"
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE = "RequireAndVerifyClientCert"


VERSIONS: Final[Mapping[str, ssl.TLSVersion]] = MappingProxyType(
    {
        "TLS10": ssl.TLSVersion.TLSv1,
        "TLS11": ssl.TLSVersion.TLSv1_1,
        "TLS12": ssl.TLSVersion.TLSv1_2,
        "TLS13": ssl.TLSVersion.TLSv1_3,
    }
)
"""Versions of TLS by their names in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """tls_server_config, with paths that do not depend on the working directory."""

    cert_file: Path
    key_file: Path
    client_auth: ClientAuth = ClientAuth.NONE
    client_ca_file: Path | None = None
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """The whole file. Empty: plain HTTP for everybody."""

    tls: Tls | None = None
    users: Mapping[str, bytes] = field(default_factory=dict)
    """bcrypt hashes by user."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of every answer; an empty value takes one away that we set ourselves."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it names."""
        if self.tls is None:
            return ()
        named = (self.tls.cert_file, self.tls.key_file, self.tls.client_ca_file)
        return tuple(file for file in named if file is not None)


def parse_web_config(content: bytes, file: Path) -> WebConfig:
    """The content of `file` as a configuration; relative paths in it are relative to it. Raises SettingsError."""
    where = str(file)
    document = _load(content, where)
    top = _mapping(where, "", document, ("tls_server_config", "basic_auth_users", "http_server_config"))
    tls = _mapping(where, "tls_server_config", top.get("tls_server_config"), _TLS_KEYS)
    http = _mapping(where, "http_server_config", top.get("http_server_config"), ("headers",))
    return WebConfig(
        tls=_tls(where, tls, file.parent) if tls else None,
        users=_users(where, _mapping(where, "basic_auth_users", top.get("basic_auth_users"))),
        headers=_headers(where, _mapping(where, "http_server_config.headers", http.get("headers"), tuple(_HEADERS))),
    )


_TLS_KEYS = ("cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version")
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
_BCRYPT = re.compile(r"\$2[abxy]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_EMPTY = ("", "~", "null")
_PRINTABLE = re.compile(r"[\t\x20-\x7e]*")


class _Loader(yaml.BaseLoader):
    """YAML of strings, lists and mappings without repeated keys. Every scalar is a string, `0` and `yes` too."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As the base does, but a key comes once."""
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            if key in seen:
                problem = f'"{key}" is there twice'
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _load(content: bytes, where: str) -> object:
    try:
        return yaml.load(content, _Loader)  # noqa: S506  # it makes strings, lists and mappings only
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        raise SettingsError(where, "", f"expected YAML: {error.problem}{line}") from None  # the cause quotes the file
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SettingsError(where, "", "expected YAML in UTF-8") from None


def _mapping(where: str, key: str, value: object, known: tuple[str, ...] | None = None) -> dict[str, Any]:
    if value is None or value in _EMPTY:
        return {}
    if not isinstance(value, dict):
        raise SettingsError(where, key, "expected keys and values")
    for name in value:
        if known is not None and name not in known:
            dotted = f"{key}.{name}" if key else name
            raise SettingsError(where, dotted, f"unknown key, expected one of {', '.join(known)}")
    return value


def _tls(where: str, keys: Mapping[str, Any], folder: Path) -> Tls:
    def path(name: str) -> Path | None:
        text = _string(where, f"tls_server_config.{name}", keys.get(name))
        return folder / text if text else None

    def needed(name: str) -> Path:
        if file := path(name):
            return file
        raise SettingsError(where, f"tls_server_config.{name}", "expected a file: TLS needs a certificate and its key")

    def version(name: str, otherwise: str) -> ssl.TLSVersion:
        return _choice(
            where, f"tls_server_config.{name}", keys.get(name), VERSIONS.__getitem__, tuple(VERSIONS), otherwise
        )

    auth = keys.get("client_auth_type")
    words = tuple(ClientAuth)
    tls = Tls(
        cert_file=needed("cert_file"),
        key_file=needed("key_file"),
        client_auth=_choice(where, "tls_server_config.client_auth_type", auth, ClientAuth, words, ClientAuth.NONE),
        client_ca_file=path("client_ca_file"),
        min_version=version("min_version", "TLS12"),
        max_version=version("max_version", "TLS13"),
    )
    _check_that_it_makes_sense(where, tls)
    return tls


def _check_that_it_makes_sense(where: str, tls: Tls) -> None:
    if tls.min_version > tls.max_version:
        raise SettingsError(where, "tls_server_config.min_version", "expected no later version than max_version")
    if tls.client_auth is ClientAuth.NONE and tls.client_ca_file is not None:
        expected = f"expected {ClientAuth.VERIFY_IF_GIVEN} or {ClientAuth.REQUIRE}, as there is a client_ca_file"
        raise SettingsError(where, "tls_server_config.client_auth_type", expected)
    if tls.client_auth is not ClientAuth.NONE and tls.client_ca_file is None:
        expected = f"expected the file of the CA that signs clients, as client_auth_type is {tls.client_auth}"
        raise SettingsError(where, "tls_server_config.client_ca_file", expected)


def _users(where: str, users: Mapping[str, Any]) -> Mapping[str, bytes]:
    for user, hashed in users.items():
        if not isinstance(hashed, str) or not _BCRYPT.fullmatch(hashed):
            raise SettingsError(where, f"basic_auth_users.{user}", "expected a bcrypt hash, as htpasswd -nB makes it")
        if ":" in user:
            raise SettingsError(
                where, f"basic_auth_users.{user}", "expected a name without a colon: basic auth cannot carry it"
            )
    return {user: hashed.encode("ascii") for user, hashed in users.items()}


def _headers(where: str, headers: Mapping[str, Any]) -> Mapping[str, str]:
    for name, value in headers.items():
        key = f"http_server_config.headers.{name}"
        allowed = _HEADERS[name]
        text = _string(where, key, value)
        if text and allowed and text not in allowed:
            raise SettingsError(where, key, f"expected {' or '.join(allowed)}")
        if not _PRINTABLE.fullmatch(text):
            raise SettingsError(where, key, "expected printable ASCII on one line")
    return {name: value or "" for name, value in headers.items()}


def _choice(
    where: str, key: str, value: object, choose: Callable[[str], Choice], words: tuple[str, ...], otherwise: str
) -> Choice:
    word = _string(where, key, value) or otherwise
    if word not in words:
        raise SettingsError(where, key, f'expected one of {", ".join(words)}, got "{word}"')
    return choose(word)


def _string(where: str, key: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingsError(where, key, "expected a string")
    return value
