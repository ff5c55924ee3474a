"""What comments ignore, and in which order findings come."""

import pytest

from tests.checked import checked, names

RULES = """\
groups:
  - name: a
    rules:
      # above
      # gitops-obs: ignore first
      - alert: A
        expr: |
          sum(up)  # inside
        labels: {severity: info}
        annotations: {summary: a, runbook_url: https://example.com/a}
      - alert: B
        expr: sum(up)
        labels: {severity: info}
        annotations: {summary: a, runbook_url: https://example.com/a}
"""
CHECK = "comparison-missing"
IGNORE = f"gitops-obs: ignore {CHECK} it is on purpose"


def ignored(text: str) -> list[tuple[str, str]]:
    found = [one for one in checked({"a.yml": text}) if one.check.name == CHECK]
    return [(one.place.subject, one.ignored) for one in found]


@pytest.mark.parametrize("mark", ["above", "inside"])
def test_a_comment_is_about_its_rule_and_no_other(mark: str) -> None:
    assert ignored(RULES) == [("A", ""), ("B", "")]
    assert ignored(RULES.replace(mark, IGNORE)) == [("A", "it is on purpose"), ("B", "")]


def test_a_comment_at_the_end_of_a_rule_is_not_about_the_next() -> None:
    assert ignored(RULES.replace("/a}\n", f"/a}} # {IGNORE}\n", 1)) == [("A", "it is on purpose"), ("B", "")]


def test_without_a_reason_or_of_another_check_it_ignores_nothing() -> None:
    for comment in (f"gitops-obs: ignore {CHECK}", "gitops-obs: ignore short-window it is long enough"):
        assert ignored(RULES.replace("above", comment)) == [("A", ""), ("B", "")]


def test_findings_are_in_the_order_of_files_and_lines() -> None:
    found = checked({"b.yml": RULES, "a.yml": RULES})
    assert [(one.place.file, one.line) for one in found] == sorted((one.place.file, one.line) for one in found)
    assert "ignore-invalid" in names(found)
