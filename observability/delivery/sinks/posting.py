"""Requests to receivers over HTTP, and what their answers mean. Talks to the network.

Only 2xx is success. 400, 413 and 422 are about what was sent, everything else is about the way to the receiver: a
redirect to a login page, an expired token or a wrong port make no dead letters.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
from multidict import CIMultiDict

from observability.delivery.credentials import hidden
from observability.delivery.proxies import proxy_for
from observability.errors import Later, Refused
from observability.settings.receivers import EventSink, revealed

_REFUSALS: Final = frozenset({400, 413, 422})
_ANSWER_BYTES: Final = 1 << 20
"""More of an answer is not read."""
_EXCERPT: Final = 200
"""Characters of an answer that are told."""


class Call(NamedTuple):
    """A request: `url` below the receiver's, `body` empty for none."""

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = {}
    query: Mapping[str, str | int] = {}

    @property
    def name(self) -> str:
        """For people: without the query, where addresses have their secrets."""
        return f"{self.method} {self.url.partition('?')[0]}"


class Poster:
    """Sends requests to one receiver, with its headers and its token."""

    def __init__(self, settings: EventSink) -> None:
        self._headers = revealed(settings.headers)
        self._token_file = settings.token_file
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, call: Call) -> bytes:
        """The body of the answer, when it was 2xx.

        Raises:
            Refused: the receiver will not take what was sent.
            Later: it is away, too slow, or says anything else.
        """
        headers = CIMultiDict(self._headers)
        headers.update(call.headers)
        headers.update(self._authorization())
        try:
            async with self._open().request(
                call.method,
                call.url,
                data=call.body or None,
                headers=headers,
                params=call.query or None,
                allow_redirects=False,
                proxy=proxy_for(call.url),
            ) as response:
                return _judged(response, await _body(response), call, headers)
        except TimeoutError as error:
            raise Later(f"{call.name}: no complete answer within {self._timeout.total:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Later(f"{call.name}: {str(error) or type(error).__name__}") from error

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _authorization(self) -> dict[str, str]:
        return {} if self._token_file is None else {"Authorization": f"Bearer {_token(self._token_file)}"}


def _token(file: Path) -> str:
    """The token in `file`, read anew: whoever renews it need not tell. Raises Later when there is none."""
    try:
        token = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Later(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        token = ""
    if not re.fullmatch(r"[!-~]+", token):
        raise Later(f"{file}: expected a token, one word of printable ASCII")
    return token


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The answer to its end, or as much of it as is read of any."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= _ANSWER_BYTES:
            break
    return bytes(body)


def _judged(response: aiohttp.ClientResponse, body: bytes, call: Call, shown: Mapping[str, str]) -> bytes:
    if 200 <= response.status < 300:
        return body
    where = f", to {location.partition('?')[0]}" if (location := response.headers.get("Location")) else ""
    said = f"{call.name} was answered {response.status} {response.reason}{where}{_excerpt(body, shown)}"
    if response.status in _REFUSALS:
        raise Refused(said)
    raise Later(said, _retry_after_seconds(response.headers))


def _excerpt(body: bytes, shown: Mapping[str, str]) -> str:
    said = hidden(body.decode(errors="replace"), shown)
    text = " ".join(said[: 4 * _EXCERPT].split())[:_EXCERPT]
    return f": {''.join(char if char.isprintable() else '?' for char in text)}" if text else ""


def _retry_after_seconds(headers: Mapping[str, Any]) -> float | None:
    """What the receiver asks to wait: seconds, or a date, which is compared with its own clock. None: it does not."""
    asked = str(headers.get("Retry-After", "")).strip()
    if re.fullmatch(r"\d{1,9}", asked, re.ASCII):
        return float(asked)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(str(headers.get("Date", "")))
        return max(0.0, wait.total_seconds())
    except (ValueError, TypeError):  # not there, no date, or only one of them with a time zone
        return None
