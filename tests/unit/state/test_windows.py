"""Sync windows: what Argo CD answers, what our own answers have in common, and how long they may take."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.model.application import Destination
from observability.model.project import SyncWindow
from observability.model.state import WindowVerdict
from observability.state import windows, zones
from tests.fakes import oracles

SECOND = 1_000_000_000
MONDAY = 1_774_828_800 * SECOND
"""2026-03-30T00:00:00Z."""


@pytest.mark.parametrize("category", [name for name in oracles.categories() if name != "panic"])
def test_agrees_with_argo_cd(category: str) -> None:
    for case in oracles.of_category(category):
        expect = case["expect"]
        assert expect["panic"] is None, case["id"]
        assert answers(case) == {name: wanted(expect[name], name) for name in answers(case)}, case["id"]
        if case.get("has_next_change"):
            assert change(case) == oracles.nanoseconds(case["next_change"]), case["id"]


def test_where_argo_cd_crashes_the_answer_is_an_error_or_the_window_has_no_effect() -> None:
    crashes = [case for case in oracles.of_category("panic") if case["expect"]["panic"] is not None]
    assert crashes
    for case in crashes:
        project = oracles.windows(case)
        assigned = windows.matching(project, name(case), oracles.destination(case))
        verdict = windows.verdict(project, assigned, oracles.now(case))
        ghosts = any(window is None for window in case["project_spec"]["syncWindows"])
        assert ghosts or (verdict.error is not None and not verdict.can_sync_auto and not verdict.can_sync_manual)
        assert windows.validate(project) is not None


def answers(case: dict[str, Any]) -> dict[str, Any]:
    """Ours, under the names of the oracle."""
    project, at = oracles.windows(case), oracles.now(case)
    assigned = windows.matching(project, name(case), oracles.destination(case))
    verdict = windows.verdict(project, assigned, at)
    automated, started = oracles.operation(case)
    each = [windows.active(window, at) for window in project]
    problem = windows.validate(project)
    found = {
        "matches": list(assigned),
        "active": list(windows.actives(project, assigned, at)),
        "inactive_allows": inactive_allows(project, assigned, each),
        "error": verdict.error is not None,
        "can_sync_auto": verdict.can_sync_auto,
        "can_sync_manual": verdict.can_sync_manual,
        "controller_blocks": windows.blocks(project, assigned, automated=automated, started_ns=started, at_ns=at),
        "controller_error": verdict.error is not None,
        "window_active": each,
        "project_active": None if None in each else [index for index, active in enumerate(each) if active],
        "window_validate": [
            ((zones.find(window.time_zone) and window.time_zone) or "UTC", windows.invalid(window) is not None)
            for window in project
        ],
        "project_validate": None if problem is None else problem.code,
    }
    if "can_sync_auto_with_start" in case["expect"]:
        for by, flag in (("auto", True), ("manual", False)):
            blocks = windows.blocks(project, assigned, automated=flag, started_ns=started, at_ns=at)
            found[f"can_sync_{by}_with_start"] = not blocks
    return found


def wanted(answer: Any, name: str) -> Any:
    """Argo CD's, with the texts of its errors left out."""
    match name:
        case "error" | "controller_error":
            return answer is not None
        case "window_active":
            return [None if one["error"] else one["active"] for one in answer]
        case "project_active":
            return None if answer["error"] else answer["active"]
        case "window_validate":
            return [(one["timeZone"], one["error"] is not None) for one in answer]
        case "project_validate":
            return None if answer is None else answer["code"]
        case _:
            return answer


def inactive_allows(project: tuple[SyncWindow, ...], assigned: tuple[int, ...], each: list[bool | None]) -> list[int]:
    """The assigned allows that are not active; none when one of them cannot be read."""
    allows = [index for index in assigned if project[index].kind == windows.ALLOW]
    return [] if any(each[index] is None for index in allows) else [index for index in allows if not each[index]]


def change(case: dict[str, Any]) -> int | None:
    project = oracles.windows(case)
    assigned = windows.matching(project, name(case), oracles.destination(case))
    automated, _ = windows.changes(project, assigned, oracles.now(case))
    return automated


def name(case: dict[str, Any]) -> str:
    found = case["application"]["metadata"].get("name", "")
    assert isinstance(found, str)
    return found


def window(kind: str, schedule: str = "0 8 * * *", duration: str = "1h", **rest: Any) -> SyncWindow:
    return SyncWindow(kind=kind, schedule=schedule, duration=duration, **{"applications": ("*",), **rest})


def verdict(*project: SyncWindow, at: int = MONDAY) -> WindowVerdict:
    return windows.verdict(project, tuple(range(len(project))), at)


def test_without_windows_everything_may_sync_for_ever() -> None:
    assert verdict() == WindowVerdict()


def test_the_instants_of_a_verdict_are_seconds() -> None:
    found = verdict(window("deny", manual_sync=True))
    assert (found.auto_changes_at, found.manual_changes_at) == (MONDAY / SECOND + 8 * 3600, None)


def test_automated_and_manual_syncs_change_at_instants_of_their_own() -> None:
    project = (window("deny", duration="2h", manual_sync=True), window("deny", duration="1h"))
    at = MONDAY + 8 * 3600 * SECOND + 1
    assert windows.changes(project, (0, 1), at) == (MONDAY + 10 * 3600 * SECOND, MONDAY + 9 * 3600 * SECOND)


def test_a_deny_wins_over_an_allow_and_a_closed_allow_denies() -> None:
    at = MONDAY + 8 * 3600 * SECOND + 1
    assert not verdict(window("allow"), window("deny"), at=at).can_sync_auto
    assert verdict(window("allow"), at=at).can_sync_auto
    assert not verdict(window("allow")).can_sync_auto
    assert verdict(window("deny")).can_sync_auto


