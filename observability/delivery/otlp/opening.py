"""From an endpoint to a sink that delivers to it. Loads OpenTelemetry's libraries on the first call, not before."""

from collections.abc import Callable, Mapping

from observability.delivery.otlp.endpoint import Endpoint, Protocol, logs_url, traces_url
from observability.model.event import Event, Record
from observability.model.outbox import Sink


def open_sink(endpoint: Endpoint, resource: Mapping[str, str], clock: Callable[[], float]) -> Sink:
    """A sink of records for `endpoint`; it connects when it delivers.

    `resource` says who sends (`variables.resource`). `clock` gives seconds since the epoch.
    Raises SettingsError when a certificate cannot be used.
    """
    # 3 MiB and 0.03 s with HTTP, 12 MiB and 0.05 s with gRPC: for those who have an endpoint.
    from observability.delivery.otlp.encoding import Encoder  # noqa: PLC0415
    from observability.delivery.otlp.sink import OtlpSink, Sender  # noqa: PLC0415

    sender: Sender
    if endpoint.protocol is Protocol.GRPC:
        from observability.delivery.otlp.grpc import GrpcSender  # noqa: PLC0415

        sender = GrpcSender(endpoint)
    else:
        from observability.delivery.otlp.http import HttpSender  # noqa: PLC0415

        sender = HttpSender(endpoint, clock)
    return OtlpSink(endpoint, sender, Encoder(resource))


def takes(endpoint: Endpoint, record: Record) -> bool:
    """Whether the endpoint is for records of this kind: some are for logs only, or for traces."""
    return (logs_url(endpoint) if isinstance(record, Event) else traces_url(endpoint)) is not None
