"""Requests to Grafana and Prometheus over HTTP, and what their answers mean for people. Talks to the network.

Who we are is read from files, never from arguments, which everybody on a machine can read.
"""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from observability.delivery.credentials import hidden
from observability.delivery.proxies import proxy_for
from observability.errors import PublishError, SettingsError

_EXCERPT: Final = 300
"""Characters of an answer that are told."""
_HINTS: Final[Mapping[int, str]] = {
    401: "are the credentials valid? --token-file and --user-file name them",
    403: "these credentials may not do this",
    404: "is the address right?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a server is, and who we are. `user_file` holds USER:PASSWORD; neither file: nobody in particular."""

    url: str
    token_file: Path | None = None
    user_file: Path | None = None
    ca_file: Path | None = None
    timeout_seconds: float = 30.0


class Answer(NamedTuple):
    """An answer: `url` without a query, as people know it."""

    url: str
    status: int
    body: bytes

    def document(self) -> Any:
        """The JSON in it. Raises PublishError when it is something else."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise PublishError(f"{self.url} does not answer with JSON: is the address right?") from error

    def member(self, *path: str) -> Any:
        """What stands at this path in its JSON. Raises PublishError when there is no such place."""
        found = self.document()
        for key in path:
            if not isinstance(found, dict) or key not in found:
                raise PublishError(f"{self.url} answers without {'.'.join(path)}: is the address right?")
            found = found[key]
        return found


class Web:
    """Asks one server."""

    def __init__(self, access: Access, session: aiohttp.ClientSession) -> None:
        self._access = access
        self._session = session
        self._shown = authorization(access)

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return self._access.url.rstrip("/")

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
        also: Collection[int] = (),
    ) -> Answer:
        """The answer, when its status is 200 or one of `also`.

        Raises:
            PublishError: the server is away or too slow, or answers anything else.
        """
        url = f"{self.url}{path}"
        try:
            async with self._session.request(
                method,
                url,
                json=body,
                params=query,
                allow_redirects=False,
                proxy=proxy_for(url),
                headers={"Accept": "application/json", **self._shown},
            ) as response:
                answer = Answer(url, response.status, await response.read())
                reason, location = response.reason or "", response.headers.get("Location", "")
        except TimeoutError as error:
            raise PublishError(f"{method} {url}: no answer within {self._access.timeout_seconds:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise PublishError(f"{method} {url}: {str(error) or type(error).__name__}") from error
        if answer.status == 200 or answer.status in also:
            return answer
        where = f", to {location.partition('?')[0]}" if location else ""
        hint = f" ({_HINTS[answer.status]})" if answer.status in _HINTS else ""
        said = self.said(answer)
        raise PublishError(f"{method} {url} was answered {answer.status} {reason}{where}{said and f': {said}'}{hint}")

    def said(self, answer: Answer) -> str:
        """The beginning of an answer in one line, without what we showed; of JSON its `message` or `error`."""
        text = answer.body.decode(errors="replace")
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if isinstance(document, dict):
            text = str(document.get("message") or document.get("error") or text)
        line = " ".join(hidden(text[: 10 * _EXCERPT], self._shown).split())[:_EXCERPT]
        return "".join(char if char.isprintable() else "?" for char in line)


@asynccontextmanager
async def opened(access: Access) -> AsyncIterator[Web]:
    """A server to ask. Raises SettingsError for an address or a file of credentials that cannot be used."""
    parts = urlsplit(access.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise SettingsError("--url", "", "expected http:// or https:// and a host, without a password")
    connector = aiohttp.TCPConnector(ssl=_trusted(access.ca_file))
    timeout = aiohttp.ClientTimeout(total=access.timeout_seconds)
    async with aiohttp.ClientSession(
        timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), connector=connector
    ) as session:
        yield Web(access, session)


def authorization(access: Access) -> dict[str, str]:
    """The header that says who we are. Raises SettingsError for a file that does not hold what it should."""
    if access.token_file is not None:
        return {"Authorization": f"Bearer {_line(access.token_file, 'a token')}"}
    if access.user_file is not None:
        user, colon, password = _line(access.user_file, "USER:PASSWORD").partition(":")
        if not user or not colon:
            raise SettingsError(str(access.user_file), "", "expected USER:PASSWORD")
        return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
    return {}


def _line(file: Path, expected: str) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(str(file), "", error.strerror or str(error)) from error
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable():
        raise SettingsError(str(file), "", f"expected {expected} in one line")
    return text


def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(str(ca_file), "", f"expected certificates in PEM: {error}") from error
