"""Programs under test as processes of their own, and what the kernel says of them."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).parents[2]
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS: Final = 20.0


@contextmanager
def running(
    command: Sequence[str], errors: IO[bytes] | None = None, variables: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of `command`, in the folder of the project; it is ended, whatever happens.

    `errors`: a file for what it says on stderr, None: ours. `variables`: of its environment, beside ours.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **(variables or {})},  # noqa: TID251 - a program of its own begins here
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def python(module: str, *arguments: str) -> list[str]:
    """The command for a module of this project."""
    return [sys.executable, "-m", module, *arguments]


def free_port() -> int:
    """A port that nobody listens on, for now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """Of all threads since the start. Source: proc(5), fields 14 and 15 of /proc/PID/stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def pss_mib(pid: int) -> float:
    """Memory of the process alone: what it shares with others counts in proportion. 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


class Memory:
    """The memory of a process, looked at every `interval` seconds in a thread while the context is open."""

    def __init__(self, pid: int, interval: float = 0.2) -> None:
        self.peak_mib = 0.0
        self._pid = pid
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._interval):
            self.peak_mib = max(self.peak_mib, pss_mib(self._pid))


def until(
    holds: Callable[[], bool],
    seconds: float,
    what: str,
    process: "subprocess.Popen[bytes] | None" = None,
    every: float = 0.02,
) -> None:
    """Ask `every` so many seconds until it holds.

    Raises RuntimeError after `seconds`, or when `process` has ended.
    """
    end = time.perf_counter() + seconds
    while not holds():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what}: the process ended with exit code {process.returncode}")
        if time.perf_counter() > end:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)


def until_idle(pid: int, seconds: float = 120.0) -> None:
    """Wait until the process uses hardly any CPU: it has done all that it was given."""
    busy = [cpu_seconds(pid)]

    def idle() -> bool:
        time.sleep(0.15)
        busy.append(cpu_seconds(pid))
        return len(busy) > 2 and busy[-1] - busy[-3] < 0.025

    until(idle, seconds, f"process {pid} comes to rest")
