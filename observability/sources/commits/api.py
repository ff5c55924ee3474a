"""Commits as Argo CD's API tells them. I/O: HTTP, and the file with the token.

Source: argo-cd pkg/apis/application/v1alpha1/types.go, type RevisionMetadata; server/application/application.go,
RevisionMetadata; reposerver/repository/repository.go, GetRevisionMetadata (3.6-dev).
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import aiohttp
import msgspec
import structlog
from msgspec import Struct
from yarl import URL

from observability import __version__
from observability.errors import ApiError, Forbidden, SettingsError, SourceError, TooManyRequests, Unauthorized
from observability.model.application import Key
from observability.model.commit import Commit, Signature
from observability.sources.backoff import retry_after_seconds
from observability.sources.commits import source

log = structlog.get_logger(__name__)

ANSWER_BYTES_MAX: Final = 1 << 20
"""The longest answer that is read: of one with a long message, or many tags."""

_EXCERPT: Final = 200
"""Characters of an error that are told."""
_UNREACHABLE: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""What aiohttp raises when there is no answer; ValueError for one that it cannot read."""
_NO_SUCH_COMMIT: Final = frozenset({400, 404, 500})
"""With an error of gRPC in JSON: for a revision that Git does not find the server has no better word than 500."""


class _Metadata(Struct, gc=False):
    """RevisionMetadata."""

    author: str | None = None
    date: str | None = None
    tags: list[str] | None = None
    message: str | None = None
    signature_info: str | None = msgspec.field(default=None, name="signatureInfo")


class _Error(Struct, gc=False):
    """How grpc-gateway writes an error."""

    code: int
    message: str = ""


class _Answer(NamedTuple):
    status: int
    is_json: bool
    body: bytes
    retry_after_seconds: float | None


_METADATA: Final = msgspec.json.Decoder(_Metadata)
_ERROR: Final = msgspec.json.Decoder(_Error)


class ArgoCdApi:
    """One Argo CD, asked as the account of a token.

    `url` is that of its web page. `token_file` is read anew when it changes, and when the token is refused; None: no
    token. `clock` gives seconds since the epoch, for a Retry-After that is a date. `certificate` is a file with the
    authorities to trust instead of those of the system, read anew when Argo CD shows what they did not sign.

    Raises SettingsError when the certificate cannot be used.
    """

    def __init__(
        self,
        url: str,
        token_file: Path | None,
        timeout_seconds: float,
        clock: Callable[[], float],
        certificate: Path | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._token = _Token(token_file)
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._certificate = certificate
        self._context = _context(certificate)
        self._session: aiohttp.ClientSession | None = None

    async def commit(self, application: Key, repository: str, revision: str, place: int = 0) -> Commit | None:
        """As `CommitSource.commit`. The repository is the one at `place` in the Application now."""
        if not source.is_askable(revision):
            return None
        url = _address(self.url, application, revision, place)
        token = self._token.current()
        try:
            body = await self._asked(url, token)
        except Unauthorized:
            fresh = self._token.read()
            if fresh == token:
                raise
            log.info("the token was refused, and there is another one in its file", url=self.url)
            body = await self._asked(url, fresh)
        return None if body is None else self._read(body, repository, revision)

    async def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _asked(self, url: URL, token: str) -> bytes | None:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._connected().get(url, headers=headers, allow_redirects=False) as response,
            ):
                answer = await self._answer(response)
        except _UNREACHABLE as error:
            if isinstance(error, aiohttp.ClientConnectorCertificateError):
                await self._trust_anew()
            raise SourceError(f"cannot reach Argo CD at {self.url}: {self._reason(error)}") from error
        return self._judged(answer, token)

    async def _trust_anew(self) -> None:
        """The authorities may be others by now: the next question is asked with what their file says then."""
        if self._certificate is None:
            return
        try:
            self._context = _context(self._certificate)
        except SettingsError as error:  # it could be used at the start
            log.warning("the certificate cannot be used", cause=str(error))
        else:
            await self.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Without trust_env: aiohttp would take a password from ~/.netrc, and refuse to send a token beside it.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._context),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"gitops-observability/{__version__}"},
            )
        return self._session

    async def _answer(self, response: aiohttp.ClientResponse) -> _Answer:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                response.close()
                raise SourceError(f"Argo CD at {self.url} answered with more than {ANSWER_BYTES_MAX} bytes")
        return _Answer(
            status=response.status,
            is_json="json" in response.content_type,
            body=bytes(body),
            retry_after_seconds=retry_after_seconds(response.headers.get("Retry-After"), self._clock()),
        )

    def _judged(self, answer: _Answer, token: str) -> bytes | None:
        """The metadata; None when there is no such commit, or no such Application."""
        if answer.status == 200 and answer.is_json:
            return answer.body
        if 200 <= answer.status < 400:
            raise SourceError(
                f"expected JSON from Argo CD at {self.url}, was answered {answer.status}:"
                " is it the page of a proxy or a login, or http where it should be https?"
            )
        said = _said(answer, token)
        if answer.status in _NO_SUCH_COMMIT and said is not None:
            log.debug("Argo CD does not tell a commit", url=self.url, status=answer.status, reason=said)
            return None
        message, reason = f"Argo CD at {self.url} refused", said or _phrase(answer.status)
        if answer.status == 401:
            raise Unauthorized(401, reason, message)
        if answer.status == 403:
            raise Forbidden(403, reason, f"{message} (the account needs: applications, get)")
        if answer.status in {429, 503}:
            raise TooManyRequests(answer.status, reason, message, answer.retry_after_seconds)
        raise ApiError(answer.status, reason, message, answer.retry_after_seconds)

    def _read(self, body: bytes, repository: str, revision: str) -> Commit:
        try:
            told = _METADATA.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise SourceError(f"expected a RevisionMetadata from Argo CD at {self.url}: {error}") from error
        name, email = source.author(told.author or "")
        return Commit(
            repository=repository,
            revision=revision,
            author_name=name,
            author_email=email,
            authored_at=_instant(told.date or ""),
            message=source.first_line(told.message or ""),
            signature=_signature(told.signature_info or ""),
            tags=source.tags(told.tags or []),
        )

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no whole answer within {self._timeout_seconds:g} s"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return f"its certificate cannot be trusted: {error.certificate_error}"
        if isinstance(error, aiohttp.ClientResponseError):
            return f"no answer in HTTP ({error.message[:_EXCERPT]})"
        return str(error) or type(error).__name__


