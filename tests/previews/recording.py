"""What the exporter of a demo exposes while hours go by in minutes, as samples for a Prometheus.

The clock of the demo and of its exporter is hastened, so that durations and ages are those of the company's own time:
what took it two minutes is two minutes on the dashboards.
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.integration.servers import free_port, until

STEP: Final = 60
"""Seconds between two scrapes."""

_CLOCK: Final = """\
import os, time
_real, _real_ns = time.time, time.time_ns
_began, _first, _speed = (float(os.environ["PREVIEWS_" + name]) for name in ("BEGAN", "FIRST", "SPEED"))
time.time = lambda: _first + (_real() - _began) * _speed
time.time_ns = lambda: int(time.time() * 1e9)
"""
"""Python runs a sitecustomize before all else, in the processes that the demo starts too."""

_NAME: Final = re.compile(r"[a-z_A-Z0-9:]+")
_TARGET: Final = 'instance="gitops-observability:9797",job="gitops-observability"'


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when was recorded, in seconds since 1970."""

    start: int
    end: int


def record(folder: Path, names: Collection[str], hours: float, speed: float, applications: int) -> tuple[Path, Span]:
    """A file in the format of OpenMetrics with the samples of these metrics, and the time that they span."""
    began = time.time()  # noqa: TID251 - the clock that is hastened
    first = int(began - hours * 3600) // STEP * STEP
    clock = {"BEGAN": began, "FIRST": first, "SPEED": speed}
    path = folder / "recorded.om"
    steps = int(hours * 3600 / STEP)
    with _demo(folder, clock, applications) as url, path.open("w") as file:
        # The first list, and what belongs to it, is in before the first scrape.
        due = int(speed * (time.time() - began)) // STEP + 2  # noqa: TID251 - the clock that is hastened
        start = first + due * STEP
        for at in range(start, first + (steps + 1) * STEP, STEP):
            time.sleep(max(0.0, began + (at - first) / speed - time.time()))  # noqa: TID251 - the clock that is hastened
            file.writelines(_samples(_text(url), at, names))
        file.write("# EOF\n")
    return path, Span(start, at)


@contextmanager
def _demo(folder: Path, clock: dict[str, float], applications: int) -> Iterator[str]:
    """The URL of the metrics of a demo whose clock is hastened."""
    (folder / "sitecustomize.py").write_text(_CLOCK)
    environment = {
        **os.environ,  # noqa: TID251 - of the tests, not of the product
        "PYTHONPATH": str(folder),
        "GITOPS_OBS_EXPOSITION__IMAGES": "true",
        "GITOPS_OBS_EXPOSITION__REVISIONS": "true",
        **{f"PREVIEWS_{name}": str(value) for name, value in clock.items()},
    }
    listen = f"127.0.0.1:{free_port()}"
    options = ["--applications", str(applications), "--speed", str(clock["SPEED"]), "--listen", listen]
    events = ["--events", str(folder / "events.jsonl")]
    command = [sys.executable, "-m", "observability", "demo", *options, *events]
    with (folder / "demo.log").open("w") as log:
        demo = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: _ready(f"http://{listen}/readyz"), "the exporter of the demo is ready")
        yield f"http://{listen}/metrics"
    finally:
        demo.terminate()
        demo.wait(timeout=30)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def _text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        text: str = answer.read().decode()
    return text


def _samples(text: str, at: int, names: Collection[str]) -> Iterator[str]:
    """The lines of these metrics, with their time and the labels that a scrape adds."""
    yield f"up{{{_TARGET}}} 1 {at}\n"
    for line in text.split("\n"):
        found = _NAME.match(line)
        if found and found[0] in names:
            rest = line[found.end() :]
            labels = f"{{{_TARGET},{rest[1:]}" if rest.startswith("{") else f"{{{_TARGET}}}{rest}"
            yield f"{found[0]}{labels} {at}\n"
