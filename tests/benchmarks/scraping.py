"""A scrape as Prometheus does it, timed, and what the exporter says of itself in it."""

import http.client
import time
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

_OWN_BYTES: Final = 2**20
"""The exporter's own metrics come first, well within so much text."""
_PIECE: Final = 2**20


class Scrape(NamedTuple):
    """One answer. `milliseconds` until its last byte; `body` as it came, empty when it was only counted."""

    milliseconds: float
    size: int
    body: bytes

    @property
    def own(self) -> dict[str, float]:
        """The values of the exporter's own metrics, by series as written."""
        text = zlib.decompressobj(31).decompress(self.body, _OWN_BYTES).decode()
        lines = [line for line in text.splitlines() if line.startswith("gitops_exporter_")]
        return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}


class Scraper:
    """Scrapes one address through one connection, as Prometheus does."""

    def __init__(self, port: int, timeout_seconds: float = 120.0) -> None:
        self._port = port
        self._timeout_seconds = timeout_seconds
        self._connection = self._connect()

    def status(self, path: str) -> int:
        """Of the answer at `path`; 0 while nobody listens."""
        connection = self._connect()
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def gzip(self, path: str = "/metrics") -> Scrape:
        """The body, compressed."""
        started = time.perf_counter()
        response = self._ask(path, "gzip")
        body = response.read()
        return Scrape((time.perf_counter() - started) * 1e3, len(body), body)

    def identity(self, path: str = "/metrics") -> Scrape:
        """The body as text; it is counted and thrown away."""
        started = time.perf_counter()
        response = self._ask(path, "identity")
        buffer, size = memoryview(bytearray(_PIECE)), 0
        while length := response.readinto(buffer):
            size += length
        return Scrape((time.perf_counter() - started) * 1e3, size, b"")

    def count(self, needle: bytes, path: str = "/metrics") -> int:
        """How many lines of the text begin with `needle`; 0 while nobody answers."""
        try:
            body = self._ask(path, "identity").read()
        except (OSError, http.client.HTTPException):
            self._connection = self._connect()
            return 0
        return body.count(b"\n" + needle)

    def _ask(self, path: str, encoding: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers={"Accept-Encoding": encoding})
        response = self._connection.getresponse()
        if response.status != 200:
            raise http.client.HTTPException(f"{path}: {response.status}")
        return response

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout_seconds)


class Histogram(NamedTuple):
    """Observations by upper bound, those of the bounds below not included; the last bound is infinite."""

    counts: tuple[tuple[float, float], ...]

    @classmethod
    def between(cls, before: Mapping[str, float], after: Mapping[str, float], name: str) -> "Histogram":
        """What the histogram `name` of the exporter observed between two scrapes."""
        beginning = name + '_bucket{le="'
        total = 0.0
        counts = []
        for series, value in after.items():
            if series.startswith(beginning):
                cumulative = value - before.get(series, 0.0)
                counts.append((float(series[len(beginning) : -2]), cumulative - total))
                total = cumulative
        return cls(tuple(counts))

    @property
    def total(self) -> float:
        """How many observations."""
        return sum(count for _, count in self.counts)

    def highest(self) -> float:
        """The upper bound of the highest bucket with an observation in it, the last finite one for those above it."""
        finite = [bound for bound, _ in self.counts[:-1]]
        reached = [min(bound, finite[-1]) for bound, count in self.counts if count]
        return max(reached, default=0.0)

    def above(self, bound: float) -> float:
        """How many observations were larger than `bound`, which is the bound of a bucket."""
        return sum(count for upper, count in self.counts if upper > bound)

    def quantile(self, share: float) -> float:
        """As Prometheus' histogram_quantile: linear within the bucket, the last finite bound above it."""
        wanted, lower, seen = share * self.total, 0.0, 0.0
        for upper, count in self.counts[:-1]:
            if count and seen + count >= wanted:
                return lower + (upper - lower) * (wanted - seen) / count
            lower, seen = upper, seen + count
        return lower
