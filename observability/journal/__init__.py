"""The journal: what must survive a restart, in one SQLite file, or in memory without one. I/O: that file.

Saved states, watch cursors, records to deliver, dead letters and the audit chain change together, in one transaction.
`journal` is the face for the event loop, over `writer`, the one thread that has the connection. Below it are plain
functions over a connection: `ledger` joins them for the writer; `endpoints`, `letters`, `chain` and `copying` serve
commands, too, beside a running exporter. Whoever reads the file with SQL finds its tables in `schema`.
"""
