"""Signals: what the state of an application, and a change of it, means to those who watch it.

Reads model and state values; yields samples, events and spans. Pure: no clock, no I/O, no client library.
To add a metric, add a row to its tuple in `metrics`, and its lines to tests/unit/signals/test_metrics.py. To add an
event, add a row to one of the tuples that `events` joins, and its change to tests/unit/signals/test_events.py.
"""
