"""Signals: what the state of an application means to those who watch it.

Reads model and state values, yields samples. Pure: no clock, no I/O, no client library.
To add a metric, add a row to its tuple in `metrics`, and its lines to tests/unit/signals/test_metrics.py.
"""
