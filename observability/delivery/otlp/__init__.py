"""OTLP: records to receivers of OpenTelemetry's protocol, as logs and traces, over HTTP or gRPC.

`endpoint` says where to and how, `variables` reads that from the standard variables, `opening` makes a sink of it;
these three are cheap to import. The others load OpenTelemetry's encoders and gRPC, which takes time and memory that
only those pay who have an endpoint: `opening` imports them when they are needed. The only place of `opentelemetry` and
`grpc`; no exception of theirs leaves it.
Source: OpenTelemetry Protocol specification 1.9, opentelemetry.io/docs/specs/otlp.
"""
