"""Finding and importing what is authored: our own, a user's, and what is wrong with it."""

from pathlib import Path

import pytest

from observability.errors import SpecError
from observability.monitoring import load

GROUP = """
from dataclasses import dataclass
from observability.monitoring.spec import Alert, Group, Severity

@dataclass
class Local:
    x: int

GROUP = Group(name="mine", rules=(Alert(name="GitOpsMine", expr="vector(1)", severity=Severity.INFO, summary="a",
    description="b", dashboard="gitops-overview"),))
"""
DASHBOARDS = """
from observability.monitoring.spec import Dashboard
DASHBOARDS = [Dashboard(uid=f"gitops-{name}", title=name, description="d", sections=()) for name in ("one", "two")]
"""


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/")
        path = path.with_name(path.name + (".md" if "runbooks" in name else ".py"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def problem(root: Path) -> str:
    with pytest.raises(SpecError) as caught:
        load.read(root, own=False)
    return str(caught.value)


def test_our_own_alerts_are_found() -> None:
    authored = load.load()
    assert "alerts/health.py" in {source.file for source in authored.groups}
    assert all(source.own and "Watchdog" in source.runbooks for source in authored.groups)


def test_a_folder_of_a_user_comes_after_ours(tmp_path: Path) -> None:
    root = folder(tmp_path, alerts__mine=GROUP, dashboards__b=DASHBOARDS, alerts__runbooks__GitOpsMine="# It")
    authored = load.load(root)
    (mine,) = [source for source in authored.groups if not source.own]
    assert authored.groups[-1] is mine
    assert (mine.file, mine.row.name, mine.runbooks) == ("alerts/mine.py", "mine", {"GitOpsMine": "# It"})
    assert [(one.file, one.row.uid) for one in authored.dashboards if not one.own] == [
        ("dashboards/b.py", "gitops-one"),
        ("dashboards/b.py", "gitops-two"),
    ]


def test_files_are_read_in_their_order_and_those_with_an_underscore_are_not(tmp_path: Path) -> None:
    root = folder(tmp_path, alerts__b=GROUP, alerts__a=GROUP, alerts___shared="raise Exception")
    assert [source.file for source in load.read(root, own=True).groups] == ["alerts/a.py", "alerts/b.py"]


def test_a_folder_without_either_is_a_mistake(tmp_path: Path) -> None:
    assert problem(tmp_path) == f"{tmp_path}: expected a folder that holds alerts/ or dashboards/"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", "alerts/mine.py:2: expected Python: invalid syntax"),
        (
            "\nimport not_there\n",
            "alerts/mine.py:2: expected a module that can be imported: ModuleNotFoundError: "
            "No module named 'not_there'",
        ),
        ("\n\nraise SystemExit", "alerts/mine.py:3: expected a module that can be imported: SystemExit"),
        ("x = 1", "alerts/mine.py: expected GROUP = Group(…), or GROUPS = (…)"),
        ("GROUP = 3", "alerts/mine.py: GROUP: expected a Group, got int"),
        (
            "from observability.monitoring.spec import Group\n\nGROUP = Group(name='a', rules=(), interval='1 hour')",
            "alerts/mine.py:3: a.interval: expected a duration like 10m, got '1 hour'",
        ),
        (
            "from observability.monitoring.spec import select\nfrom observability.signals.applications import INFO\n"
            "def f():\n    return select(INFO, who='x')\nf()",
            "alerts/mine.py:4: gitops_application_info: expected a label among engine, application_namespace, ",
        ),
    ],
)
def test_what_cannot_be_used_names_the_file_and_the_line(tmp_path: Path, text: str, said: str) -> None:
    assert problem(folder(tmp_path, alerts__mine=text)).startswith(said)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    root = folder(tmp_path, alerts__mine=GROUP, alerts__runbooks__GitOpsMine="")
    (root / "alerts/runbooks/GitOpsMine.md").write_bytes(b"\xff")
    assert problem(root).startswith("alerts/runbooks/GitOpsMine.md: expected a text in UTF-8")
    (root / "alerts/mine.py").write_bytes(b"x = '\xff'")
    (root / "alerts/runbooks/GitOpsMine.md").unlink()
    assert problem(root).startswith("alerts/mine.py:1: expected Python: ")