class _Token:
    """The token in a file, which somebody renews; empty without a file. No error ever shows it."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._state: tuple[int, int, int] | None = None
        self._text = ""

    def current(self) -> str:
        """The token, read when the file is another one than before. Raises SourceError when there is none in it."""
        if self._file is None:
            return ""
        return self._text if self._state is not None and self._state == self._stat(self._file) else self.read()

    def read(self) -> str:
        """The token, read anew. Raises SourceError when there is none in the file."""
        if self._file is None:
            return ""
        self._state = None
        state = self._stat(self._file)
        try:
            text = self._file.read_bytes().decode("ascii").strip()
        except OSError as error:
            raise _unreadable(self._file, error) from None
        except UnicodeDecodeError:
            text = ""
        if not re.fullmatch(r"[!-~]+", text):
            raise SourceError(f"{self._file}: expected a token, one word of printable ASCII")
        self._state, self._text = state, text
        return text

    def _stat(self, file: Path) -> tuple[int, int, int]:
        try:
            found = file.stat()
        except OSError as error:
            raise _unreadable(file, error) from None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _unreadable(file: Path, error: OSError) -> SourceError:
    return SourceError(f"{file}: expected a readable file with a token ({error.strerror})")


def _context(certificate: Path | None) -> ssl.SSLContext:
    if certificate is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # those authorities, and not those of the system
    try:
        context.load_verify_locations(certificate)
    except ssl.SSLError as error:
        expected = f"expected certificates in PEM: {certificate} ({error.reason or 'none found'})"
        raise SettingsError("argocd.metadata", "certificate", expected) from None
    except OSError as error:
        expected = f"expected a readable file: {certificate} ({error.strerror})"
        raise SettingsError("argocd.metadata", "certificate", expected) from None
    return context


def _address(url: str, application: Key, revision: str, place: int) -> URL:
    path = f"{url}/api/v1/applications/{quote(application.name, safe='')}/revisions/{quote(revision, safe='')}/metadata"
    index = f"&sourceIndex={place}" if place else ""  # the first one is what all versions mean without it
    return URL(f"{path}?appNamespace={quote(application.namespace, safe='')}{index}", encoded=True)


def _said(answer: _Answer, token: str) -> str | None:
    """What an error says, redacted and cut; None when it is none of Argo CD's."""
    try:
        error = _ERROR.decode(answer.body) if answer.is_json else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if error is None:
        return None
    text = error.message.replace(token, "…") if token else error.message
    return (source.first_line(text) or "")[:_EXCERPT]


def _phrase(status: int) -> str:
    """The usual words: those of the answer may be anything, our token among it."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "unknown"


def _instant(text: str) -> float | None:
    """Seconds since the epoch of a time in RFC 3339; None for none, and for the zero time of Go."""
    try:
        at = datetime.fromisoformat(text)
        return source.instant(at.timestamp()) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _signature(info: str) -> Signature | None:
    """What the check of the signature said; None when there was none, as without keys in the AppProject."""
    if not info:
        return None
    return next((signature for start, signature in _SIGNATURES if info.startswith(start)), Signature.UNVERIFIED)


_SIGNATURES: Final = (
    ("Good signature", Signature.GOOD),
    ("Bad signature", Signature.BAD),
    ("Invalid signature", Signature.BAD),
    ("Revision is not signed", Signature.NONE),
)
