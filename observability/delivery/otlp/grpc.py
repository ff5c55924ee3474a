"""OTLP over gRPC, by the generated stubs. No exception of gRPC's leaves this module.

Source: grpcio 1.85 (grpc.aio); OTLP specification 1.9, OTLP/gRPC Response.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from observability import __version__
from observability.delivery.credentials import hidden
from observability.delivery.otlp import files
from observability.delivery.otlp.answers import judge_response
from observability.delivery.otlp.endpoint import Compression, Endpoint, logs_url, traces_url, without_query
from observability.errors import Later, Refused, SettingsError
from observability.sources.backoff import RETRY_AFTER_MAX_SECONDS

_OPTIONS: Final = (
    ("grpc.primary_user_agent", f"gitops-observability/{__version__}"),
    ("grpc.max_receive_message_length", 2**20),
    # We pause ourselves; a receiver that is back should not wait for gRPC's own two minutes.
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)
_DETAILS: Final = "grpc-status-details-bin"
_TOO_LARGE: Final = re.compile(r"larger than|too large|exceeds|message size", re.IGNORECASE)
"""What servers in Go, Java and C++ say of a message beyond their limit, with RESOURCE_EXHAUSTED."""
_BROKEN: Final = (StatusCode.DEADLINE_EXCEEDED, StatusCode.UNAVAILABLE)
_PORTS: Final = {"http": 4317, "https": 443}


class GrpcSender:
    """One receiver. Raises SettingsError when a certificate cannot be used."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._channels: dict[str, grpc.aio.Channel] = {}
        # Says at the start what is wrong with them.
        files.context(endpoint)
        files.headers(endpoint)

    async def logs(self, request: ExportLogsServiceRequest) -> str:
        """Send logs; returns what the receiver remarks, mostly nothing. Raises Refused and Later."""
        return await self._export(logs_url(self._endpoint) or "", LogsServiceStub, request)

    async def traces(self, request: ExportTraceServiceRequest) -> str:
        """Send traces, as `logs` does."""
        return await self._export(traces_url(self._endpoint) or "", TraceServiceStub, request)

    async def close(self) -> None:
        """Close the connections; the next request opens a new one."""
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            await channel.close()

    async def _export(self, url: str, stub: Any, request: Any) -> str:
        try:
            metadata = tuple((name.lower(), value) for name, value in files.headers(self._endpoint).items())
        except SettingsError as error:  # the files could be used at the start
            raise Later(str(error)) from error
        try:
            export = stub(self._channel(url)).Export
            response = await export(request, timeout=self._endpoint.timeout_seconds, metadata=metadata)
        except SettingsError as error:  # the files could be used at the start
            raise Later(str(error)) from error
        except grpc.aio.AioRpcError as error:
            if error.code() in _BROKEN:
                # The files of certificates may have changed, and a connection that hangs is not worth keeping.
                await self.close()
            raise failure(url, error, dict(metadata)) from error
        except grpc.RpcError as error:
            raise Later(f"cannot reach {without_query(url)}: {error}") from error
        return judge_response(response)

    def _channel(self, url: str) -> grpc.aio.Channel:
        parts = urlsplit(url)
        target = f"{parts.netloc}" if parts.port else f"{parts.netloc}:{_PORTS[parts.scheme]}"
        key = f"{parts.scheme}://{target}"
        if key not in self._channels:
            gzip = self._endpoint.compression is Compression.GZIP
            compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
            if parts.scheme == "http":
                channel = grpc.aio.insecure_channel(target, _OPTIONS, compression)
            else:
                channel = grpc.aio.secure_channel(target, self._credentials(), _OPTIONS, compression)
            self._channels[key] = channel
        return self._channels[key]

    def _credentials(self) -> grpc.ChannelCredentials:
        root, client, key = files.read(self._endpoint)
        return grpc.ssl_channel_credentials(root, key, client)


def failure(url: str, error: grpc.aio.AioRpcError, shown: Mapping[str, str] = MappingProxyType({})) -> Refused | Later:
    """What a status other than OK means. `shown`: what the receiver was shown, and may repeat.

    Only a status that is about the records refuses them. By the specification others must not be tried again, either,
    UNAUTHENTICATED for one; they are about the way, and we lose nothing.
    """
    code, details = error.code(), hidden(error.details() or "", shown)
    said = f"{without_query(url)} answered {code.name}" + (f": {' '.join(details.split())[:200]}" if details else "")
    seconds = retry_delay_seconds(error)
    if code is StatusCode.INVALID_ARGUMENT:
        return Refused(said)
    if code is StatusCode.RESOURCE_EXHAUSTED and seconds is None and _TOO_LARGE.search(details):
        return Refused(said)
    if code is StatusCode.DEADLINE_EXCEEDED:
        return Later(f"{said} (no whole answer in time)", seconds)
    return Later(said, seconds)


def retry_delay_seconds(error: grpc.aio.AioRpcError) -> float | None:
    """How long the RetryInfo of an error asks to wait; None: it has none."""
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            return _retry_info_seconds(value)
    return None


def _retry_info_seconds(details: bytes) -> float | None:
    status, info = Status(), RetryInfo()
    try:
        status.ParseFromString(details)
        for detail in status.details:
            if detail.Unpack(info):
                seconds = info.retry_delay.seconds + info.retry_delay.nanos / 1e9
                return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS)
    except DecodeError:
        return None
    return None