def test_a_window_that_cannot_be_read_says_no_and_blocks() -> None:
    project = (window("deny", schedule="@daily"), window("allow"))
    found = windows.verdict(project, (0, 1), MONDAY)
    assert (found.can_sync_auto, found.can_sync_manual) == (False, False)
    assert windows.actives(project, (0, 1), MONDAY) == ()
    assert found.error is not None
    assert "@daily" in found.error
    assert windows.blocks(project, (0, 1), automated=False, started_ns=None, at_ns=MONDAY)
    assert windows.changes(project, (0, 1), MONDAY) == (None, None)


def test_a_cluster_matches_by_the_name_or_the_server_that_is_written_there() -> None:
    project = (window("deny", applications=(), clusters=("prod-*", "https://10.*")),)
    assert windows.matching(project, "shop", Destination(server="https://10.0.0.1")) == (0,)
    assert windows.matching(project, "shop", Destination(name="prod-eu")) == (0,)
    assert windows.matching((window("deny", applications=(), clusters=("*",)),), "shop", Destination()) == ()


MINUTES = st.sampled_from(["*", "0", "*/7", "30", "1-59/2", "59/1", "*/2"])
HOURS = st.sampled_from(["*", "*", "8-18", "0,23", "22", "*/6"])
DAYS = st.sampled_from(["* * *", "* * *", "* * 1-5", "1 * *", "31 2 *", "29 2 ?", "? jan sun", ", * *"])
ZONES = st.sampled_from(["", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Mars/Phobos"])
SANE = st.builds(
    window,
    st.sampled_from(["allow", "deny"]),
    st.tuples(st.sampled_from(["", "", "TZ=Europe/London"]), MINUTES, HOURS, DAYS).map(" ".join).map(str.strip),
    st.sampled_from(["30s", "1m", "7m", "1h", "1h30m", "8h", "25h", "168h", "0", "-1h", "1ns", "2562047h"]),
    time_zone=ZONES,
    manual_sync=st.booleans(),
    sync_overrun=st.booleans(),
)
INSTANTS = st.integers(1_700_000_000 * SECOND, 1_900_000_000 * SECOND) | st.builds(
    lambda minute, nanosecond: minute * 60 * SECOND + nanosecond,
    st.sampled_from([MONDAY // SECOND // 60 - 1440, 29_200_000, 29_843_520, 30_000_000]),
    st.integers(-1, 1),
)


@given(st.lists(SANE, min_size=1, max_size=4), INSTANTS, st.lists(st.floats(0, 1), max_size=20))
def test_an_answer_stays_until_it_changes_and_then_is_another(
    project: list[SyncWindow], at: int, fractions: list[float]
) -> None:
    assigned = tuple(range(len(project)))
    before = windows.verdict(project, assigned, at)
    for change, says in zip(windows.changes(project, assigned, at), ("can_sync_auto", "can_sync_manual"), strict=True):
        answer = getattr(before, says)
        if change is not None:
            assert at <= change <= at + windows.HORIZON
            assert getattr(windows.verdict(project, assigned, change + 1), says) is not answer
        end = at + windows.HORIZON if change is None else change
        for fraction in fractions:
            # Between two windows that touch there is an instant without either: not a change, and on a whole second.
            instant = at + round((end - at) * fraction) // SECOND * SECOND + 7
            if at < instant < end:
                assert getattr(windows.verdict(project, assigned, instant), says) is answer, instant


ANYTHING = st.text(max_size=12) | st.from_regex(r"[TZ=CRON_*/,0-9 -]{0,20}", fullmatch=True)


@given(
    st.lists(
        st.builds(
            SyncWindow,
            kind=st.sampled_from(["allow", "deny", ""]),
            schedule=ANYTHING | st.just("* * * * *"),
            duration=ANYTHING | st.just("1h"),
            applications=st.lists(ANYTHING, max_size=2).map(tuple),
            namespaces=st.lists(ANYTHING, max_size=2).map(tuple),
            clusters=st.lists(ANYTHING, max_size=2).map(tuple),
            time_zone=ANYTHING,
            manual_sync=st.booleans(),
            and_operator=st.booleans(),
            description=ANYTHING,
        ),
        max_size=4,
    ),
    ANYTHING,
    st.integers(-62_000_000_000 * SECOND, 250_000_000_000 * SECOND),
)
def test_no_window_makes_it_raise(project: list[SyncWindow], name: str, at: int) -> None:
    assigned = windows.matching(project, name, Destination(name=name, namespace=name))
    everything = tuple(range(len(project)))
    for indexes in (assigned, everything):
        found = windows.verdict(project, indexes, at)
        assert (found.error is None) is all(windows.active(project[index], at) is not None for index in indexes)
        assert windows.blocks(project, indexes, automated=True, started_ns=None, at_ns=at) is not found.can_sync_auto
    windows.validate(project)


def test_a_search_that_finds_no_end_is_given_up() -> None:
    even, odd = window("deny", "*/2 * * * *", "1m"), window("deny", "1-59/2 * * * *", "1m")
    assert windows.changes((even, odd), (0, 1), MONDAY + 1) == (None, None)


def test_window_edges_are_open_at_both_ends() -> None:
    start, end = MONDAY + 8 * 3600 * SECOND, MONDAY + 9 * 3600 * SECOND
    edges = [windows.active(window("deny"), at) for at in (start, start + 1, end - 1, end)]
    assert edges == [False, True, True, False]
