"""The state: what is remembered of each object, and what is concluded from it.

Reads observations, yields changes. The only mutable domain object is `store.Store`. No I/O, no clock: time comes in.
"""
