"""The exporter, composed: the only place where the stages meet, and where the clock is read.

Sources yield observations, the store turns them into changes, the exposition renders them, the server serves that; the
recorder makes history of them, the journal keeps it, and a task for each receiver sends it.
All of it runs in one event loop; only deflating, bcrypt, files and the journal leave it for a thread. `availability`
knows what of the API is in, `pipeline` carries observations through the stages to `recorder`, `deliveries` says who is
sent what, `composition` joins them with the server. `checking` says beforehand what would be refused.
Before the start, `plugins` loads what packages add, `keys` the key for names of people, and `exposed` chooses what is
served; `restoring` goes on from what the journal holds. `unsaved` has the states that wait for the journal, `watched`
where each watch stands. `enrichment` adds commits to events, `measuring` brings the metrics of the journal up to date,
`hugepages` saves look-ups of addresses, and `farewell` is the end of a journal in memory.
"""

from observability.app.composition import run

__all__ = ["run"]
