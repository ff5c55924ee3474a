"""TLS of the server: from files to an SSLContext, and until when the certificate is valid. I/O: reads files."""

import re
import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from observability.delivery.webconfig import ClientAuth, Tls
from observability.errors import SettingsError

_VERIFY: Final = {
    ClientAuth.NONE: ssl.CERT_NONE,
    ClientAuth.VERIFY_IF_GIVEN: ssl.CERT_OPTIONAL,
    ClientAuth.REQUIRE: ssl.CERT_REQUIRED,
}
_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
_UTC_TIME = 0x17
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a certificate, or a chain of them, is valid: seconds since the epoch."""

    begins_at: float
    ends_at: float

    def holds(self, at: float) -> bool:
        """Is it valid at `at`?"""
        return self.begins_at <= at <= self.ends_at


def make_context(tls: Tls, where: str) -> ssl.SSLContext:
    """A context of its own: sessions of an older one cannot be resumed with it. Raises SettingsError with the key."""
    for key, file in (("cert_file", tls.cert_file), ("key_file", tls.key_file), ("client_ca_file", tls.client_ca_file)):
        if file is not None:
            _read(file, where, f"tls_server_config.{key}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _set_versions(context, tls)
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")
    except (ssl.SSLError, ValueError) as error:
        raise SettingsError(where, "tls_server_config.cert_file", _why(error, tls)) from None
    except OSError as error:  # it was there a moment ago
        raise _unreadable(f"{tls.cert_file}, {tls.key_file}", where, "tls_server_config.cert_file", error) from None
    context.verify_mode = _VERIFY[tls.client_auth]
    if tls.client_ca_file is not None:
        try:
            context.load_verify_locations(tls.client_ca_file)
        except ssl.SSLError as error:
            expected = f"expected certificates in PEM: {tls.client_ca_file} ({error.reason or 'none found'})"
            raise SettingsError(where, "tls_server_config.client_ca_file", expected) from None
        except OSError as error:
            raise _unreadable(tls.client_ca_file, where, "tls_server_config.client_ca_file", error) from None
    return context


def certificate_validity(tls: Tls, where: str) -> Validity:
    """When all certificates in cert_file are valid: the chain is as good as its worst. Raises SettingsError."""
    text = _read(tls.cert_file, where, "tls_server_config.cert_file").decode("ascii", "replace")
    try:
        chain = [parse_validity(ssl.PEM_cert_to_DER_cert(certificate)) for certificate in _CERTIFICATE.findall(text)]
        return Validity(max(each.begins_at for each in chain), min(each.ends_at for each in chain))
    except ValueError:
        raise SettingsError(where, "tls_server_config.cert_file", f"expected a certificate: {tls.cert_file}") from None


def parse_validity(der: bytes) -> Validity:
    """The validity of an X.509 certificate in DER. Raises ValueError.

    Source: RFC 5280 4.1: Certificate > TBSCertificate > [version] serial signature issuer validity …; the standard
    library reads certificates of peers only.
    """
    certificate = _children(der)[0][1]
    fields = _children(_children(certificate)[0][1])
    position = 4 if fields[0][0] == _CONTEXT_0 else 3
    if len(fields) <= position or fields[position][0] != _SEQUENCE:
        raise ValueError("no validity")
    begins, ends = _children(fields[position][1])[:2]
    return Validity(_instant(*begins), _instant(*ends))


def _children(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element, one level deep."""
    found = []
    at = 0
    while at + 2 <= len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(der[at : at + size], "big")
            at += size
        if at + length > len(der):
            raise ValueError("cut short")
        found.append((tag, der[at : at + length]))
        at += length
    if not found:
        raise ValueError("empty")
    return found


def _instant(tag: int, content: bytes) -> float:
    text = content.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year; RFC 5280: 50 and later are of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _set_versions(context: ssl.SSLContext, tls: Tls) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # whoever writes TLS10 knows
        context.minimum_version = tls.min_version
        context.maximum_version = tls.max_version
    if tls.min_version < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 refuses their signatures (SHA-1) on any other level


def _read(file: Path, where: str, key: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, where, key, error) from None


def _unreadable(file: Path | str, where: str, key: str, error: OSError) -> SettingsError:
    return SettingsError(where, key, f"expected a readable file: {file} ({error.strerror})")


def _why(error: Exception, tls: Tls) -> str:
    reason = getattr(error, "reason", None) or "not usable"
    if reason == "KEY_VALUES_MISMATCH":
        return f"expected a certificate that belongs to the key: {tls.cert_file} and {tls.key_file} do not"
    return f"expected a certificate and its key, not encrypted, both in PEM: {tls.cert_file}, {tls.key_file} ({reason})"
