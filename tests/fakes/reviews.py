"""Answers TokenReview and SubjectAccessReview, as a cluster's webhooks or its API server do."""

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class User(NamedTuple):
    """Who a token belongs to."""

    name: str
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Upstream(NamedTuple):
    """An API server to which everything else is forwarded."""

    url: str
    context: ssl.SSLContext


class Reviews:
    """A working fake of the two reviews.

    Faithful to k8s.io/api authentication/v1 and authorization/v1: the same object comes back with a status. A token
    that `users` does not know is not authenticated. Everybody may do everything but what stands in `denied`: pairs of a
    user and a resource (`applications`) or a non-resource path (`/metrics`). With `upstream` other requests are passed
    on as they are, watches too, with the identity of the proxy. `asked` holds the specs of all reviews.
    """

    def __init__(self, upstream: Upstream | None = None) -> None:
        self.users: dict[str, User] = {}
        self.denied: set[tuple[str, str]] = set()
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        """What the reviews are answered with; 500 is a cluster whose reviews fail."""
        self.gone = False
        """When true, every connection is closed without an answer, as by a cluster that is away."""
        self.upstream = upstream
        self.url = ""

    def answer(self, review: dict[str, Any]) -> dict[str, Any]:
        """The review, with a status."""
        spec = review["spec"]
        self.asked.append(spec)
        status = self._who(spec) if review["kind"] == "TokenReview" else self._may(spec)
        return {**review, "status": status}

    def _who(self, spec: dict[str, Any]) -> dict[str, Any]:
        user = self.users.get(spec["token"])
        if user is None:
            return {"authenticated": False, "error": "unknown token"}
        who = {"username": user.name, "groups": list(user.groups), "extra": {name: list(of) for name, of in user.extra}}
        return {"authenticated": True, "user": who}

    def _may(self, spec: dict[str, Any]) -> dict[str, Any]:
        resource = spec.get("resourceAttributes", {}).get("resource")
        asked = resource or spec.get("nonResourceAttributes", {}).get("path")
        allowed = (spec.get("user"), asked) not in self.denied
        return {"allowed": allowed, "reason": "" if allowed else "no rule of the tests allows it"}

    @contextmanager
    def serving(self) -> Iterator["Reviews"]:
        """Serve on a free port of the loopback; `url` tells which."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"reviews": self}))
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One request; `reviews` is set by `serving`."""

    protocol_version = "HTTP/1.0"  # an answer without a length ends with the connection: watches have none
    reviews: Reviews

    def handle(self) -> None:
        with suppress(OSError, HTTPException):  # either side went away
            super().handle()

    def parse_request(self) -> bool:
        if self.reviews.gone:
            self.close_connection = True
            return False
        return super().parse_request()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # A webhook is posted to at the path that its kubeconfig names.
        if self.path.startswith("/webhook") or "reviews" in self.path:
            self._begin(self.reviews.status)
            self.wfile.write(json.dumps(self.reviews.answer(json.loads(body))).encode())
        else:
            self._forward(body)

    def do_GET(self) -> None:
        self._forward(None)

    def _forward(self, body: bytes | None) -> None:
        upstream = self.reviews.upstream
        if upstream is None:
            self._begin(404)
            return
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(upstream.url + self.path, body, headers, method=self.command)  # noqa: S310
        try:
            with urllib.request.urlopen(request, context=upstream.context) as answer:  # noqa: S310 - of the tests
                self._begin(answer.status)
                while chunk := answer.read1():
                    self.wfile.write(chunk)
        except urllib.error.HTTPError as error:
            with error:
                self._begin(error.code)
                self.wfile.write(error.read())

    def _begin(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Nothing: the tests look at `asked`."""
