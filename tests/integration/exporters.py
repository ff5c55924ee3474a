"""The exporter as its users have it: the command in a process of its own."""

import gzip
import json
import re
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.servers import Server, patience, until

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""Values by name and labels."""

COMMAND: Final = (sys.executable, "-m", "observability")


class Page(NamedTuple):
    """An answer. `status` is 0 when there is none."""

    status: int
    text: str
    headers: Mapping[str, str]


class Exporter(Server):
    """`gitops-obs run` with these arguments, on a free port; `url` tells where it serves."""

    def __init__(self, folder: Path, *arguments: str, listen: str = "127.0.0.1:0", log_level: str = "info") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "exporter.log"
        self.url = ""
        options = ("--listen", listen, "--log-format", "json", "--log-level", log_level)
        super().__init__([*COMMAND, "run", *arguments, *options], self.log)

    def start(self) -> None:
        """Start it, and wait until it serves."""
        super().start()
        until(self._serves, "the exporter serves")

    def _serves(self) -> bool:
        self.alive()
        found = [record["addresses"][0] for record in self.records() if record["event"] == "serving"]
        self.url = f"http://{found[-1]}" if found else ""
        return bool(found)

    def records(self) -> Iterator[dict[str, Any]]:
        """What it has logged so far."""
        for line in self.log.read_text().splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    def get(self, path: str, **headers: str) -> Page:
        """One request, over a connection of its own."""
        request = urllib.request.Request(self.url + path, headers={**headers, "Connection": "close"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                return _page(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return _page(error.code, error.read(), error.headers)
        except OSError as error:
            return Page(0, str(error), {})

    def wait_until_ready(self) -> None:
        """Until the first list is in."""
        until(lambda: self.get("/readyz").status == 200, f"{self.url}/readyz is 200", patience(20))

    def metrics(self) -> str:
        """The text of /metrics, fetched as gzip."""
        page = self.get("/metrics", **{"Accept-Encoding": "gzip"})
        assert page.status == 200, page
        return page.text

    def series(self, *families: str) -> Series:
        """What /metrics says in these families, in all when none is named: seconds for 1,000 Applications."""
        lines = lines_of(self.metrics())
        return series_of("".join(line for line in lines if not families or family_of(line) in families))

    def wait_for(self, *patterns: str, seconds: float = 2.0) -> None:
        """Until lines of /metrics match all of these."""
        until(lambda: self._says(patterns), f"/metrics has {patterns}", patience(seconds))

    def _says(self, patterns: Iterable[str]) -> bool:
        text = self.metrics()
        return all(re.search(pattern, text, re.MULTILINE) for pattern in patterns)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """While the block runs the process is stopped, as on a machine that hibernates."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def end(self, signal_: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; the exit code, and the seconds until it came."""
        process = self._process
        assert process is not None
        began = time.monotonic()
        process.send_signal(signal_)
        code = process.wait(patience(20))
        self._process = None
        return code, time.monotonic() - began


def _page(status: int, body: bytes, headers: Any) -> Page:
    body = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
    return Page(status, body.decode(), headers)


def lines_of(text: str) -> list[str]:
    """The lines of a body, as Prometheus tells them apart: Python knows other ends of lines."""
    return [line + "\n" for line in text.split("\n") if line]


def family_of(line: str) -> str:
    """The name in front of a sample."""
    return line.partition("{")[0].partition(" ")[0]


def series_of(text: str) -> Series:
    """What a body of /metrics says. Fails when a series is there twice."""
    found: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = (sample.name, frozenset(sample.labels.items()))
            assert name not in found, name
            found[name] = sample.value
    return found
