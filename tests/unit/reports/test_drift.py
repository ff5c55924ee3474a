"""Drift episodes, put together from their beginning and their end."""

import json

from observability.cli import formats
from observability.model.application import Key
from observability.model.event import Event
from observability.model.state import Drift
from observability.model.status import Cause
from observability.reports import drift
from observability.reports.selection import Selection
from tests.builders import NOON, application, state
from tests.past import DAY, HOUR, event


def detected(after: float, application: str = "argocd/shop-prod", confidence: str = "high") -> Event:
    return event(
        "drift.detected", after, application, out_of_sync__cause="live_drift", out_of_sync__confidence=confidence
    )


def resolved(after: float, seconds: float, how: str = "synced", application: str = "argocd/shop-prod") -> Event:
    return event(
        "drift.resolved",
        after,
        application,
        out_of_sync__cause="live_drift",
        out_of_sync__confidence="high",
        out_of_sync__duration_seconds=seconds,
        drift__resolution=how,
    )


def test_an_episode_has_a_beginning_and_an_end() -> None:
    (one,) = drift.episodes([detected(0), resolved(HOUR, HOUR, "self_healed")])
    assert (one.started_at, one.ended_at, one.resolution) == (NOON, NOON + HOUR, "self_healed")
    assert (one.cause, one.confidence, one.catch_up) == ("live_drift", "high", False)
    assert one.seconds(NOON + DAY) == HOUR


def test_one_that_goes_on_lasts_until_now() -> None:
    (one,) = drift.episodes([detected(0)])
    assert (one.ended_at, one.resolution, one.seconds(NOON + DAY)) == (None, "", DAY)
    assert one.seconds(NOON - DAY) == 0.0  # a clock that was set back


def test_the_beginning_may_be_older_than_the_journal() -> None:
    (one,) = drift.episodes([resolved(HOUR, DAY)])
    assert (one.started_at, one.ended_at) == (NOON + HOUR - DAY, NOON + HOUR)


def test_what_stood_at_the_first_start_stands_among_them_once() -> None:
    stands = Drift(NOON - HOUR, Cause.LIVE_DRIFT, witnessed=False)
    states = [state(application(name), drift=stands) for name in ("shop-prod", "shop-staging")]
    told = drift.episodes([detected(0)])
    (one,) = drift.standing([*states, state(application("shop-dev"))], told)
    assert one.application == Key("argocd", "shop-staging")
    assert (one.started_at, one.ended_at, one.cause, one.confidence) == (NOON - HOUR, None, "live_drift", "low")
    table = drift.report([detected(0)], states, Selection(), NOON + DAY)
    assert len(table.rows) == 2


def test_a_beginning_without_an_end_before_it_ends_what_stood() -> None:
    first, second = drift.episodes([detected(0), detected(60)])
    assert (first.ended_at, first.resolution) == (NOON + 60, "not seen")
    assert second.ended_at is None


def test_applications_do_not_mix() -> None:
    first, second = drift.episodes([detected(0), detected(1, "argocd/other-prod"), resolved(2, 2)])
    assert (first.ended_at, second.ended_at) == (NOON + 2, None)


PAST = [
    detected(0),
    resolved(HOUR, HOUR),
    detected(2 * HOUR, "teams/checkout-staging", "low"),
    detected(3 * HOUR),
    resolved(3 * HOUR + 20, 20, "self_healed"),
]


def test_a_table_for_people() -> None:
    assert formats.terminal(drift.report(PAST, (), Selection(), NOON + DAY), 100) == (
        "SINCE                 FOR  APPLICATION             ENV      CAUSE       ENDED\n"
        "2026-11-23T12:00:00Z  1h   shop-prod               prod     live_drift  synced\n"
        "2026-11-23T14:00:00Z  22h  teams/checkout-staging  staging  live_drift  open (low confidence)\n"
        "2026-11-23T15:00:00Z  20s  shop-prod               prod     live_drift  self_healed\n"
        "\n"
        "3 drift episodes, 1 of them open\n"
    )


def test_a_length_of_time_is_written_as_far_as_its_ends_are() -> None:
    table = drift.report([detected(0.1), resolved(0.35, 0.25)], (), Selection(), NOON + DAY)
    (row,) = json.loads(formats.as_json(table))["rows"]
    assert (row["started_at"], row["ended_at"]) == ("2026-11-23T12:00:00.1Z", "2026-11-23T12:00:00.35Z")
    assert row["duration_seconds"] == 0.25


def test_csv() -> None:
    assert formats.as_csv(drift.report(PAST, (), Selection(environment="staging"), NOON + DAY)) == (
        '"started_at","ended_at","duration_seconds","application","environment","service","project","cause",'
        '"confidence","open","resolution","catch_up"\n'
        '"2026-11-23T14:00:00Z","",79200.0,"teams/checkout-staging","staging","checkout","shop","live_drift",'
        '"low","true","","false"\n'
    )


def test_an_episode_counts_when_any_of_it_is_in_the_selection() -> None:
    def starts(since: float | None, until: float | None) -> list[object]:
        chosen = Selection(since=since, until=until)
        return [row[0] for row in drift.report(PAST, (), chosen, NOON + DAY).rows]

    assert starts(NOON + 0.5 * HOUR, NOON + HOUR) == ["2026-11-23T12:00:00Z"]
    assert starts(NOON + 9 * HOUR, None) == ["2026-11-23T14:00:00Z"]
    assert starts(None, NOON) == []


def test_a_limit_keeps_the_newest() -> None:
    table = drift.report(PAST, (), Selection(), NOON + DAY, 2)
    assert [row[0] for row in table.rows] == ["2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z"]
    assert table.notes == ("3 drift episodes, 1 of them open; the newest 2 are shown",)
    assert table.facts == {"episodes": 3, "open": 1}
