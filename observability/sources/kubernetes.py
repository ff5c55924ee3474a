"""The Kubernetes API as this product asks it: one connection, whose answers are bytes and whose errors are ours.

The only importer of `kubernetes`, whose asyncio client brings configuration, TLS and authentication.
No exception of theirs or of aiohttp's leaves this module.
Source: kubernetes 37.0.2, kubernetes/aio/{client,config}.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import structlog
import yaml
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import KUBE_CONFIG_DEFAULT_LOCATION, ConfigException, load_kube_config
from kubernetes.aio.config.incluster_config import InClusterConfigLoader
from kubernetes.aio.config.kube_config import ENV_KUBECONFIG_PATH_SEPARATOR

from observability import __version__
from observability.errors import SettingsError, SourceError, Unauthorized
from observability.settings.groups import Kubernetes
from observability.sources import envelope
from observability.sources.backoff import retry_after_seconds

log = structlog.get_logger(__name__)

BODY_BYTES_MAX: Final = 64 * 2**20
"""The longest answer that is read; a page of a list that is longer is asked for in smaller pieces."""

_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONNECT_SECONDS: Final = 10.0
_ERROR_BYTES_MAX: Final = 2**20
_UNREACHABLE: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""What aiohttp raises when there is no answer; ValueError for a URL or header that cannot be sent."""


class AnswerTooLongError(SourceError):
    """An answer longer than `BODY_BYTES_MAX`."""


