"""OTLP over HTTP: one connection, requests in protobuf, no redirects. No exception of aiohttp's leaves this module.

Source: aiohttp 3.14; OTLP specification 1.9, OTLP/HTTP.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import aiohttp
from isal import igzip
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from observability import __version__
from observability.delivery.credentials import hidden
from observability.delivery.otlp import files
from observability.delivery.otlp.answers import Answer, Response, judge
from observability.delivery.otlp.endpoint import Compression, Endpoint, logs_url, traces_url, without_query
from observability.delivery.proxies import proxy_for
from observability.errors import Later, Refused, SettingsError
from observability.sources.backoff import retry_after_seconds

ANSWER_BYTES_MAX: Final = 2**20
"""The longest answer that is read; a receiver's is some hundred bytes."""

_UNREACHABLE: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""What aiohttp raises when there is no answer; ValueError for an answer or a URL that it cannot read."""


class HttpSender:
    """One receiver. `clock` gives seconds since the epoch, for a Retry-After that is a date.

    Raises SettingsError when a certificate cannot be used.
    """

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        # Says at the start what is wrong with them.
        files.context(endpoint)
        files.headers(endpoint)

    async def logs(self, request: ExportLogsServiceRequest) -> str:
        """Send logs; returns what the receiver remarks, mostly nothing. Raises Refused and Later."""
        return await self._post(logs_url(self._endpoint) or "", request.SerializeToString(), ExportLogsServiceResponse)

    async def traces(self, request: ExportTraceServiceRequest) -> str:
        """Send traces, as `logs` does."""
        url = traces_url(self._endpoint) or ""
        return await self._post(url, request.SerializeToString(), ExportTraceServiceResponse)

    async def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _post(self, url: str, body: bytes, response: Callable[[], Response]) -> str:
        data = igzip.compress(body, 1) if self._endpoint.compression is Compression.GZIP else body
        try:
            session, headers = await self._connected(), self._headers()
            request = session.post(url, data=data, headers=headers, allow_redirects=False, proxy=proxy_for(url))
            async with request as answer:
                read = _discreet(await self._read(answer, url), headers)
        except SettingsError as error:  # the files could be used at the start
            raise Later(str(error)) from error
        except _UNREACHABLE as error:
            # The files of certificates may have changed, and a connection that hangs is not worth keeping.
            await self.close()
            raise Later(f"cannot reach {without_query(url)}: {self._reason(error)}") from error
        try:
            return hidden(judge(read, response, self._endpoint.accept_no_content), headers)
        except Refused as error:
            raise Refused(hidden(str(error), headers)) from None

    def _headers(self) -> dict[str, str]:
        ours = {"User-Agent": f"gitops-observability/{__version__}", "Content-Type": "application/x-protobuf"}
        if self._endpoint.compression is Compression.GZIP:
            ours["Content-Encoding"] = "gzip"
        return {**ours, **files.headers(self._endpoint)}

    async def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            # In a thread: to read the authorities of the system takes 20 ms, in which nobody else would be served.
            context = await asyncio.to_thread(files.context, self._endpoint)
            connector = aiohttp.TCPConnector(limit=1, ssl=context)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._endpoint.timeout_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _read(self, answer: aiohttp.ClientResponse, url: str) -> Answer:
        body = bytearray()
        async for chunk in answer.content.iter_chunked(2**16):
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                answer.close()
                raise Later(f"{without_query(url)} answered {answer.status} with more than {ANSWER_BYTES_MAX} bytes")
        return Answer(
            asked=without_query(url),
            status=answer.status,
            content_type=answer.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            body=bytes(body),
            retry_after_seconds=retry_after_seconds(answer.headers.get("Retry-After"), self._clock()),
            location=answer.headers.get("Location", ""),
        )

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no whole answer within {self._endpoint.timeout_seconds:g} s"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return f"its certificate cannot be trusted: {error.certificate_error}"
        if isinstance(error, ssl.SSLError | aiohttp.ClientConnectorSSLError):
            return f"TLS failed, does it speak TLS at all? ({error})"
        if isinstance(error, aiohttp.ClientResponseError):
            return f"no answer in HTTP: is it the port of another protocol, gRPC perhaps? ({error.message[:100]})"
        return str(error) or type(error).__name__


def _discreet(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """An error without what it repeats of the request. A success may be protobuf, in which lengths count."""
    if answer.status == HTTPStatus.OK:
        return answer
    body = hidden(answer.body.decode("utf-8", "surrogateescape"), headers).encode("utf-8", "surrogateescape")
    return answer._replace(body=body, location=hidden(answer.location, headers))
