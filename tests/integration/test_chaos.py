"""The loop of faults for a short while; `make chaos` runs it for long."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration import servers

ROOT = Path(__file__).parents[2]


def chaos(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; what it printed is shown when it fails."""
    command = [sys.executable, "-m", "tests.chaos", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_nothing_is_lost_by_faults() -> None:
    ended = chaos("--faults", "30", "--seed", "1", "--rest-every", "15")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"^\| all +\| +30 \|$", ended.stdout, re.MULTILINE)
    lost = re.findall(
        r"^\| (?:lost on the way|happened, and not told|out of order) +\| +0 \|$", ended.stdout, re.MULTILINE
    )
    assert len(lost) == 3


@pytest.mark.servers
@pytest.mark.timeout(300)
def test_nothing_is_lost_by_faults_of_a_real_api_server() -> None:
    for name in ("etcd", "etcdctl", "apiextensions-apiserver"):
        servers.tool(name)
    ended = chaos("--faults", "10", "--seed", "2", "--rest-every", "10", "--services", "6", "--real")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "API server: real" in ended.stdout


def test_a_folder_that_is_there_is_refused(tmp_path: Path) -> None:
    ended = chaos("--keep", str(tmp_path))
    assert ended.returncode == 2
    assert "a new folder" in ended.stderr
