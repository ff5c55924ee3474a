"""The exporter, composed: the only place where the stages meet, and where the clock is read.

Sources yield observations, the store turns them into changes, the exposition renders them, the server serves that; the
recorder makes history of them, the journal keeps it, and a task for each receiver sends it.
All of it runs in one event loop; only deflating, bcrypt, files and the journal leave it for a thread. `availability`
knows what of the API is in, `pipeline` carries observations through the stages to `recorder`, `deliveries` says who is
sent what, `composition` joins them with the server. `checking` says beforehand what would be refused.
"""

from observability.app.composition import run

__all__ = ["run"]
