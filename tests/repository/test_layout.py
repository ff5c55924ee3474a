"""What stands where: a stray folder, an undescribed module or a path of somebody's machine fails here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALLOWED = {
    ".ci",
    ".git",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "alerts",
    "dashboards",
    "helm",
    "observability",
    "pyproject.toml",
    "tests",
}

OF_SOMEBODYS_MACHINE = re.compile(r"(?<![\w.~}])/(?:tmp|home|root|work|mnt|Users|usr/local)/[\w.]")


def ignored() -> set[str]:
    return {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}


def text_files() -> Iterator[Path]:
    for name in (
        "alerts",
        "dashboards",
        "observability",
        "tests",
        ".ci",
        "Makefile",
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
    ):
        for path in [ROOT / name, *(ROOT / name).rglob("*")]:
            if path.is_file() and path.suffix in {"", ".py", ".md", ".toml", ".yaml", ".lock"}:
                yield path


def test_the_top_level_holds_only_what_the_architecture_names() -> None:
    skipped = ignored()
    found = {path.name for path in ROOT.iterdir() if not any(path.match(pattern) for pattern in skipped)}
    assert found - ALLOWED == set()


@pytest.mark.parametrize("folder", ["alerts", "dashboards", "observability", "tests"])
def test_every_module_says_what_it_is(folder: str) -> None:
    modules = list((ROOT / folder).rglob("*.py"))
    assert modules
    silent = [str(path) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert [path for path in (ROOT / "observability").rglob("*") if path.stem in drawers] == []


def test_nothing_names_a_path_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if OF_SOMEBODYS_MACHINE.search(line)
    ]
    assert found == []


def test_nothing_is_left_to_be_done_later() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [str(path) for path in text_files() if marks.search(path.read_text(encoding="utf-8"))] == []
