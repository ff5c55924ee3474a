"""Cases of promtool, counted by alert."""

from pathlib import Path

from observability.monitoring.cases import counted
from observability.monitoring.generate.reference import Cases
from observability.monitoring.load import own
from tests.rules import cases

FILE = """\
tests:
  - name: "GitOpsOne fires: it does"
  - interval: 1m
    name: 'GitOpsOne fires: always'
  - name: GitOpsOne stays silent: never
  - name: GitOpsTwo stays silent: yes
  - name: something else
"""


def test_cases_are_counted_by_alert(tmp_path: Path) -> None:
    (tmp_path / "tests/rules").mkdir(parents=True)
    (tmp_path / "tests/rules/one.yaml").write_text(FILE)
    assert counted(tmp_path) == {"GitOpsOne": Cases(2, 1), "GitOpsTwo": Cases(0, 1)}
    assert counted(tmp_path, tmp_path)["GitOpsOne"] == Cases(4, 2)


def test_a_folder_without_tests_has_none(tmp_path: Path) -> None:
    assert counted(tmp_path) == {}


def test_those_of_ours_are_what_their_tests_say() -> None:
    assert counted(own()) == cases.counted()
