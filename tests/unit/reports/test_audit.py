"""Who deployed what: syncs put together from the events that tell of them."""

from msgspec.structs import replace

from observability.cli import formats
from observability.model.commit import Commit
from observability.model.event import Event
from observability.reports import audit
from observability.reports.selection import Selection
from tests.builders import NOON
from tests.past import HOUR, NEW, OLD, event, sync

ALL = Selection()


def only(*events: Event) -> audit.Sync:
    (found,) = audit.syncs(events)
    return found


def judged(name: str, after: float, policy: str, application: str = "argocd/shop-prod") -> Event:
    return event(f"policy.{name}", after, application, policy=policy)


def test_a_sync_and_what_it_deployed_are_one() -> None:
    found = only(*sync(60, images=("registry/shop:2", "registry/sidecar:1")))
    assert (found.name, found.environment, found.service, found.project) == ("argocd/shop-prod", "prod", "shop", "shop")
    assert (found.at, found.kind, found.result, found.deployed) == (NOON + 60, "manual", "success", True)
    assert (found.initiator, found.initiator_kind) == ("alice", "user")
    assert (found.revision, found.previous_revision) == (NEW, OLD)
    assert found.images == ("registry/shop:2", "registry/sidecar:1")
    assert (found.author, found.message) == ("missing", "missing")
    assert (found.outside_window, found.four_eyes_violated, found.rolled_back, found.catch_up) == (
        None,
        None,
        "",
        False,
    )


def test_the_order_of_the_two_does_not_matter() -> None:
    ended, deployed = sync(60)
    assert only(deployed, ended) == only(ended, deployed)


def test_a_deployment_that_only_the_history_tells_of_is_a_sync() -> None:
    found = only(event("deployed", 5, revision=NEW, catch_up=True))
    assert (found.deployed, found.result, found.kind, found.initiator_kind) == (True, "success", "", "unknown")
    assert audit.remarks(found) == ("seen after a gap",)


def test_two_syncs_within_a_second_are_two() -> None:
    first = sync(0)
    second = [
        replace(one, id=one.id[::-1], attributes={**one.attributes, "cicd.pipeline.run.id": "another"})
        for one in sync(0)
    ]
    assert len(audit.syncs([*first, *second])) == 2


def test_a_sync_that_failed_says_why() -> None:
    (ended,) = sync(0, result="failure")
    found = only(replace(ended, attributes={**ended.attributes, "error.type": "SyncFailed"}))
    assert (found.result, found.deployed) == ("failure", False)
    assert audit.remarks(found) == ("SyncFailed",)


def test_a_sync_that_failed_has_its_reason_in_all_formats() -> None:
    reason = "one or more objects failed to apply, reason: " + "x" * 200
    (ended,) = sync(0, result="failure")
    past = [replace(ended, attributes={**ended.attributes, "gitops.sync.message": reason})]
    table = audit.report(past, ALL)
    (detail,) = formats.terminal(table, None).splitlines()[2:3]
    assert detail == f"    {'x' * 111}…"
    for show in (formats.as_json, formats.as_csv, formats.as_markdown):
        assert reason in show(table)
    assert "REASON" not in formats.terminal(table, None)


def test_a_sync_of_all_that_changed_nothing_says_so() -> None:
    assert audit.remarks(only(sync(0)[0])) == ("no new content",)
    assert audit.remarks(only(sync(0, kind="self_heal", by="")[0])) == ()


def test_a_dry_run_deploys_nothing() -> None:
    (ended,) = sync(0, result="failure")
    assert audit.syncs([replace(ended, attributes={**ended.attributes, "gitops.sync.dry_run": True})]) == []


def test_the_author_may_be_told_later() -> None:
    late = event(
        "healthy_after_deploy", 90, revision=NEW, commit__author__name="Bob", commit__message="Fix it", images=("a:1",)
    )
    other = event("healthy_after_deploy", 91, revision=OLD, commit__author__name="Eve")
    found = only(*sync(60), late, other)
    assert (found.author, found.message, found.images) == ("Bob", "Fix it", ("a:1",))
    nothing = event("healthy_after_deploy", 0, "argocd/other-prod", revision=NEW, commit__author__name="Bob")
    assert audit.syncs([nothing]) == []


def test_a_sync_outside_a_window_is_named_and_the_next_one_inside_is_not() -> None:
    found = audit.syncs(
        [
            *sync(0),
            judged("violated", 0, "outside_window"),
            *sync(60),
            judged("restored", 60, "outside_window"),
            *sync(120),
        ]
    )
    assert [one.outside_window for one in found] == [True, False, None]
    assert [audit.remarks(one) for one in found] == [("outside window",), (), ()]


def test_a_violation_that_stands_holds_for_the_next_sync_too() -> None:
    found = audit.syncs([*sync(0), judged("violated", 0, "outside_window"), *sync(60)])
    assert [one.outside_window for one in found] == [True, True]


def test_changed_settings_do_not_rewrite_the_past() -> None:
    found = audit.syncs([*sync(0), judged("violated", 0, "outside_window"), judged("restored", 60, "outside_window")])
    assert [one.outside_window for one in found] == [True]


def test_four_eyes_may_be_judged_after_the_sync() -> None:
    retried = sync(30, result="failure")
    found = audit.syncs(
        [*sync(0), *retried, judged("violated", 33, "four_eyes"), *sync(60), judged("restored", 60, "four_eyes")]
    )
    assert [one.four_eyes_violated for one in found] == [True, None, None]
    assert audit.remarks(found[0]) == ("four eyes violated",)


