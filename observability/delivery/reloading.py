"""The web configuration while the server runs: read anew when it, or a file that it names, changes. I/O: reads files.

Contents are compared, not times: a Kubernetes Secret changes by swapping a symbolic link, and a content is right where
times are coarse. What is bad is reported and changes nothing: the last good configuration stays in force.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from observability.delivery.tls import Validity, certificate_validity, make_context
from observability.delivery.webconfig import WebConfig, parse_web_config
from observability.errors import SettingsError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be served. `context` and `validity` are None without TLS."""

    config: WebConfig
    context: ssl.SSLContext | None = None
    validity: Validity | None = None


@dataclass(frozen=True, slots=True)
class Reload:
    """What came of loading the file: for the exporter's own metrics.

    `successful`: False, and the one before stays in force. `at`: when, in seconds since the epoch.
    `certificate_ends_at`: until when the certificate in force is valid, None without TLS.
    """

    successful: bool
    at: float
    certificate_ends_at: float | None


class WebConfiguration:
    """The configuration in force. Without a file: plain HTTP for everybody, for ever."""

    def __init__(self, file: Path | None, clock: Callable[[], float], on_reload: Callable[[Reload], None]) -> None:
        self.current = Loaded(WebConfig())
        self._file = file
        self._clock = clock
        self._report = on_reload
        self._fingerprint = b""
        self._trouble = ""

    async def start(self) -> None:
        """Load it for the first time. Raises SettingsError."""
        if self._file is not None:
            self._fingerprint = await asyncio.to_thread(fingerprint, self._file)
            self._take(await asyncio.to_thread(load, self._file))

    async def follow(self, every_seconds: float) -> None:
        """Look at the files for ever; without a file return at once."""
        while self._file is not None:
            await asyncio.sleep(every_seconds)
            await self.look(self._file)

    async def look(self, file: Path) -> None:
        """Load `file` when something has changed since it was loaded. A bad one is told once, and tried at each look.

        It may be bad for no longer than it takes to swap its files, and look the same before and after.
        """
        try:
            seen = await asyncio.to_thread(fingerprint, file)
            if seen == self._fingerprint and not self._trouble:
                return
            loaded = await asyncio.to_thread(load, file)
        except Exception as error:  # whatever it is, later changes must be seen
            self._refuse(error)
            return
        self._fingerprint, self._trouble = seen, ""
        self._take(loaded)
        log.info("web configuration loaded anew", file=str(file), tls=self.current.context is not None)

    def _refuse(self, error: Exception) -> None:
        trouble = str(error) or type(error).__name__
        if trouble == self._trouble:
            return
        self._trouble = trouble
        defect = None if isinstance(error, SettingsError) else error
        log.error("the web configuration is bad, the one before stays in force", error=trouble, exc_info=defect)
        self._tell(successful=False)

    def _take(self, loaded: Loaded) -> None:
        self.current = loaded
        if loaded.validity is not None and not loaded.validity.holds(self._clock()):
            files = [str(file) for file in loaded.config.files]
            log.error("the certificate is not valid now: clients that verify it will refuse it", files=files)
        self._tell(successful=True)

    def _tell(self, *, successful: bool) -> None:
        validity = self.current.validity
        self._report(Reload(successful, self._clock(), validity.ends_at if validity else None))


def load(file: Path) -> Loaded:
    """`file` and what it names, ready to serve. Raises SettingsError. An expired certificate is loaded, as Go does."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(str(file), "", f"expected a readable file ({error.strerror})") from None
    config = parse_web_config(content, file)
    if config.tls is None:
        return Loaded(config)
    return Loaded(config, make_context(config.tls, str(file)), certificate_validity(config.tls, str(file)))


def fingerprint(file: Path) -> bytes:
    """Changes when the content of `file`, or of a file that it names, changes, or whether it can be read."""
    content = _content(file)
    named: tuple[Path, ...] = ()
    with suppress(SettingsError):
        named = parse_web_config(content, file).files
    digest = hashlib.sha256()
    for part in (content, *map(_content, named)):
        digest.update(hashlib.sha256(part).digest())
    return digest.digest()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        return f"\0{error.errno}".encode()
