"""A folder of generated files: what is written, what is removed, and what is never touched."""

import os
import stat
from pathlib import Path

import pytest

from observability.errors import SettingsError
from observability.monitoring import folder
from observability.monitoring.folder import Difference

OWNED = ("rules/*/*.yml", "boards/*/*.json")
RULES = "# Generated from alerts/a.py for prod: change that file, and generate again.\ngroups: []\n"
BOARD = '{"tags": ["gitops-observability"]}\n'
FILES = {"rules/prod/a.yml": RULES, "boards/prod/b.json": BOARD}


def generated(root: Path, files: dict[str, str]) -> tuple[Difference, ...]:
    found = folder.differences(root, files, OWNED)
    folder.write(root, files, found)
    return found


def everything(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_an_empty_folder_lacks_all_and_then_nothing(tmp_path: Path) -> None:
    root = tmp_path / "new"
    assert generated(root, FILES) == (
        Difference("boards/prod/b.json", "missing"),
        Difference("rules/prod/a.yml", "missing"),
    )
    assert everything(root) == FILES
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert generated(root, FILES) == ()
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_what_is_stale_is_replaced_and_keeps_no_trace(tmp_path: Path) -> None:
    generated(tmp_path, FILES)
    (tmp_path / "rules/prod/a.yml").write_text(RULES + "# by hand\n")
    assert generated(tmp_path, FILES) == (Difference("rules/prod/a.yml", "stale"),)
    assert everything(tmp_path) == FILES


def test_what_nothing_makes_any_more_goes_if_it_is_ours(tmp_path: Path) -> None:
    theirs = {
        "rules/prod/mine.yml": "groups: []\n",
        "boards/prod/mine.json": '{"tags": ["other"]}',
        "boards/prod/broken.json": "{",
        "boards/prod/list.json": "[]",
        "rules/prod/notes.txt": RULES,
    }
    generated(tmp_path, FILES)
    for path, text in theirs.items():
        (tmp_path / path).write_text(text)
    assert set(generated(tmp_path, {})) == {Difference(path, "left over") for path in FILES}
    assert everything(tmp_path) == theirs


def test_a_folder_that_becomes_empty_goes_too(tmp_path: Path) -> None:
    generated(tmp_path, FILES)
    generated(tmp_path, {"rules/prod/a.yml": RULES})
    assert not (tmp_path / "boards/prod").exists()


def test_files_can_be_read_as_new_files_can(tmp_path: Path) -> None:
    generated(tmp_path, FILES)
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "rules/prod/a.yml").stat().st_mode) == 0o666 & ~mask


def test_nothing_is_half_written(tmp_path: Path) -> None:
    """A file stands where a folder is to be: what came before it was not moved to its place either."""
    (tmp_path / "rules").write_text("in the way")
    with pytest.raises(SettingsError, match=r"--output: .*rules.*: expected to read and write it"):
        generated(tmp_path, FILES)
    assert everything(tmp_path) == {"rules": "in the way"}


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules/prod/a.yml").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"a\.yml"):
        generated(tmp_path, FILES)
