"""The benchmarks run from end to end, on a small cluster and for a short time. What they find is not judged here."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration import servers

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_every_row_of_the_table_has_a_value(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--applications", "300", "--json", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    rows = json.loads(file.read_text())["rows"]
    names = [row["name"] for row in rows]
    assert len(names) == len(set(names)) > 20
    assert all(math.isfinite(row["value"]) and row["value"] >= 0 for row in rows)
    assert any(name.startswith("overview of 30 applications") for name in names) is bool(servers.found("prometheus"))
    assert {peer["name"] for row in rows for peer in row["peers"]} >= {"prometheus_client", "kubernetes.aio"}
    lines = [line.split("|")[1:-1] for line in ended.stdout.splitlines() if line.startswith("| ")]
    assert len(lines) == 1 + len(names)
    assert all(line[0].strip().startswith(name) for line, name in zip(lines[1:], names, strict=True))
    assert all(line[1].strip() for line in lines)


def test_a_size_that_is_too_small_is_refused() -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--applications", "3"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "expected 30 at least" in ended.stderr
