"""Takes logs and spans over OTLP/HTTP, counts them and throws them away: a process of its own.

    python -m tests.benchmarks.receiving

Says its address in the first line of stdout. Each line on stdin is answered with the number of records so far.
"""

import gzip
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert isinstance(self.server, _Server)
        self.server.count(_records(self.path, body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.counted = 0
        self._lock = threading.Lock()

    def count(self, records: int) -> None:
        with self._lock:
            self.counted += records


def _records(path: str, body: bytes) -> int:
    if path == "/v1/logs":
        logs = ExportLogsServiceRequest.FromString(body).resource_logs
        return sum(len(scope.log_records) for part in logs for scope in part.scope_logs)
    traces = ExportTraceServiceRequest.FromString(body).resource_spans
    return sum(len(scope.spans) for part in traces for scope in part.scope_spans)


def _serve() -> None:
    with _Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        for _ in sys.stdin:  # until whoever measures is gone
            print(server.counted, flush=True)
        server.shutdown()


if __name__ == "__main__":
    _serve()
