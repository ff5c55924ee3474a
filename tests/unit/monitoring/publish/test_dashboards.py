"""What publishing dashboards would do, and what is in its way."""

import json
from typing import Any

import pytest

from observability.errors import SpecError
from observability.monitoring.publish.dashboards import (
    Action,
    Folder,
    Found,
    Plan,
    Rules,
    described,
    folder,
    parsed,
    plan,
)

TAG = "ours"
RULES = Rules(folder=Folder("gitops", "GitOps"), tag=TAG)


def document(uid: str, **fields: Any) -> dict[str, Any]:
    return {"uid": uid, "title": uid.upper(), "tags": [TAG], **fields}


def found(uid: str, folder: str = "gitops", provisioned: bool = False, **fields: Any) -> Found:
    return Found(document(uid, id=4, version=9, **fields), folder, provisioned)


def planned(wanted: list[dict[str, Any]], there: list[Found], **rules: Any) -> Plan:
    given = Rules(folder=RULES.folder, tag=TAG, **rules)
    return plan({one["uid"]: one for one in wanted}, {one.document["uid"]: one for one in there}, given)


def steps(made: Plan) -> list[tuple[str, Action]]:
    return [(step.uid, step.action) for step in made.steps]


def test_what_is_not_there_is_created_what_differs_changed_and_what_is_ours_and_not_wanted_pruned() -> None:
    made = planned([document("a"), document("b", refresh="1m"), document("c")], [found("b"), found("c"), found("d")])
    assert steps(made) == [("a", Action.CREATE), ("b", Action.CHANGE), ("d", Action.PRUNE)]
    assert (made.unchanged, made.conflicts) == (1, ())


def test_pruning_can_be_left_out() -> None:
    assert planned([], [found("d")], prune=False).steps == ()


@pytest.mark.parametrize(
    "there", [found("d", folder="other"), found("d", folder=""), found("d", tags=["x"]), found("d", provisioned=True)]
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_ours_is_never_pruned(there: Found, overwrite: bool) -> None:
    assert planned([], [there], overwrite=overwrite).steps == ()


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (found("a", folder="other"), "a is in the folder other, not in gitops: --overwrite would move it"),
        (found("a", folder=""), "a is in the root, not in gitops: --overwrite would move it"),
        (found("a", tags=[]), "a has no tag ours, so it is not ours: --overwrite would replace it"),
    ],
)
def test_what_is_not_ours_is_in_the_way_unless_it_may_be_overwritten(there: Found, reason: str) -> None:
    made = planned([document("a"), document("b")], [there])
    assert (steps(made), made.conflicts, made.unchanged) == ([("b", Action.CREATE)], (reason,), 0)
    made = planned([document("a")], [there], overwrite=True)
    assert (steps(made), made.conflicts) == ([("a", Action.CHANGE)], ())


def test_a_provisioned_dashboard_is_in_the_way_whatever_is_said() -> None:
    assert planned([document("a")], [found("a", provisioned=True)], overwrite=True).conflicts == (
        "a is provisioned from a file: Grafana lets nobody else change it",
    )


def test_the_plan_is_told_with_what_differs() -> None:
    made = planned([document("a"), document("b", refresh="1m")], [found("b"), found("d")])
    assert list(described(made)) == [
        "+ a  A",
        "~ b  B",
        '    refresh: "1m" is added',
        "- d  D",
        "1 to create, 1 to change, 1 to prune, 0 unchanged",
    ]


def test_a_move_alone_is_told_too() -> None:
    assert list(described(planned([document("a")], [found("a", folder="")], overwrite=True)))[1] == (
        "    folder: the root → gitops"
    )


def test_a_folder_has_a_uid_that_is_made_of_its_title() -> None:
    assert folder("Größe & Gitops!") == Folder("gr-e-gitops", "Größe & Gitops!")
    assert len(folder("x" * 50).uid) == 40
    with pytest.raises(SpecError, match="expected a title"):
        folder("…")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "a.json: expected JSON"),
        ("[]", "a.json: uid: expected a dashboard with a uid"),
        ('{"uid": ""}', "a.json: uid: expected"),
        (json.dumps({"uid": "x" * 41}), "a.json: uid: expected"),
    ],
)
def test_texts_that_are_no_dashboards_are_refused(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        parsed({"a.json": text})


def test_a_uid_twice_is_refused() -> None:
    with pytest.raises(SpecError, match=r"b\.json: uid: .* not x again"):
        parsed({"a.json": '{"uid": "x"}', "b.json": '{"uid": "x"}'})
