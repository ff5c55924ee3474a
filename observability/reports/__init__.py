"""Reports: what the journal tells about the past, as tables.

`reading` opens the journal of an exporter that may be running, to read and nothing else. Everything beside it is pure:
events or states in, a `table.Table` out; no clock, no file, no format. The command prints them.
To add a report, add a module with its COLUMNS and a verb to `observability.cli.report`.
"""
