"""The events of the recordings are what was really done: none missing, none invented.

`tests/recordings/<topic>.events.txt` has them all, a line each; they were compared with the logs by eye, too. Here the
logs themselves are asked. What cannot be seen is listed with the reason.
"""

import re
from collections import Counter
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from observability.model.event import Event
from observability.settings import Settings
from observability.signals.events import events_of
from observability.signals.transitions import Context
from tests.replay import FOLDER, SETTLE_SECONDS, TOPICS, changes, lines, truth

CONTEXT: Final = Context.of(Settings().environments)
APPLICATION: Final = "gitops.application."


@cache
def events(topic: str) -> tuple[Event, ...]:
    return tuple(event for change in changes(topic) for event in events_of(change, CONTEXT))


@cache
def began_at(topic: str) -> float:
    return next(lines(topic)).at


def named(topic: str, name: str, application: str | None = None) -> list[Event]:
    """The events of that name, of one Application or of all."""
    return [
        event
        for event in events(topic)
        if event.name == f"{APPLICATION}{name}" and application in (None, event.attributes["gitops.application.name"])
    ]


TOLD: Final = re.compile(
    r"gitops\.(sync\.(kind|dry_run|retries|.*seconds)|revision|initiator|health\.status|sync_status|out_of_sync|degraded"
    r"|drift|policy|condition|rollback|deployment|time_to|window|applicationset\.(step|applications))|cicd\.pipeline\.result"
)
"""Attributes that are written down; those that are 0 or false, and a high confidence, are not."""


def written(topic: str, event: Event) -> str:
    """One line: when it happened and was seen, in seconds since the recording began; whose; what."""
    told = [
        f"{name.removeprefix('gitops.').removesuffix('_seconds')}={_short(value)}"
        for name, value in event.attributes.items()
        if TOLD.match(name) and value not in (False, 0, "high")
    ]
    late = ["catch_up"] if event.attributes["gitops.catch_up"] else []
    since = began_at(topic)
    head = f"{event.at - since:.3f} {event.observed_at - since:.3f} {event.severity} {event.subject}"
    return " ".join([head, event.name.removeprefix("gitops."), *late, *told])


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return re.sub(r"[0-9a-f]{40}", lambda found: found[0][:7], str(value)).replace(" ", "_")


@pytest.mark.parametrize("topic", TOPICS)
def test_the_events_are_those_that_were_compared_with_the_log(topic: str) -> None:
    expected = (FOLDER / f"{topic}.events.txt").read_text().splitlines()
    assert [written(topic, event) for event in events(topic)] == expected


@pytest.mark.parametrize("topic", TOPICS)
def test_each_event_has_an_id_of_its_own_and_did_not_happen_after_it_was_seen(topic: str) -> None:
    assert len({event.id for event in events(topic)}) == len(events(topic))
    # Clocks of the machine that was recorded differ by no more than that.
    assert all(event.at <= event.observed_at + 0.1 for event in events(topic))


@pytest.mark.parametrize("topic", TOPICS)
def test_the_same_recording_makes_the_same_events(topic: str) -> None:
    again = [event for change in changes(topic) for event in events_of(change, CONTEXT)]
    assert again == list(events(topic))


class Sync(NamedTuple):
    """A sync that somebody had done; nobody: set with kubectl, without a name."""

    application: str
    by: str
    kind: str
    dry_run: bool


NOT_SEEN: Final = {
    ("midstream", "kiosk-staging", "admin"): "before the recording began",
    ("midstream", "kiosk-prod", "admin"): "one before the recording began; another in its gap: a later operation "
    "took its place in the object, and its deployment tells of it",
}
"""Syncs of the logs that the streams do not show, with the reason."""

_SYNC: Final = re.compile(r"\bsync\b|dry-run|rollback to history")
_NO_SYNC: Final = re.compile(r"^refresh|terminated|^annotation|^automated|^git|deleted|^own|kubectl edit")


def done(topic: str) -> list[Sync]:
    """The syncs that the log tells of and that Argo CD took."""
    found = []
    for line in truth(topic):
        did = line["did"]
        if line.get("kind") or _NO_SYNC.search(did):
            continue
        by_hand = did.startswith(".operation set with kubectl")
        if by_hand or (line.get("http_status") == 200 and _SYNC.search(did)):
            by = "carol" if "carol" in did else "" if by_hand else line["by"]
            application = line["application"].split("/")[-1]
            if (topic, application, by) not in NOT_SEEN or line["t"] > began_at(topic) + 30.0:
                found.append(Sync(application, by, _kind(did), "dry" in did))
    return found


