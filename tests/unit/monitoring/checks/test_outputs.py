"""Findings for machines."""

import json
from pathlib import Path
from xml.etree import ElementTree as Tree

from observability.monitoring.checks import outputs, reference
from observability.monitoring.checks.rows import Finding
from tests.checked import checked

RULES = """\
groups:
  - name: a
    rules:
      - alert: <A> & "\\x01é"
        expr: sum(up)
        labels: {severity: info}
        annotations: {summary: a} # gitops-obs: ignore runbook-missing there is nothing to do
"""
FILES = ("/abs/c.yml", "rules of ours/a.yml")


def found() -> tuple[Finding, ...]:
    text = RULES.replace("alert: <A> & ", "alert: '<A> & ").replace('é"', "é\"'")
    return checked({"rules of ours/a.yml": text})


def test_json() -> None:
    document = json.loads(outputs.as_json(found(), FILES))
    assert document["files"] == sorted(FILES)
    comparison, runbook = document["findings"]
    assert (comparison["file"], comparison["line"], comparison["check"]) == (
        "rules of ours/a.yml",
        5,
        "comparison-missing",
    )
    assert comparison["why"]
    assert comparison["mend"]
    assert comparison["severity"] == "error"
    assert (runbook["check"], runbook["ignored"]) == ("runbook-missing", "there is nothing to do")


def test_sarif() -> None:
    document = json.loads(outputs.as_sarif(found(), FILES))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert [one["location"]["uri"] for one in run["artifacts"]] == ["file:///abs/c.yml", "rules%20of%20ours/a.yml"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "rules%20of%20ours/a.yml"
        assert location["physicalLocation"]["region"]["startLine"] >= 1
    open_one, ignored = run["results"]
    assert open_one["suppressions"] == []
    assert ignored["suppressions"] == [{"kind": "inSource", "justification": "there is nothing to do"}]


def test_a_finding_keeps_its_mark_when_lines_move() -> None:
    moved = checked({"rules of ours/a.yml": "# one line more\n" + RULES})
    marks = [
        json.loads(outputs.as_sarif(some, ()))["runs"][0]["results"] for some in (checked({FILES[1]: RULES}), moved)
    ]
    assert [one["partialFingerprints"] for one in marks[0]] == [one["partialFingerprints"] for one in marks[1]]


def test_junit() -> None:
    suites = Tree.fromstring(outputs.as_junit(found(), FILES))  # noqa: S314 - we wrote it
    clean, bad = suites
    assert (clean.get("name"), clean.get("tests"), clean.get("failures")) == ("/abs/c.yml", "1", "0")
    assert (bad.get("tests"), bad.get("failures"), bad.get("skipped")) == ("2", "1", "1")
    failure = bad.find("testcase/failure")
    assert failure is not None
    assert failure.text is not None
    assert "Mend: " in failure.text


def test_the_reference_page_is_that_of_the_rows() -> None:
    committed = Path(reference.__file__).with_name("README.md").read_text()
    assert committed == reference.page(), "it is stale: make generate"
