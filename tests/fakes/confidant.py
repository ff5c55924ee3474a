"""A receiver of all that is sent over HTTP, in a thread, for tests that run the exporter in another process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Confidant:
    """Keeps the bytes of each body by path, and the credentials it was shown.

    Faithful to what the sinks need: OTLP gets 200 with an empty message, Grafana an id, and no annotations when it is
    asked for some; who sends CDEvents gets a JSON object. `repeats`: it refuses everything, and repeats in its answer
    what it was shown, as careless servers do.
    """

    def __init__(self, *, repeats: bool = False) -> None:
        self.repeats = repeats
        self.bodies: dict[str, list[bytes]] = {}
        self.shown: set[str] = set()
        self.url = ""

    def take(self, path: str, shown: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer."""
        self.bodies.setdefault(path, []).append(body)
        self.shown.add(shown)
        if self.repeats:
            return 401, "text/plain", f"no such token: {shown}".encode()
        if path.startswith("/v1/"):
            return 200, "application/x-protobuf", b""
        return 200, "application/json", b'{"id": 1}' if body else b"[]"

    @contextmanager
    def serving(self) -> Iterator["Confidant"]:
        """Serve on a free port of the loopback; `url` tells which."""
        take = self.take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                shown = " ".join(self.headers.get(name, "") for name in ("Authorization", "X-Api-Key"))
                status, kind, said = take(self.path.partition("?")[0], shown, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = _answer  # noqa: N815 - names of the standard library

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing on stderr."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="confidant")
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