def _kind(did: str) -> str:
    if did.startswith("rollback to") or "older, already deployed" in did:
        return "rollback"
    return "partial" if did.startswith("partial") else "local" if "LOCAL" in did else "manual"


@pytest.mark.parametrize("topic", TOPICS)
def test_each_sync_that_somebody_had_done_is_told_once_and_no_other(topic: str) -> None:
    told = [
        Sync(
            str(event.attributes["gitops.application.name"]),
            str(event.attributes.get("gitops.initiator.name", "")),
            str(event.attributes["gitops.sync.kind"]),
            bool(event.attributes["gitops.sync.dry_run"]),
        )
        for event in named(topic, "sync.finished")
        if event.attributes["gitops.initiator.kind"] != "automated"
    ]
    assert Counter(told) == Counter(done(topic))


@pytest.mark.parametrize("topic", TOPICS)
def test_a_sync_that_was_watched_is_asked_for_begins_and_ends(topic: str) -> None:
    """Each once, in this order; but for those that were under way when the recording began or ended."""
    told: dict[Any, list[str]] = {}
    for event in events(topic):
        if event.name.startswith(f"{APPLICATION}sync.") and "cicd.pipeline.run.id" in event.attributes:
            told.setdefault(event.attributes["cicd.pipeline.run.id"], []).append(event.name.rsplit(".", 1)[1])
    late = {
        event.attributes.get("cicd.pipeline.run.id") for event in events(topic) if event.attributes["gitops.catch_up"]
    }
    assert [run for run, words in told.items() if words != ["started", "finished"] and run not in late] == []
    asked = len(named(topic, "sync.requested"))
    assert asked == len([run for run in told if run not in late])


def seen_to_run(topic: str) -> Counter[tuple[str, float]]:
    """How many operations each Application began in each second, read off the stream itself: Running after another."""
    begun: Counter[tuple[str, float]] = Counter()
    phases: dict[str, str] = {}
    for line in lines(topic):
        if line.resource != "applications":
            continue
        uid, state = line.object["metadata"]["uid"], line.object.get("status", {}).get("operationState") or {}
        phase = state.get("phase", "")
        if phase == "Running" and phases.get(uid) not in ("Running", "Terminating"):
            begun[uid, datetime.fromisoformat(state["startedAt"]).timestamp()] += 1
        phases[uid] = phase
    return begun


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "midstream"])
def test_two_operations_within_one_second_are_two(topic: str) -> None:
    told = Counter(
        (str(event.attributes["gitops.application.uid"]), event.at) for event in named(topic, "sync.started")
    )
    assert told == seen_to_run(topic)


def test_there_are_such_seconds() -> None:
    assert sum(count > 1 for topic in TOPICS for count in seen_to_run(topic).values()) == 6


ENDED_BADLY: Final = {
    ("autofail", "coupon-dev"): ["failure", "failure"],
    ("failures", "report-dev"): ["timeout"],
    ("failures", "report-prod"): ["failure", "cancellation", "timeout"],
    ("failures", "report-staging"): ["failure"],
    ("retries", "refunds-prod"): ["cancellation", "failure"],
    ("windows", "web-prod"): ["cancellation"],
}


def test_results_are_those_of_the_logs() -> None:
    told: dict[tuple[str, str], list[str]] = {}
    for topic in TOPICS:
        for event in named(topic, "sync.finished"):
            result = str(event.attributes["cicd.pipeline.result"])
            if result != "success":
                assert event.attributes["error.type"] == result
                told.setdefault((topic, str(event.attributes["gitops.application.name"])), []).append(result)
    assert told == ENDED_BADLY


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic not in ("midstream", "multisource")])
def test_what_was_deployed_was_committed(topic: str) -> None:
    """A deployment that is not an Application's first is of a commit of the log, or of one that stood before.

    midstream begins late; multisource reads a second repository, of which the log does not speak.
    """
    committed = {line["revision"] for line in truth(topic) if line.get("revision")}
    firsts: dict[Any, set[str]] = {}
    for event in named(topic, "deployed"):
        revisions = set(str(event.attributes["gitops.revision"]).split(","))
        known = firsts.setdefault(event.attributes["gitops.application.name"], revisions)
        assert revisions <= committed | known, event.body


