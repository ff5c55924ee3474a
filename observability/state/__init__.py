"""The state: what is remembered of each object, and what is concluded from it.

Reads observations, yields changes (`store`), and from these what is counted of a service (`tallies`) and what travels
between environments (`promotion`). Only these three remember. No I/O, no clock: time comes in.
"""
