"""What is generated and committed is what the rows and the default settings make, to the byte."""

import hashlib
import subprocess
import sys
from pathlib import Path

from observability.monitoring.generate.outputs import Work, committed
from observability.monitoring.load import load
from observability.settings import Settings

ROOT = Path(__file__).parents[2]


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "observability", "generate", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def digests() -> dict[str, str]:
    files = [*ROOT.glob("alerts/**/*"), *ROOT.glob("dashboards/**/*")]
    return {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and path.suffix != ".pyc"
    }


def test_what_is_committed_is_as_it_is_generated_and_checking_writes_nothing() -> None:
    before = digests()
    ended = generate("--check")
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    assert digests() == before
    assert len(before) > 50


def test_a_second_run_changes_no_byte() -> None:
    settings = Settings()
    names = tuple(environment.name for environment in settings.environments)

    def files() -> list[tuple[str, str]]:
        work = Work(authored=load(), environments=settings.environments, monitoring=settings.monitoring, wanted=names)
        return list(committed(work).items())

    assert files() == files()


def test_make_generate_writes_them() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\ngenerate:")[2].partition("\n\n")[0]
    assert "gitops-obs generate\n" in recipe + "\n"