ROLLED_BACK: Final = [
    ("appofapps", "platform-one", "git", 67),  # the revert of a broken image
    ("midstream", "kiosk-prod", "cluster", 10),  # by the API, while nobody watched
    ("multisource", "blog", "cluster", 127),
    ("rollback", "checkout-dev", "git", 38),  # the revert of a broken image
    ("rollback", "checkout-prod", "cluster", 70),
    ("rollback", "checkout-prod", "cluster", 233),
    ("rollback", "checkout-prod", "cluster", 290),  # by a sync of an older revision
    ("spec", "auth-prod", "git", 200),  # the target revision goes back to an earlier tag
]
"""Every rollback of the logs. The revert in midstream deploys images that were not seen there before."""


def test_rollbacks_are_those_of_the_logs() -> None:
    told = [
        (
            topic,
            event.attributes["gitops.application.name"],
            event.attributes["gitops.rollback.scope"],
            int(event.at - began_at(topic)),
        )
        for topic in TOPICS
        for event in named(topic, "rolled_back")
    ]
    assert sorted(told) == ROLLED_BACK


BLOCKED: Final = [("web-prod", 20), ("web-dev", 89), ("web-prod", 179), ("web-prod", 214)]
"""Parked by a window twice, an automated sync that did not begin, and one that a window overtook. Those that a window
let through say for a moment that they are blocked; those that the API refused leave no trace."""


def test_windows_block_what_the_log_says() -> None:
    told = [
        (event.attributes["gitops.application.name"], int(event.at - began_at("windows")))
        for event in named("windows", "blocked")
    ]
    assert told == BLOCKED
    assert [topic for topic in TOPICS if topic != "windows" and named(topic, "blocked")] == []


DRIFTS: Final = {
    # Application: the lines of the log that are drift, less those that a standing drift swallowed.
    "appofapps": {"platform-root": 1},
    "drift": {"catalog-dev": 1, "catalog-prod": 5},
    "midstream": {},  # the edit was there before, and was undone in the gap
    "multisource": {"blog": 1},
    "restart": {"basket-dev": 1},
    "selfheal": {"search-dev": 7},  # of four edits in a row the last three came while the first stood
    "unconverged": {"cache-dev": 1, "cache-prod": 1},
}


@pytest.mark.parametrize("topic", TOPICS)
def test_drift_by_hand_is_told_once_an_edit(topic: str) -> None:
    told = Counter(
        str(event.attributes["gitops.application.name"])
        for event in named(topic, "drift.detected")
        if event.attributes["gitops.out_of_sync.cause"] == "live_drift"
    )
    assert told == DRIFTS.get(topic, {})


@pytest.mark.parametrize("topic", TOPICS)
def test_every_drift_that_began_ends_before_the_next(topic: str) -> None:
    open_since: dict[Any, float] = {}
    for event in events(topic):
        application = event.attributes.get("gitops.application.name")
        if event.name == f"{APPLICATION}drift.detected":
            assert application not in open_since
            open_since[application] = event.at
        elif event.name == f"{APPLICATION}drift.resolved":
            seconds = event.attributes["gitops.out_of_sync.duration_seconds"]
            if application in open_since:  # else it was there when the recording began
                assert event.at - open_since.pop(application) == pytest.approx(seconds)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic not in ("appofapps", "appset")])
def test_births_and_ends_are_those_of_the_log(topic: str) -> None:
    """Not of those whose Applications come and go with what owns them."""
    since = began_at(topic) - 2.0
    acts = [(line["application"].split("/")[-1], line["did"]) for line in truth(topic) if line["t"] > since]
    born = Counter(name for name, did in acts if re.search(r"^Application .*created|^Application created", did))
    ended = Counter(name for name, did in acts if re.search(r"Application deleted|^deleted", did))
    assert Counter(str(event.attributes["gitops.application.name"]) for event in named(topic, "created")) == born
    assert Counter(str(event.attributes["gitops.application.name"]) for event in named(topic, "deleted")) == ended


def test_a_cold_start_says_nothing_of_what_was_there() -> None:
    assert [event for event in events("midstream") if event.observed_at < began_at("midstream") + 1.0] == []


def test_only_what_a_second_list_tells_is_marked() -> None:
    late = {topic: sum(bool(event.attributes["gitops.catch_up"]) for event in events(topic)) for topic in TOPICS}
    assert [topic for topic, count in late.items() if count] == ["midstream"]
    deployed = [event for event in named("midstream", "deployed", "kiosk-prod") if event.attributes["gitops.catch_up"]]
    assert [event.attributes["gitops.sync.kind"] for event in deployed] == ["manual", "rollback"]
    assert [event.attributes["gitops.initiator.name"] for event in deployed] == ["admin", "alice"]


def test_settings_of_the_recordings() -> None:
    """They were made with short times: a settle time of the default would join what is told apart here."""
    assert SETTLE_SECONDS == 1.0
