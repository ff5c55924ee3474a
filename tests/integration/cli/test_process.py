"""The command as a process of its own: exit codes, streams, and what it loads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "observability")


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},  # noqa: TID251 - that of the tests
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("version",), 0),
        (("settings", "--check"), 0),
        (("settings", "--config", "absent.yaml"), 2),
        (("run", "--listen", "nowhere"), 2),
        (("--absent",), 2),
        ((), 2),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], status: int) -> None:
    ended = run(*arguments)
    assert ended.returncode == status, ended.stderr
    assert bool(ended.stderr) is (status != 0)
    assert bool(ended.stdout) is (status == 0)


def test_variables_of_the_process_are_settings() -> None:
    assert "settle_seconds: 3.0" in run("settings", GITOPS_OBS_STATE__SETTLE_SECONDS="3").stdout
    ended = run("run", GITOPS_OBS_STATE__SETTLE="3")
    assert ended.returncode == 2
    assert ended.stderr == (
        'gitops-obs: GITOPS_OBS_STATE__SETTLE: state.settle: unknown key, did you mean "settle_seconds"?\n'
    )


@pytest.mark.parametrize("arguments", [("settings", "--schema"), ("version",)])
def test_a_reader_that_went_away_is_no_error_to_talk_about(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run([*COMMAND, *arguments], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_help_loads_no_verb_and_no_client() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "observability", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}
    assert "click" in loaded
    assert loaded & {"aiohttp", "asyncio", "kubernetes", "prometheus_client", "pydantic", "structlog", "yaml"} == set()


def test_bash_understands_the_completion_script() -> None:
    script = run("completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_bash_completes_verbs() -> None:
    offered = run(_GITOPS_OBS_COMPLETE="bash_complete", COMP_WORDS="gitops-obs ", COMP_CWORD="1")
    assert "plain,run" in offered.stdout.splitlines()
