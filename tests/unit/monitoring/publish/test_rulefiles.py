"""What publishing rule files would do, and what is in its way."""

from collections.abc import Mapping
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.errors import PublishError, SpecError
from observability.monitoring.publish.rulefiles import Entry, Plan, Step, described, entries, named, plan

NAMES = st.sampled_from(["prod-a.yml", "prod-b.yml", "prod-c.yml"])
TEXTS = st.dictionaries(NAMES, st.sampled_from(["one\n", "two\n"]))


def entry(text: str, environment: str = "prod") -> Entry:
    return Entry(environment, sha256(text.encode()).hexdigest())


def planned(wanted: Mapping[str, str], disk: Mapping[str, str], owned: Mapping[str, Entry], **how: bool) -> Plan:
    return plan({"prod": wanted}, {name: text.encode() for name, text in disk.items()}, owned, **how)


def test_files_are_created_changed_and_pruned() -> None:
    owned = {name: entry("old\n") for name in ("b.yml", "c.yml", "d.yml")}
    made = planned({"a.yml": "a\n", "b.yml": "new\n", "c.yml": "old\n"}, dict.fromkeys(owned, "old\n"), owned)
    assert made.steps == (
        Step(name="a.yml", before=None, after=b"a\n"),
        Step(name="b.yml", before=b"old\n", after=b"new\n"),
        Step(name="d.yml", before=b"old\n", after=None),
    )
    assert (made.unchanged, made.conflicts) == (1, ())
    assert entries(made.manifest) == {
        name: entry(text) for name, text in (("a.yml", "a\n"), ("b.yml", "new\n"), ("c.yml", "old\n"))
    }


def test_files_of_other_environments_and_of_others_are_left() -> None:
    owned = {"dev-a.yml": entry("a\n", "dev"), "prod-a.yml": entry("a\n")}
    made = planned({}, {"dev-a.yml": "a\n", "prod-a.yml": "a\n", "mine.yml": "x\n"}, owned)
    assert [step.name for step in made.steps] == ["prod-a.yml"]
    assert entries(made.manifest) == {"dev-a.yml": entry("a\n", "dev")}


@pytest.mark.parametrize(
    ("owned", "wanted", "said"),
    [
        ({}, {"a.yml": "new\n"}, "a.yml is not ours: --overwrite would replace it"),
        ({"a.yml": entry("old\n")}, {"a.yml": "new\n"}, "a.yml was changed since we wrote it"),
        ({"a.yml": entry("old\n")}, {}, "a.yml was changed since we wrote it"),
    ],
)
def test_the_work_of_others_is_in_the_way_unless_it_may_be_overwritten(
    owned: Mapping[str, Entry], wanted: Mapping[str, str], said: str
) -> None:
    (conflict,) = planned(wanted, {"a.yml": "theirs\n"}, owned).conflicts
    assert conflict.startswith(said)
    assert planned(wanted, {"a.yml": "theirs\n"}, owned, overwrite=True).conflicts == ()


def test_a_file_that_is_there_already_as_it_should_be_becomes_ours() -> None:
    made = planned({"a.yml": "a\n"}, {"a.yml": "a\n"}, {})
    assert (made.steps, made.conflicts) == ((), ())
    assert entries(made.manifest) == {"a.yml": entry("a\n")}


@given(TEXTS, TEXTS)
def test_after_a_plan_is_done_nothing_is_left_to_do(first: Mapping[str, str], second: Mapping[str, str]) -> None:
    disk: dict[str, bytes] = {}
    manifest = None
    for wanted in (first, second):
        made = plan({"prod": wanted}, disk, entries(manifest))
        assert made.conflicts == ()
        for step in made.steps:
            disk.pop(step.name, None)
            if step.after is not None:
                disk[step.name] = step.after
        manifest = made.manifest
    assert disk == {name: text.encode() for name, text in second.items()}
    assert plan({"prod": second}, disk, entries(manifest)).steps == ()


def test_names_begin_with_the_environment() -> None:
    assert named("prod", {"alerts/generated/prod/gitops-a.yml": "a"}) == {"prod-gitops-a.yml": "a"}


@pytest.mark.parametrize("path", ["a.json", "a b.yml", ""])
def test_names_that_prometheus_would_not_find_are_refused(path: str) -> None:
    with pytest.raises(SpecError, match="ends in"):
        named("prod", {path: ""})


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.raises(SpecError, match=r"b/a\.yml"):
        named("prod", {"a/a.yml": "", "b/a.yml": ""})


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"files": []}', b'{"files": {"a": 1}}', b"\xff"])
def test_a_damaged_manifest_is_told(content: bytes) -> None:
    with pytest.raises(PublishError, match="damaged"):
        entries(content)


def test_a_manifest_names_no_files_elsewhere() -> None:
    assert entries(b'{"files": {"../a.yml": {"environment": "prod", "sha256": "0"}}}') == {}


def test_the_plan_is_told_as_unified_diffs() -> None:
    owned = {"b.yml": entry("one\ntwo\n"), "c.yml": entry("c\n")}
    made = planned({"a.yml": "a\n", "b.yml": "one\n2\n"}, {"b.yml": "one\ntwo\n", "c.yml": "c\n"}, owned)
    assert list(described(made)) == [
        *("--- /dev/null", "+++ a.yml", "@@ -0,0 +1 @@", "+a"),
        *("--- b.yml", "+++ b.yml", "@@ -1,2 +1,2 @@", " one", "-two", "+2"),
        *("--- c.yml", "+++ /dev/null", "@@ -1 +0,0 @@", "-c"),
        "1 to create, 1 to change, 1 to prune, 0 unchanged",
    ]
