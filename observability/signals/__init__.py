"""Signals: what the state of an application, and a change of it, means to those who watch it.

Reads model and state values; yields samples, events and spans. Pure: no clock, no I/O, no client library.
To add a metric, add a row to one of the tuples that `metrics` joins, and its lines to the test of its module in
tests/unit/signals. To add an event, add a row to one of the tuples that `events` joins, and its change to
tests/unit/signals/test_events.py.
"""
