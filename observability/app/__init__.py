"""The exporter, composed: the only place where the stages meet, and where the clock is read.

Sources yield observations, the store turns them into changes, the exposition renders them, the server serves that.
All of it runs in one event loop; only deflating, bcrypt and files leave it for a thread. `availability` knows what of
the API is in, `pipeline` carries observations through the stages, `composition` joins both with the server.
"""

from observability.app.composition import run

__all__ = ["run"]
