"""Findings for machines: JSON, SARIF and JUnit. Pure.

Source: SARIF 2.1.0 (OASIS, 2020); the JUnit XML that Jenkins, GitLab and GitHub's actions read.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as Tree

from observability import __version__
from observability.monitoring.checks.rows import Check, Finding

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NOT_IN_XML: Final = {code: None for code in range(32) if code not in {9, 10, 13}} | {0xFFFE: None, 0xFFFF: None}


def as_json(findings: Sequence[Finding], files: Iterable[str]) -> str:
    """One document: the files that were read, and the findings with why and how to mend."""
    return _dumped({"files": sorted(files), "findings": [_row(one) for one in findings]})


def _row(finding: Finding) -> Mapping[str, Any]:
    check = finding.check
    return {
        "file": finding.place.file,
        "line": finding.line,
        "check": check.name,
        "severity": check.severity.value,
        "subject": finding.place.subject,
        "found": finding.said,
        "why": check.why,
        "mend": check.mend,
        "ignored": finding.ignored or None,
    }


def as_sarif(findings: Sequence[Finding], files: Iterable[str]) -> str:
    """SARIF 2.1.0; what is ignored is suppressed in the source. `files`: the artifacts."""
    checks = tuple({one.check.name: one.check for one in findings}.values())
    places = {check.name: index for index, check in enumerate(checks)}
    driver = {"name": "gitops-obs", "version": __version__, "rules": [_sarif_rule(check) for check in checks]}
    run = {
        "tool": {"driver": driver},
        "artifacts": [{"location": {"uri": _uri(file)}} for file in sorted(files)],
        "results": [_sarif_result(one, places) for one in findings],
        "columnKind": "unicodeCodePoints",
    }
    return _dumped({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _sarif_rule(check: Check[Any]) -> Mapping[str, Any]:
    return {
        "id": check.name,
        "shortDescription": {"text": check.says},
        "fullDescription": {"text": f"{check.says} {check.why}"},
        "help": {"text": check.mend},
        "defaultConfiguration": {"level": check.severity.value},
    }


def _sarif_result(finding: Finding, places: Mapping[str, int]) -> Mapping[str, Any]:
    uri = _uri(finding.place.file)
    mark = sha256("\0".join((uri, finding.place.subject, finding.check.name, finding.said)).encode()).hexdigest()
    suppression = [{"kind": "inSource", "justification": finding.ignored}] if finding.ignored else []
    return {
        "ruleId": finding.check.name,
        "ruleIndex": places[finding.check.name],
        "level": finding.check.severity.value,
        "message": {"text": f"{message(finding)}. {finding.check.mend}"},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": max(finding.line, 1)}}}
        ],
        "partialFingerprints": {"gitopsObs/v1": mark},
        "suppressions": suppression,
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def as_junit(findings: Sequence[Finding], files: Iterable[str]) -> str:
    """A suite for each file, in it a failure for each finding; a file without any has one case that passed."""
    root = Tree.Element("testsuites", name="gitops-obs check")
    for file in sorted({*files, *(one.place.file for one in findings)}):
        own = [one for one in findings if one.place.file == file]
        failed = sum(not one.ignored for one in own)
        counts = {"tests": max(len(own), 1), "failures": failed, "errors": 0, "skipped": len(own) - failed}
        suite = Tree.SubElement(root, "testsuite", _attributes({"name": file, **counts}))
        for one in own:
            _junit_case(suite, one)
        if not own:
            Tree.SubElement(suite, "testcase", _attributes({"name": "no findings", "classname": file, "file": file}))
    Tree.indent(root)
    return Tree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _junit_case(suite: Tree.Element, finding: Finding) -> None:
    check, place = finding.check, finding.place
    name = f"{check.name}: {place.subject}" if place.subject else check.name
    case = Tree.SubElement(
        suite,
        "testcase",
        _attributes({"name": name, "classname": place.file, "file": place.file, "line": finding.line}),
    )
    if finding.ignored:
        Tree.SubElement(case, "skipped", _attributes({"message": finding.ignored}))
        return
    failure = Tree.SubElement(case, "failure", _attributes({"type": check.severity.value, "message": finding.said}))
    failure.text = _xml(f"{place.file}:{finding.line}: {message(finding)}\nWhy: {check.why}\nMend: {check.mend}")


def message(finding: Finding) -> str:
    """The finding in one line, without its place."""
    return f"{finding.place.subject}: {finding.said}" if finding.place.subject else finding.said


def _attributes(found: Mapping[str, object]) -> dict[str, str]:
    return {key: _xml(str(value)) for key, value in found.items()}


def _xml(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_NOT_IN_XML)


def _dumped(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
