"""Sinks: events to others than OTLP, with the same guarantee. Writes files, talks to the network.

`catalogue` has the rows of those that are built in: lines of JSON, CDEvents, Grafana annotations. A sink takes records
in batches and returns once they are there for sure; who hands them over again after a failure is `sending`, not a sink.
`filters` says which records a receiver is sent. To add a sink, write a class that is a `model.outbox.Sink`, and a row.
"""
