"""The verb `demo`: two processes that begin and end together. Those who watch them: test_monitoring."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

DEADLINE_SECONDS = 60 if os.environ.get("CI") else 20  # noqa: TID251 - not the product's environment


def free_port() -> int:
    """A port that nobody listens on, for now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def demo(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    """The command, with what it prints; `variables` of the environment beside ours."""
    command = [sys.executable, "-m", "observability", "demo", "--no-monitoring", *arguments]
    environment = os.environ | variables  # noqa: TID251 - not the product's environment
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def eventually(ask: Callable[[], str], process: "subprocess.Popen[str]") -> str:
    """What `ask` says as soon as it does not fail; fails when the process ends or the deadline is over."""
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return ask()
        except (OSError, ValueError):
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.1)


def fetched(url: str) -> str:
    """The body at `url`. Raises OSError."""
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own URL
        body: str = response.read().decode()
        return body


def server(kubeconfig: Path) -> str:
    """The URL of the cluster. Raises OSError while there is none."""
    url: str = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    return url


def test_the_exporter_shows_the_company_and_both_end_when_the_time_is_over(tmp_path: Path) -> None:
    file, port = tmp_path / "kubeconfig", free_port()
    listen = f"127.0.0.1:{port}"
    process = demo("--applications", "9", "--duration", "8", "--listen", listen, "--kubeconfig", str(file))
    eventually(lambda: fetched(f"http://{listen}/readyz"), process)
    metrics = fetched(f"http://{listen}/metrics")
    cluster = server(file)
    out, _ = process.communicate(timeout=DEADLINE_SECONDS)

    names = [line for line in metrics.splitlines() if line.startswith("gitops_application_info{")]
    assert len(names) == 9
    assert process.returncode == 0
    assert f"http://{listen}/metrics" in out
    for url in (cluster + "/readyz", f"http://{listen}/livez"):
        with pytest.raises(OSError, match="refused"):
            fetched(url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_cluster_alone_ends_at_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "kubeconfig"
    process = demo("--api-only", "--applications", "3", "--kubeconfig", str(file))
    listed = eventually(lambda: fetched(server(file) + "/apis/argoproj.io/v1alpha1/applications"), process)
    process.send_signal(number)
    out, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert len(json.loads(listed)["items"]) == 3
    assert process.returncode == 0, errors
    assert str(file) in out


def test_a_load_of_events_is_emitted_at_its_rate_and_speed_changes_life(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    process = demo("--api-only", "--applications", "30", "--events-per-second", "500", "--kubeconfig", str(file))
    url = eventually(lambda: server(file), process) + "/apis/argoproj.io/v1alpha1/applications?watch=1&timeoutSeconds=2"
    lines = fetched(url).splitlines()
    process.terminate()
    process.communicate(timeout=DEADLINE_SECONDS)

    assert len(lines) > 30
    assert {json.loads(line)["type"] for line in lines} >= {"ADDED", "MODIFIED"}


def test_the_demo_ends_when_its_cluster_dies(tmp_path: Path) -> None:
    file, listen = tmp_path / "kubeconfig", f"127.0.0.1:{free_port()}"
    process = demo("--applications", "3", "--listen", listen, "--kubeconfig", str(file), TMPDIR=str(tmp_path))
    eventually(lambda: fetched(f"http://{listen}/readyz"), process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 3
    assert "the simulated cluster ended by itself" in errors
    with pytest.raises(OSError, match="refused"):
        fetched(f"http://{listen}/livez")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_both_end_when_the_demo_is_killed(tmp_path: Path) -> None:
    file, listen = tmp_path / "kubeconfig", f"127.0.0.1:{free_port()}"
    process = demo("--applications", "3", "--listen", listen, "--kubeconfig", str(file), TMPDIR=str(tmp_path))
    eventually(lambda: fetched(f"http://{listen}/readyz"), process)
    cluster = server(file)
    process.kill()
    process.communicate(timeout=DEADLINE_SECONDS)  # at its end all that could write to its streams is gone, too

    for url in (cluster + "/readyz", f"http://{listen}/livez"):
        with pytest.raises(OSError, match="refused"):
            fetched(url)


def test_an_exporter_that_cannot_start_ends_the_demo(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    arguments = ("--applications", "3", "--listen", listen, "--kubeconfig", str(tmp_path / "kubeconfig"))
    process = demo(*arguments, GITOPS_OBS_STATE__SETTLE_SECONDS="soon")
    out, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 2
    assert "the exporter ended by itself" in errors
    assert "Open" not in out


def test_nobody_is_sent_to_an_address_that_somebody_else_serves(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        process = demo("--applications", "3", "--listen", listen, "--kubeconfig", str(tmp_path / "kubeconfig"))
        out, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 2
    assert errors == f"gitops-obs: cannot listen on {listen}: address already in use\n"
    assert out == ""


def test_an_address_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        process = demo("--api-only", "--api-listen", listen, "--kubeconfig", str(tmp_path / "kubeconfig"))
        _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 2
    assert listen in errors


def test_a_cluster_that_cannot_start_ends_the_demo(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "kubeconfig"
    process = demo("--applications", "3", "--listen", f"127.0.0.1:{free_port()}", "--kubeconfig", str(missing))
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 2
    assert str(missing.parent) in errors


@pytest.mark.parametrize("listen", ["9797", "host:port", "127.0.0.1:70000"])
@pytest.mark.parametrize("option", ["--listen", "--prometheus-listen", "--alertmanager-listen"])
def test_a_bad_address_is_a_usage_error(listen: str, option: str) -> None:
    process = demo(option, listen)
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 2
    assert errors.startswith(f"gitops-obs: {option}: expected HOST:PORT")
    assert errors.endswith(f'got "{listen}"\n')


def test_stdout_is_for_events_alone_when_they_go_there(tmp_path: Path) -> None:
    journal = str(tmp_path / "journal.db")
    process = demo(
        "--applications=3", "--duration=3", "--listen=127.0.0.1:0", "--events=-", f"--journal={journal}", "--speed=20"
    )
    out, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0, err
    assert "A simulated cluster of 3 Applications runs" in err
    assert [line for line in out.splitlines() if "id" not in json.loads(line)] == []


def test_a_cluster_alone_has_no_events() -> None:
    process = demo("--api-only", "--events=-")
    _, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 2
    assert "--journal and --events are the exporter's" in err
