"""Rule files in a folder: each whole or not at all, all of them or none."""

from pathlib import Path

import pytest

from observability.errors import PublishError
from observability.monitoring.publish import folder as disk
from observability.monitoring.publish.rulefiles import MANIFEST, Plan, Step


def plan_of(*steps: Step) -> Plan:
    return Plan(steps=steps, unchanged=0, manifest=b"{}\n", loaded=b"{1}\n")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with a file to change and one to remove."""
    (tmp_path / "b.yml").write_text("old\n")
    (tmp_path / "c.yml").write_text("c\n")
    return tmp_path


PLAN = plan_of(
    Step(name="a.yml", before=None, after=b"a\n"),
    Step(name="b.yml", before=b"old\n", after=b"new\n"),
    Step(name="c.yml", before=b"c\n", after=None),
)
BEFORE = {"b.yml": b"old\n", "c.yml": b"c\n"}


def test_a_plan_is_done_and_taken_back(rules: Path) -> None:
    disk.write(rules, PLAN, None)
    assert contents(rules) == {"a.yml": b"a\n", "b.yml": b"new\n", MANIFEST: b"{}\n"}
    disk.take_back(rules, PLAN, None)
    assert contents(rules) == BEFORE


def test_that_prometheus_has_loaded_them_is_kept_in_the_manifest(rules: Path) -> None:
    disk.write(rules, PLAN, None)
    disk.mark_loaded(rules, PLAN)
    assert contents(rules) == {"a.yml": b"a\n", "b.yml": b"new\n", MANIFEST: b"{1}\n"}


def test_who_could_read_a_file_still_can(rules: Path) -> None:
    (rules / "b.yml").chmod(0o640)
    disk.write(rules, PLAN, None)
    assert (rules / "b.yml").stat().st_mode & 0o777 == 0o640


def test_when_one_cannot_be_written_none_is(rules: Path) -> None:
    (rules / f".{MANIFEST}.new").mkdir()
    with pytest.raises(PublishError, match="all files are as they were before"):
        disk.write(rules, PLAN, None)
    assert contents(rules) == BEFORE


def test_when_one_cannot_be_put_in_its_place_the_others_are_put_back(rules: Path) -> None:
    (rules / MANIFEST).mkdir()  # the last that is placed
    with pytest.raises(PublishError) as told:
        disk.write(rules, PLAN, None)
    assert str(told.value).splitlines()[-1] == f"not as before: {MANIFEST}"
    assert contents(rules) == BEFORE


def test_only_rule_files_are_read(rules: Path) -> None:
    (rules / "notes.txt").write_text("x")
    (rules / ".hidden.yml").write_text("x")
    (rules / "folder.yml").mkdir()
    (rules / MANIFEST).write_text("m")
    assert disk.read(rules) == (BEFORE, b"m")


def test_a_folder_that_is_not_there_or_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("absent", "file"):
        with pytest.raises(PublishError, match=f"{name}: expected a folder"), disk.alone(tmp_path / name):
            pass
        with pytest.raises(PublishError, match=name):
            disk.read(tmp_path / name)


def test_two_runs_do_not_work_in_a_folder_at_once(tmp_path: Path) -> None:
    with disk.alone(tmp_path), pytest.raises(PublishError, match="another gitops-obs publish"), disk.alone(tmp_path):
        pass
    with disk.alone(tmp_path):
        pass