class Body:
    """The answer of a watch while it comes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def chunk(self) -> bytes:
        """What has come since the last call, waited for; empty at the end.

        Raises:
            SourceError: the connection broke, or was cut before the end.
        """
        try:
            return await self._response.content.readany()
        except _UNREACHABLE as error:
            raise SourceError(f"the answer broke off: {_said(error)}") from error


class Connection:
    """One API server, asked as one user.

    `streaming_lists` is what was learned of the server: False once it refused a list as a stream.
    """

    def __init__(
        self,
        client: ApiClient,
        reload: Callable[[], Awaitable[Configuration]],
        request_timeout_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.streaming_lists = True
        self._client = client
        self._reload = reload
        self._timeout_seconds = request_timeout_seconds
        self._clock = clock
        self._credentials = 0
        self._refreshing = asyncio.Lock()

    @property
    def host(self) -> str:
        """The URL of the API server."""
        return str(self._client.configuration.host)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """The JSON at `path`.

        Raises:
            ApiError: the server says no, as `NotFound` or `Forbidden`.
            SourceError: no answer, or none that is JSON.
        """
        return await self._exchange("GET", path, query or {}, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """What the server answers to `body`, raises as `get`."""
        return await self._exchange("POST", path, {}, body)

    @asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Body]:
        """A watch that the server accepted; it lasts as long as the server and the caller want. Raises as `get`."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._accepted("GET", path, query, None)
        except _UNREACHABLE as error:
            raise SourceError(f"cannot reach {self.host}: {_said(error)}") from error
        try:
            yield Body(response)
        finally:
            response.close()

    async def _exchange(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._accepted(method, path, query, body)
                try:
                    return await _read(response, BODY_BYTES_MAX)
                finally:
                    response.release()
        except _UNREACHABLE as error:
            raise SourceError(f"cannot reach {self.host}: {_said(error)}") from error

    async def _accepted(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> aiohttp.ClientResponse:
        """The answer with status 2xx and JSON in it, if need be with fresh credentials."""
        credentials = self._credentials
        try:
            return await self._ask(method, path, query, body)
        except (Unauthorized, aiohttp.ClientSSLError) as error:
            await self._refresh(credentials, error)
        return await self._ask(method, path, query, body)

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> aiohttp.ClientResponse:
        # Uncompressed: gzip costs the server more time than it saves, and a proxy that compresses holds events back.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._client.configuration.cert_file:
            # A connection keeps the certificate that it began with, also when that has expired.
            headers["Connection"] = "close"
        request = await self._client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        # Without a limit on the whole: the client would cut a watch after 300 s.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        answer = await self._client.call_api(*request, _request_timeout=timeout)
        response: aiohttp.ClientResponse = answer.response
        if 200 <= response.status < 300 and "json" in response.headers.get("Content-Type", "json"):
            return response
        try:
            raise await self._refused(response)
        finally:
            response.close()

    async def _refused(self, response: aiohttp.ClientResponse) -> SourceError:
        content_type = response.content_type
        if 200 <= response.status < 300:
            return SourceError(
                f"expected JSON from {self.host}, got {content_type}: is it the page of a proxy or a login?"
            )
        try:
            body = await _read(response, _ERROR_BYTES_MAX)
        except (*_UNREACHABLE, SourceError):
            body = b""
        retry_after = retry_after_seconds(response.headers.get("Retry-After"), self._clock())
        return envelope.error(response.status, body, f"{response.reason}, as {content_type}", retry_after)

    async def _refresh(self, credentials: int, cause: Exception) -> None:
        """Read the credentials anew, unless somebody did since `credentials` was the number of times that was done."""
        async with self._refreshing:
            if self._credentials != credentials:
                return
            log.info("reading the credentials anew", host=self.host, cause=_said(cause))
            try:
                fresh = await self._reload()
                _adopt(self._client, fresh)
            except (SettingsError, OSError) as error:
                raise SourceError(f"cannot read the credentials anew: {_said(error)}") from error
            self._credentials += 1


@asynccontextmanager
async def connect(
    settings: Kubernetes, clock: Callable[[], float], service_account: Path = _SERVICE_ACCOUNT
) -> AsyncIterator[Connection]:
    """A connection by the kubeconfig of the settings, else $KUBECONFIG, else ~/.kube/config, else as a pod.

    Nothing is asked yet. `clock` tells epoch seconds; `service_account` is where a pod finds its token.

    Raises:
        SettingsError: no configuration, or one that cannot be used.
    """

    async def load() -> Configuration:
        return await _configuration(settings, service_account)

    configuration = await load()
    try:
        client = ApiClient(configuration)
    except (OSError, ValueError) as error:
        raise SettingsError(_where(settings), "", f"expected usable certificates: {_said(error)}") from error
    client.user_agent = f"gitops-observability/{__version__}"
    try:
        yield Connection(client, load, settings.request_timeout_seconds, clock)
    finally:
        await client.close()  # type: ignore[no-untyped-call]


async def _configuration(settings: Kubernetes, service_account: Path) -> Configuration:
    configuration = Configuration()
    where = _where(settings)
    try:
        if _has_kubeconfig(settings):
            await load_kube_config(where, settings.context, configuration, False)  # type: ignore[no-untyped-call]
        else:
            pod = InClusterConfigLoader(service_account / "token", service_account / "ca.crt")  # type: ignore[no-untyped-call]
            pod.load_and_set(configuration)  # type: ignore[no-untyped-call]
    except ConfigException as error:
        raise SettingsError(where, "", f"{error}{_hint(settings)}") from error
    except (OSError, yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise SettingsError(where, "", f"expected a kubeconfig: {_said(error)}") from error
    _tidy_tokens(configuration)
    configuration.connection_pool_maxsize = 0  # one connection a watch, however many there are
    # Python 3.13 refuses certificate authorities that kubectl accepts, such as those without a key identifier.
    configuration.disable_strict_ssl_verification = True
    configuration.client_session_kwargs = {"middlewares": (_refuse_redirects,), "cookie_jar": aiohttp.DummyCookieJar()}
    return configuration


def _tidy_tokens(configuration: Configuration) -> None:
    """Strip the tokens, also when the client reads a pod's anew: a token file may end with a newline, or be empty.

    Source: InClusterConfigLoader, whose hook runs before each request, and puts itself in the place of this one.
    """
    hook: Any = configuration.refresh_api_key_hook  # declared as None

    def refresh(asking: Configuration) -> None:
        try:
            hook(asking)
        except (ConfigException, OSError, ValueError) as error:
            raise SourceError(f"cannot read the token anew: {_said(error)}") from error
        asking.refresh_api_key_hook = refresh  # type: ignore[assignment]
        _strip_tokens(asking)

    _strip_tokens(configuration)
    if hook is not None:
        configuration.refresh_api_key_hook = refresh  # type: ignore[assignment]


def _strip_tokens(configuration: Configuration) -> None:
    for name, value in configuration.api_key.items():
        configuration.api_key[name] = value.strip()


def _where(settings: Kubernetes) -> str:
    return str(settings.kubeconfig or KUBE_CONFIG_DEFAULT_LOCATION)


def _has_kubeconfig(settings: Kubernetes) -> bool:
    """Whether a kubeconfig is used: named, implied by a context, or just there."""
    paths = [Path(path).expanduser() for path in _where(settings).split(ENV_KUBECONFIG_PATH_SEPARATOR) if path]
    found = any(path.is_file() for path in paths)
    if not found and (settings.kubeconfig or settings.context):
        raise SettingsError(_where(settings), "", "expected a kubeconfig, there is no such file")
    return found


def _hint(settings: Kubernetes) -> str:
    if settings.kubeconfig or settings.context:
        return ""
    return " (without a kubeconfig, by --kubeconfig, $KUBECONFIG or ~/.kube/config, this must be a pod of the cluster)"


def _adopt(client: ApiClient, fresh: Configuration) -> None:
    """Let `client` go on with the credentials of `fresh`; streams that are open stay open."""
    old = client.configuration
    old.host = fresh.host
    old.api_key = fresh.api_key
    old.refresh_api_key_hook = fresh.refresh_api_key_hook
    context: ssl.SSLContext = client.rest_client.ssl_context
    if fresh.ssl_ca_cert:
        context.load_verify_locations(fresh.ssl_ca_cert)
    if fresh.cert_file:
        context.load_cert_chain(fresh.cert_file, fresh.key_file)


async def _refuse_redirects(
    request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
) -> aiohttp.ClientResponse:
    """The API server never redirects. Whoever does gets no second request, with a client certificate perhaps."""
    response = await handler(request)
    if 300 <= response.status < 400:
        response.close()
        raise SourceError(f"{request.url.origin()} redirects ({response.status}): is it a proxy or a login?")
    return response


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            response.close()
            raise AnswerTooLongError(f"the answer is longer than {limit} bytes")
    return b"".join(parts)


def _said(error: BaseException) -> str:
    """What happened, also for exceptions without words."""
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
