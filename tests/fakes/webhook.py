"""A webhook that takes what Alertmanager sends, in a thread of its own: tests that wait may block.

A real HTTP server; it takes everything, and keeps when it came.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Message(NamedTuple):
    """One request: `at` by the clock of the machine."""

    at: float
    path: str
    body: dict[str, Any]

    def labels(self, status: str = "firing") -> list[dict[str, str]]:
        """The labels of the alerts with this status."""
        return [one["labels"] for one in self.body["alerts"] if one["status"] == status]


class Webhook:
    """What came so far, in that order; `url` ends without a slash."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.url = ""

    def to(self, path: str) -> list[Message]:
        """What came to a path."""
        return [message for message in list(self.messages) if message.path == path]

    @contextmanager
    def serving(self) -> Iterator["Webhook"]:
        """Serve on a free port of the loopback."""
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messages.append(Message(time.time(), self.path, json.loads(body)))  # noqa: TID251 - of the tests
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