def test_what_is_deployed_says_whether_four_eyes_saw_it() -> None:
    healthy = event("healthy_after_deploy", 70, revision=NEW, four_eyes=False)
    found = audit.syncs([*sync(0, four_eyes=True), *sync(60), healthy, judged("violated", 0, "four_eyes", "argocd/x")])
    assert [one.four_eyes_violated for one in found] == [False, True]


def test_other_policies_and_applications_do_not_matter() -> None:
    found = only(
        *sync(0),
        judged("violated", 0, "self_heal"),
        judged("restored", 1, "self_heal"),
        judged("violated", 0, "four_eyes", "argocd/other-prod"),
        judged("restored", 0, "four_eyes", "argocd/other-prod"),
    )
    assert (found.outside_window, found.four_eyes_violated) == (None, None)


def test_a_rollback_says_where() -> None:
    found = audit.syncs([*sync(0, kind="rollback"), event("rolled_back", 0, rollback__scope="cluster")])
    assert [audit.remarks(one) for one in found] == [("rolled back in cluster",)]
    assert audit.syncs([event("rolled_back", 0, rollback__scope="git")]) == []


def test_what_is_known_of_a_commit_only_by_now_is_told_all_the_same() -> None:
    def known(**facts: str) -> Commit:
        return Commit(repository="https://git.example.com/shop.git", revision=NEW, **facts)  # type: ignore[arg-type]

    by_now = {NEW: known(author_name="Bob", message="Fix it")}
    (found,) = audit.syncs(sync(0, commit__missing=True), by_now)
    assert (found.author, found.message) == ("Bob", "Fix it")
    (found,) = audit.syncs(sync(0, revision=f"1.2.3,{NEW}"), by_now)
    assert found.author == "Bob"
    (found,) = audit.syncs(sync(0, commit__author__name="hashed"), by_now)
    assert (found.author, found.message) == ("hashed", "Fix it")
    (found,) = audit.syncs(sync(0), {NEW: known(message="Fix it")})
    assert (found.author, found.message) == ("missing", "Fix it")
    (found,) = audit.syncs(sync(0), {OLD: known(author_name="Eve")})
    assert found.author == "missing"


PAST = [
    *sync(0, "argocd/checkout-dev", kind="auto", by=""),
    *sync(
        HOUR, "argocd/checkout-prod", commit__author__name="Bob Baker", commit__message="Count | twice\nand <b>more</b>"
    ),
    judged("violated", HOUR, "outside_window", "argocd/checkout-prod"),
    *sync(2 * HOUR, "teams/shop-prod", by="carol", kind="rollback", result="failure", revision="v1.2.3"),
]


def test_a_table_for_people() -> None:
    assert formats.terminal(audit.report(PAST, ALL), 100) == (
        "TIME                  APPLICATION      ENV   REVISION  SYNC      RESULT   BY\n"
        "2026-11-23T12:00:00Z  checkout-dev     dev   9a1f3c5d  auto      success  Argo CD\n"
        "2026-11-23T13:00:00Z  checkout-prod    prod  9a1f3c5d  manual    success  alice\n"
        "    outside window\n"
        "    commit by Bob Baker: Count | twice\\nand <b>more</b>\n"
        "2026-11-23T14:00:00Z  teams/shop-prod  prod  v1.2.3    rollback  failure  carol\n"
        "\n"
        "3 syncs, 2 deployments\n"
        "the commit's author is missing for 2 of them\n"
    )


def test_markdown() -> None:
    chosen = Selection(application="teams/*")
    assert formats.as_markdown(audit.report(PAST, chosen)) == (
        "| TIME | APPLICATION | ENV | REVISION | BEFORE | SYNC | RESULT | REASON | BY | COMMIT BY | COMMIT | IMAGES "
        "| REMARKS |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| 2026-11-23T14:00:00Z | teams/shop-prod | prod | v1.2.3 | - | rollback | failure | - | carol | missing "
        "| missing | - | - |\n"
        "\n"
        "- 1 sync, 0 deployments\n"
        "- the commit's author is missing for 1 of them\n"
    )


def test_a_selection_is_by_application_environment_service_and_time() -> None:
    def names(**chosen: object) -> list[object]:
        return [row[1] for row in audit.report(PAST, Selection(**chosen)).rows]  # type: ignore[arg-type]

    everything = ["argocd/checkout-dev", "argocd/checkout-prod", "teams/shop-prod"]
    assert names() == everything
    assert names(application="checkout-*") == everything[:2]
    assert names(application="teams/*") == everything[2:]
    assert names(application="*/shop-prod") == everything[2:]
    assert names(environment="prod") == everything[1:]
    assert names(environment="prod", service="shop") == everything[2:]
    assert names(since=NOON + HOUR) == everything[1:]
    assert names(until=NOON + HOUR) == everything[:1]
    assert names(since=NOON + 9 * HOUR) == []


def test_a_limit_keeps_the_newest() -> None:
    table = audit.report(PAST, ALL, 1)
    assert [row[1] for row in table.rows] == ["teams/shop-prod"]
    assert table.notes[0] == "3 syncs, 2 deployments; the newest 1 are shown"
    assert table.facts == {"syncs": 3, "deployments": 2}


def test_nothing_is_said_in_words() -> None:
    assert formats.terminal(audit.report([], ALL), 100) == "no sync ended in this time\n\n0 syncs, 0 deployments\n"
