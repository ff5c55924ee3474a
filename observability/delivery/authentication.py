"""Who may scrape: basic auth against bcrypt hashes, bearer tokens against the Kubernetes API. Either suffices.

Everything is protected but /livez and /readyz: a kubelet has no password, and they tell nothing of the applications.
(The exporter-toolkit protects every path; a client certificate that is required, is required of a kubelet as well.)
Whatever goes wrong refuses. I/O: a thread for bcrypt, and whatever the reviewer does.

| what | answer |
|---|---|
| no credentials, unknown ones, a wrong password | 401 |
| a token that the API does not let read the path, or does not know | 403 |
| the API cannot be asked | 503 |
| too many checks at once | 503 |
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import bcrypt
import structlog

from observability.delivery.guards import Limits, Refusal
from observability.errors import DeliveryError, SourceError
from observability.model.access import TokenReviewer

log = structlog.get_logger(__name__)

OPEN_PATHS: Final = frozenset({"/livez", "/readyz"})
"""Answered to anybody."""

_REMEMBERED = 256
_BCRYPT_BYTES = 72


class OverloadError(DeliveryError):
    """More checks wait than are good for anybody."""


class Authentication:
    """One door: a request comes in with its Authorization header, and passes or is refused."""

    def __init__(self, reviewer: TokenReviewer | None, limits: Limits, now: Callable[[], float]) -> None:
        self._passwords = Passwords(limits.password_checks)
        self._tokens = Tokens(reviewer, limits, now) if reviewer is not None else None

    async def refusal(self, header: str | None, path: str, users: Mapping[str, bytes]) -> Refusal | None:
        """None: come in."""
        if path in OPEN_PATHS or (not users and self._tokens is None):
            return None
        try:
            return await self._judge(header or "", path, users)
        except ValueError:
            return Refusal.UNAUTHENTICATED
        except OverloadError:
            return Refusal.AUTHENTICATION_BUSY
        except (SourceError, TimeoutError) as error:
            log.warning("a token could not be reviewed, the scrape is refused", error=str(error) or "timeout")
            return Refusal.REVIEW_FAILED

    async def _judge(self, header: str, path: str, users: Mapping[str, bytes]) -> Refusal | None:
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() == "basic" and users:
            user, password = parse_basic(credentials)
            return None if await self._passwords.match(users, user, password) else Refusal.UNAUTHENTICATED
        if scheme.lower() == "bearer" and self._tokens is not None:
            return None if await self._tokens.may_get(credentials.strip(), path) else Refusal.FORBIDDEN
        return Refusal.UNAUTHENTICATED

    def challenges(self, users: Mapping[str, bytes]) -> tuple[str, ...]:
        """Values of WWW-Authenticate: the schemes that would do."""
        basic = ('Basic realm="gitops-observability", charset="UTF-8"',) if users else ()
        return (*basic, "Bearer") if self._tokens is not None else basic

    def close(self) -> None:
        """Drop what waits."""
        self._passwords.close()


def parse_basic(credentials: str) -> tuple[str, bytes]:
    """User and password. Raises ValueError."""
    try:
        user, colon, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
    except binascii.Error:
        raise ValueError("not base64") from None
    if not colon:
        raise ValueError("no colon")
    return user.decode("utf-8"), password


class Passwords:
    """Passwords against bcrypt hashes: one check at a time, in a thread; pairs that matched are remembered."""

    def __init__(self, waiting: int) -> None:
        self._key = secrets.token_bytes(32)
        self._matched: OrderedDict[bytes, None] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "bcrypt")
        self._free = waiting

    async def match(self, users: Mapping[str, bytes], user: str, password: bytes) -> bool:
        """Is it the password of `user`? An unknown user costs as much as a known one. Raises OverloadError."""
        hashed = users.get(user)
        digest = _keyed(self._key, user.encode(), hashed or b"", password)
        if digest in self._matched:
            self._matched.move_to_end(digest)
            return True
        matches = await self._check(password, hashed or _nobody(users))
        if hashed is None or not matches:
            return False
        self._matched[digest] = None
        if len(self._matched) > _REMEMBERED:
            self._matched.popitem(last=False)
        return True

    async def _check(self, password: bytes, hashed: bytes) -> bool:
        if self._free <= 0:
            raise OverloadError
        self._free -= 1
        loop = asyncio.get_running_loop()
        job = self._thread.submit(_matches, password, hashed)
        # A client that hangs up does not stop bcrypt: the place is free when the thread is, not when the waiting ends.
        job.add_done_callback(lambda done: self._give_back(loop, done))
        return await asyncio.wrap_future(job)

    def _give_back(self, loop: asyncio.AbstractEventLoop, _: "Future[bool]") -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._one_more)

    def _one_more(self) -> None:
        self._free += 1

    def close(self) -> None:
        """Drop the checks that wait; the one that runs ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class Tokens:
    """Bearer tokens, asked of the reviewer; its answers, also no, are remembered for a while, its failures are not."""

    def __init__(self, reviewer: TokenReviewer, limits: Limits, now: Callable[[], float]) -> None:
        self._reviewer = reviewer
        self._seconds = limits.review_seconds
        self._now = now
        self._key = secrets.token_bytes(32)
        self._answers: OrderedDict[bytes, tuple[float, bool]] = OrderedDict()
        self._asking = asyncio.Semaphore(limits.reviews)
        self._free = limits.reviews * 9

    async def may_get(self, token: str, path: str) -> bool:
        """May its bearer get `path`? Raises SourceError, TimeoutError, OverloadError; ValueError: it is empty."""
        if not token:
            raise ValueError("no token")
        digest = _keyed(self._key, token.encode("utf-8", "surrogateescape"), path.encode())
        until, answer = self._answers.get(digest, (0.0, False))
        if self._now() < until:
            return answer
        answer = await self._ask(token, path)
        self._answers[digest] = (self._now() + self._seconds, answer)
        self._answers.move_to_end(digest)
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    async def _ask(self, token: str, path: str) -> bool:
        if self._free <= 0:
            raise OverloadError
        self._free -= 1
        try:
            async with asyncio.timeout(self._seconds), self._asking:
                return await self._reviewer.may_get(token, path)
        finally:
            self._free += 1


def _keyed(key: bytes, *parts: bytes) -> bytes:
    digest = hashlib.blake2b(key=key, digest_size=32)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _nobody(users: Mapping[str, bytes]) -> bytes:
    """A hash that no password has, as dear to check as the dearest of `users`."""
    cost = max(hashed.split(b"$")[2] for hashed in users.values())
    return b"$2b$" + cost + b"$" + b"." * 53


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_BCRYPT_BYTES], hashed)  # bcrypt never looks further, and bcrypt 5 raises
    except ValueError:
        return False
