"""Those who watch the demo: a real Prometheus, a real Alertmanager, and whoever is called."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.exporters import COMMAND
from tests.integration.servers import patience, tool, until

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which processes there are")
pytestmark = [pytest.mark.servers, pytest.mark.timeout(300), LINUX]

TELLS = "What happens in the company"
PAGE = re.compile(r"\d\d:\d\d:\d\dZ  (firing|resolved) +pager  critical  prod +(\S+) +\2-prod is Degraded in prod")


class Demo:
    """The command, and the lines that it prints."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        command = [*COMMAND, "demo", "--applications", "9", "--listen", "127.0.0.1:0", *arguments]
        environment = os.environ | variables  # noqa: TID251 - not the product's environment
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        streams = ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        self._readers = [threading.Thread(target=_read, args=one) for one in streams]
        for reader in self._readers:
            reader.start()

    def said(self, pattern: str | re.Pattern[str], seconds: float) -> str:
        """The first line in which the pattern is, as soon as it is there."""
        until(lambda: bool(self._matching(pattern)) or self.process.poll() is not None, f"it says {pattern}", seconds)
        assert self._matching(pattern), (self.lines, self.errors)
        return self._matching(pattern)[0]

    def _matching(self, pattern: str | re.Pattern[str]) -> list[str]:
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def children(self) -> dict[int, str]:
        """Its processes, and what each runs."""
        numbers = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(one): Path(f"/proc/{one}/cmdline").read_text().replace("\0", " ") for one in numbers}

    def ended(self) -> int:
        """Its exit code, once it has ended and said everything."""
        code = self.process.wait(patience(30))
        for reader in self._readers:
            reader.join(patience(30))
        return code


def _read(stream: Iterable[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))  # noqa: PERF401 - each is there as soon as it is said


@contextmanager
def demo(*arguments: str, **variables: str) -> Iterator[Demo]:
    """The command; it is ended in any case."""
    running = Demo(*arguments, **variables)
    try:
        yield running
    finally:
        running.process.terminate()
        running.ended()
        for stream in (running.process.stdout, running.process.stderr):
            assert stream is not None
            stream.close()


def programs(children: dict[int, str]) -> list[str]:
    """Those that are not ours, without their folders."""
    names = (Path(line.split()[0]).name for line in children.values())
    return sorted(name for name in names if not name.startswith("python"))


def gone(numbers: dict[int, str]) -> bool:
    """Whether none of these processes runs; one that waits to be buried does not."""
    return not any(_runs(number) for number in numbers)


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def installed() -> list[str]:
    """The programs that must be running."""
    return sorted(tool(name).name for name in ("prometheus", "prometheus-alertmanager"))


def test_a_page_comes_and_is_taken_back_and_nothing_is_left(installed: list[str]) -> None:
    with demo("--monitoring") as running:
        running.said(TELLS, patience(40))
        children = running.children()
        assert programs(children) == installed

        page = running.said(PAGE, patience(60))
        match = PAGE.search(page)
        assert match is not None
        assert match[1] == "firing"
        over = running.said(rf"resolved +pager  critical  prod +{match[2]} .*Degraded", patience(150))
        assert running.lines.index(over) > running.lines.index(page)

        running.process.send_signal(signal.SIGTERM)
        assert running.ended() == 0, running.errors
        assert gone(children)
        assert not [line for line in running.lines if "Watchdog" in line]


def test_all_ends_when_the_time_is_over(installed: list[str]) -> None:
    with demo("--monitoring", "--duration", "15") as running:
        running.said(TELLS, patience(40))
        children = running.children()

        assert programs(children) == installed
        assert running.ended() == 0, running.errors
        assert gone(children)


def test_all_ends_when_the_demo_is_killed(tmp_path: Path, installed: list[str]) -> None:
    with demo("--monitoring", TMPDIR=str(tmp_path)) as running:
        running.said(TELLS, patience(40))
        children = running.children()
        assert programs(children) == installed
        running.process.kill()

        until(lambda: gone(children), "nothing is left running", patience(20))


def test_a_prometheus_that_dies_ends_the_demo_by_name(installed: list[str]) -> None:
    with demo("--monitoring") as running:
        running.said(TELLS, patience(40))
        children = running.children()
        (number,) = (number for number, line in children.items() if Path(line.split()[0]).name == "prometheus")
        os.kill(number, signal.SIGKILL)

        assert running.ended() == 3
        assert any("Prometheus ended by itself" in line for line in running.errors), installed
        assert gone(children)


def test_they_are_left_out_when_nobody_wants_them() -> None:
    with demo("--no-monitoring") as running:
        running.said(TELLS, patience(40))

        assert programs(running.children()) == []
        assert not any(re.search("Prometheus, with|Alertmanager|called", line) for line in running.lines)


@pytest.mark.parametrize("lacking", ["Prometheus", "Alertmanager", "both"])
def test_what_is_not_installed_is_said_by_name(tmp_path: Path, lacking: str) -> None:
    there = {"Prometheus": ["prometheus-alertmanager"], "Alertmanager": ["prometheus"], "both": []}[lacking]
    for name in there:
        (tmp_path / name).symlink_to(tool(name))
    with demo(PATH=str(tmp_path)) as running:
        running.said(TELLS, patience(40))

        names = "Prometheus and Alertmanager are" if lacking == "both" else f"{lacking} is"
        running.said(rf"Nobody is called of it: {names} not installed \(Debian: apt install prometheus", patience(1))
        assert programs(running.children()) == []


def test_what_must_be_there_and_is_not_ends_the_demo(tmp_path: Path) -> None:
    with demo("--monitoring", PATH=str(tmp_path)) as running:
        assert running.ended() == 3
        (line,) = running.errors

        assert line == (
            "gitops-obs: Prometheus and Alertmanager are not installed "
            "(Debian: apt install prometheus prometheus-alertmanager)"
        )
        assert running.lines == []


@pytest.mark.parametrize("option", ["--prometheus-listen", "--alertmanager-listen"])
def test_an_address_in_use_is_said_before_anything_starts(option: str, installed: list[str]) -> None:
    assert installed
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with demo("--monitoring", option, listen) as running:
            assert running.ended() == 2
            assert running.errors == [f"gitops-obs: cannot listen on {listen}: address already in use"]
            assert running.lines == []


def test_they_listen_where_they_are_told(installed: list[str]) -> None:
    assert installed
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with demo("--monitoring", "--prometheus-listen", f"127.0.0.1:{port}") as running:
        running.said(f"http://127.0.0.1:{port}/alerts", patience(40))


def test_so_many_applications_are_watched_only_when_that_is_asked_for(installed: list[str]) -> None:
    assert installed
    with demo("--applications", "10001") as running:
        running.said("Of more than 10,000 Applications people are called only with --monitoring", patience(60))

        assert programs(running.children()) == []


def test_a_cluster_alone_is_watched_by_nobody() -> None:
    with demo("--api-only", "--monitoring") as running:
        assert running.ended() == 2
        assert any("--api-only leaves out" in line for line in running.errors)
