"""What the watch makes of answers that no real server gives on demand."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from observability.model.application import Key
from observability.model.observation import Kind, Listed, Listing, Malformed, Scope, Unavailable
from observability.settings.groups import Kubernetes
from observability.sources import kubernetes, watching
from observability.sources.kubernetes import Connection, connect
from observability.sources.watching import watch
from tests.fakes.scripted_api import (
    EXPIRED,
    NO_STREAMING,
    Answer,
    Request,
    ScriptedApi,
    Then,
    application,
    bookmark,
    event,
    page,
    refusal,
    status,
    stream,
)
from tests.fakes.watched import NOW, Pauses, observed, said, subject, until
from tests.integration.servers import free_port, write_kubeconfig

A, B, C = application("a", 1), application("b", 2), application("c", 3)
LATER_B, LATER_C = application("b", 22), application("c", 23)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


async def test_a_list_as_a_stream(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    changes = event("MODIFIED", application("b", 10)), event("DELETED", application("a", 11))
    scripted.script = [stream(event("ADDED", A), event("ADDED", B), bookmark(9, end_of_list=True), *changes)]
    observations = await observed(subject(connection, pauses), until("gone a"))
    assert said(observations) == ["listing start", "seen a", "seen b", "listed 9", "seen b", "gone a"]
    (query,) = scripted.queries
    assert query["watch"] == "1"
    assert query["sendInitialEvents"] == "true"
    assert query["resourceVersionMatch"] == "NotOlderThan"
    assert query["allowWatchBookmarks"] == "true"
    assert query["timeoutSeconds"] == "600"
    assert "resourceVersion" not in query


async def test_a_list_in_chunks(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    scripted.script = [
        NO_STREAMING,
        page(9, A, B, more="more"),
        page(9, C),
        stream(event("ADDED", application("d", 10))),
    ]
    observations = await observed(subject(connection, pauses, page_size=2), until("seen d"))
    assert said(observations) == ["listing start", "seen a", "seen b", "seen c", "listed 9", "seen d"]
    _, first, second, watching_ = scripted.queries
    assert first == {"limit": "2"}
    assert second == {"limit": "2", "continue": "more"}
    assert watching_["resourceVersion"] == "9"
    assert "sendInitialEvents" not in watching_
    assert pauses == []


async def test_that_lists_do_not_stream_is_remembered(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    scripted.script = [NO_STREAMING, page(9, A), stream(event("ERROR", EXPIRED)), page(12, B)]
    await observed(subject(connection, pauses), until("listed 12"))
    assert [query.get("sendInitialEvents") for query in scripted.queries] == ["true", None, None, None]


@pytest.mark.parametrize(
    "refused",
    [
        refusal(400, "BadRequest"),
        stream(event("ERROR", status(500, "InternalError", "etcd is too old"))),
    ],
    ids=["400", "ERROR event"],
)
async def test_other_ways_to_refuse_a_list_as_a_stream(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, refused: Answer
) -> None:
    scripted.script = [refused, page(9, B)]
    observations = await observed(subject(connection, pauses), until("listed 9"))
    assert said(observations)[-2:] == ["seen b", "listed 9"]
    assert not connection.streaming_lists
    assert pauses == []


async def test_streaming_lists_that_end_early_are_asked_for_in_pages_and_after_three_in_a_row_all_are(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    early, expired = stream(event("ADDED", A), then=Then.END), stream(event("ERROR", EXPIRED))
    whole = stream(event("ADDED", A), bookmark(10, end_of_list=True), event("ERROR", EXPIRED))
    scripted.script = [early, page(9, A), expired, whole, *[early, page(11, A), expired] * 3, page(12, A)]
    observations = await observed(subject(connection, pauses), until("listed 12"))
    listings = [words for words in said(observations) if words.startswith("listing")]
    assert listings == ["listing start"] * 2 + ["listing expired"] * 8
    streamed = [query.get("sendInitialEvents") == "true" for query in scripted.queries]
    assert streamed == [True, False, False, True, *[True, False, False] * 3, False]
    assert not connection.streaming_lists


async def test_a_server_in_trouble_after_a_streaming_list_that_ended_early_refuses_no_streaming(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    scripted.script = [stream(event("ADDED", A), then=Then.END), refusal(500, "InternalError"), page(9, A)]
    observations = await observed(subject(connection, pauses), until("listed 9"))
    assert said(observations)[2:] == ["unavailable unreachable", "listing start", "seen a", "listed 9"]
    assert connection.streaming_lists


async def test_a_streaming_list_that_falls_silent(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    scripted.script = [stream(event("ADDED", A)), page(9, A)]
    observations = await observed(subject(connection, pauses, silence_seconds=0.2), until("listed 9"))
    assert said(observations) == ["listing start", "seen a", "listing start", "seen a", "listed 9"]
    assert connection.streaming_lists


async def test_it_is_the_start_until_one_list_is_complete(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    scripted.script = [
        page(8, A, more="t"),
        refusal(503, "ServiceUnavailable"),
        page(9, A),
        stream(event("ERROR", EXPIRED)),
        page(10, A, more="t"),
        refusal(503, "ServiceUnavailable"),
        page(11, A),
    ]
    observations = await observed(subject(connection, pauses), until("listed 11"))
    reasons = [one.reason for one in observations if isinstance(one, Listing)]
    assert reasons == ["start", "start", "expired", "outage"]


async def test_an_outage_before_the_list_does_not_mean_that_lists_do_not_stream(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    scripted.script = [refusal(500, "InternalError"), stream(event("ADDED", A), bookmark(9, end_of_list=True))]
    assert said(await observed(subject(connection, pauses), until("listed 9")))[0] == "unavailable unreachable"
    assert connection.streaming_lists


async def test_from_where_the_journal_stopped(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    scripted.script = [stream(event("MODIFIED", application("a", 43)))]
    observations = await observed(subject(connection, pauses), until("seen a"), resume_from="42")
    assert said(observations) == ["restarted resumed", "seen a"]
    assert scripted.queries[0]["resourceVersion"] == "42"


async def test_the_server_is_older_than_the_journal(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    scripted.version = 41
    scripted.script = [stream(event("ADDED", A), bookmark(41, end_of_list=True), event("ADDED", application("b", 42)))]
    observations = await observed(subject(connection, pauses), until("seen b"), resume_from="42")
    assert said(observations) == ["listing restored", "seen a", "listed 41", "seen b"]
    assert [query.get("resourceVersion") for query in scripted.queries] == [None]
    assert scripted.looks == 1
    assert pauses == []


async def test_whether_the_server_is_older_is_asked_when_a_watch_ends_unplanned_and_only_then(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    looks: list[int] = []

    def counted(answer: Answer) -> Callable[[Request], Answer]:
        def answered(_: Request) -> Answer:
            looks.append(scripted.looks)
            return answer

        return answered

    connection.streaming_lists = False
    scripted.script = [
        counted(page(9, A)),
        counted(stream(then=Then.END)),
        counted(stream(bookmark(10), then=Then.CUT)),
        counted(refusal(503, "ServiceUnavailable")),
        counted(stream(event("ADDED", LATER_B))),
    ]
    await observed(subject(connection, pauses), until("seen b"))
    assert looks == [0, 0, 1, 2, 3]
    scripted.script = [page(9, A), *[stream(bookmark(10), then=Then.END)] * 3]
    settings: dict[str, Any] = {"timeout_seconds_min": 1, "timeout_seconds_max": 1}
    await observed(subject(connection, pauses, **settings), until("restarted timeout", times=3))
    assert scripted.looks == 3, "not after an end that was asked for"


async def test_the_server_is_older_after_an_outage(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    scripted.version = 8
    scripted.script = [page(9, A, B), stream(then=Then.CUT), page(8, A), stream(event("ADDED", LATER_C))]
    observations = await observed(subject(connection, pauses), until("seen c"))
    assert said(observations)[3:] == ["listed 9", "listing restored", "seen a", "listed 8", "seen c"]


@pytest.mark.parametrize("older", [bookmark(8), event("MODIFIED", application("a", 8)), event("DELETED", B)])
async def test_a_watch_that_goes_back(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, older: bytes
) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, A, B), stream(bookmark(12), older), page(8, A), stream(event("ADDED", LATER_C))]
    observations = await observed(subject(connection, pauses), until("seen c"))
    assert said(observations)[3:] == ["listed 9", "alive", "listing restored", "seen a", "listed 8", "seen c"]
    assert [query.get("resourceVersion") for query in scripted.queries] == [None, "9", None, "8"]


async def test_the_journal_was_too_old(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    scripted.script = [stream(event("ERROR", EXPIRED)), stream(event("ADDED", A), bookmark(9, end_of_list=True))]
    observations = await observed(subject(connection, pauses), until("listed 9"), resume_from="1")
    assert said(observations) == ["restarted resumed", "listing expired", "seen a", "listed 9"]
    assert pauses == []


@pytest.mark.parametrize("expired", [stream(event("ERROR", EXPIRED)), refusal(410, "Expired")], ids=["event", "status"])
async def test_a_version_that_has_expired_is_listed_anew_at_once(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, expired: Answer
) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, A, B), expired, page(20, B), stream(event("ADDED", LATER_C))]
    observations = await observed(subject(connection, pauses), until("seen c"))
    assert said(observations)[3:] == ["listed 9", "listing expired", "seen b", "listed 20", "seen c"]
    assert pauses == []


async def test_versions_that_expire_again_and_again(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, A), refusal(410, "Expired")] * 4
    await observed(subject(connection, pauses), until("listed 9", times=4))
    assert pauses == [1.6, 3.2]


async def test_a_token_that_has_expired(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    """Once from the beginning, then the rest of a later version; and as that list is not of one piece, soon another."""
    connection.streaming_lists = False
    expired = refusal(410, "Expired", metadata={"continue": "later"})
    scripted.script = [
        page(9, A, more="first"),
        expired,
        page(12, A, more="second"),
        expired,
        page(15, B),
        stream(event("MODIFIED", application("b", 16)), then=Then.END),
        page(17, A, B),
    ]
    observations = await observed(subject(connection, pauses), until("listed 17"))
    assert said(observations) == [
        *("listing start", "seen a", "listing start", "seen a", "seen b", "listed 15", "seen b"),
        *("listing expired", "seen a", "seen b", "listed 17"),
    ]
    assert [query.get("continue") for query in scripted.queries] == [None, "first", None, "second", "later", None, None]


async def test_tokens_that_always_expire(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    expired = refusal(410, "Expired", metadata={"continue": "later"})
    scripted.script = [page(9, A, more="t"), expired, page(9, A, more="t"), expired, expired, page(10, B)]
    observations = await observed(subject(connection, pauses), until("listed 10"))
    assert said(observations)[-3:] == ["listing start", "seen b", "listed 10"]


async def test_a_page_instead_of_json(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    html = Answer((b"<html>please log in</html>",), content_type="text/html")
    connection.streaming_lists = False
    scripted.script = [html, html, html, page(9, A)]
    observations = await observed(subject(connection, pauses), until("listed 9"))
    assert said(observations) == ["unavailable unreachable", "listing start", "seen a", "listed 9"]
    (unavailable,) = (one for one in observations if isinstance(one, Unavailable))
    assert (
        unavailable.message
        == f"expected JSON from {scripted.url}, got text/html: is it the page of a proxy or a login?"
    )
    assert pauses == [0.8, 1.6, 3.2]


async def test_a_page_in_the_watch(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    html = Answer((b"<html>\n502 Bad Gateway\n</html>\n",))
    connection.streaming_lists = False
    scripted.script = [page(9, A), html, page(10, A), stream(event("ADDED", LATER_B))]
    observations = await observed(subject(connection, pauses), until("seen b"))
    assert said(observations)[2:] == ["listed 9", "malformed", "listing malformed", "seen a", "listed 10", "seen b"]


async def test_an_outage_is_told_once_and_goes_on_where_it_began(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    bad_gateway = Answer((b"<html>Bad Gateway</html>",), 502, "text/html")
    scripted.script = [page(9, A), bad_gateway, bad_gateway, bad_gateway, stream(event("ADDED", LATER_B))]
    observations = await observed(subject(connection, pauses), until("seen b"))
    assert said(observations)[2:] == ["listed 9", "unavailable unreachable", "restarted outage", "seen b"]
    assert [query.get("resourceVersion") for query in scripted.queries] == [None, "9", "9", "9", "9"]
    assert pauses == [0.8, 1.6, 3.2]


async def test_nobody_listens(tmp_path: Path, pauses: Pauses) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    write_kubeconfig(kubeconfig, f"http://127.0.0.1:{free_port()}", {}, {})
    async with connect(Kubernetes(kubeconfig=kubeconfig), lambda: NOW) as connection:
        (unavailable,) = await observed(subject(connection, pauses), lambda found: len(pauses) > 3 or bool(found))
    assert isinstance(unavailable, Unavailable)
    assert unavailable.reason == "unreachable"
    assert "cannot reach http://127.0.0.1:" in unavailable.message


async def test_streams_that_end_at_once(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, A), *[stream(then=Then.END)] * 4, stream(event("ADDED", LATER_B))]
    observations = await observed(subject(connection, pauses), until("seen b"))
    assert said(observations)[3:] == ["restarted closed"] * 4 + ["seen b"]
    assert pauses == [0.8, 1.6, 3.2, 6.4]


async def test_a_watch_that_ends_as_asked_begins_anew_at_once(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, A), *[stream(bookmark(10), then=Then.END)] * 3]
    settings: dict[str, Any] = {"timeout_seconds_min": 1, "timeout_seconds_max": 1}
    observations = await observed(subject(connection, pauses, **settings), until("restarted timeout", times=3))
    assert said(observations)[2:] == ["listed 9", *("alive", "restarted timeout") * 3]
    assert [query.get("resourceVersion") for query in scripted.queries] == [None, "9", "10", "10", "10"]
    assert pauses == []


async def test_half_a_line_at_the_end_is_no_event(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    whole = event("MODIFIED", application("a", 10))
    scripted.script = [
        page(9, A),
        stream(whole, whole[:-1], then=Then.END),
        stream(whole[:40], then=Then.CUT),
        stream(whole),
    ]
    observations = await observed(subject(connection, pauses), until("seen a", times=3))
    assert said(observations)[2:] == ["listed 9", "seen a", "restarted closed", "restarted error", "seen a"]
    assert [query.get("resourceVersion") for query in scripted.queries] == [None, "9", "10", "10"]


async def test_a_list_that_is_cut_off(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    scripted.script = [
        stream(event("ADDED", A), then=Then.CUT),
        stream(event("ADDED", A), event("ADDED", B), bookmark(9, end_of_list=True)),
    ]
    observations = await observed(subject(connection, pauses), until("listed 9"))
    expected = ["listing start", "seen a", "unavailable unreachable", "listing start", "seen a", "seen b", "listed 9"]
    assert said(observations) == expected


async def test_a_list_in_chunks_that_is_cut_off(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    half = page(9, A, B).chunks[0][:-30]
    scripted.script = [page(9, A, more="t"), Answer((half,)), Answer((half,), then=Then.CUT), page(10, A, B)]
    observations = await observed(subject(connection, pauses), until("listed 10"))
    expected = ["listing start", "seen a", "unavailable unreachable", "listing start", "seen a", "seen b", "listed 10"]
    assert said(observations) == expected


async def test_silence(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, A), stream(then=Then.HANG), stream(event("ADDED", LATER_B))]
    settings: dict[str, Any] = {"silence_seconds": 0.2, "backoff_initial_seconds": 0.1, "backoff_max_seconds": 0.1}
    observations = await observed(subject(connection, pauses, **settings), until("seen b"))
    assert said(observations)[2:] == ["listed 9", "restarted silence", "seen b"]
    assert pauses == []


async def test_no_answer(scripted: ScriptedApi, tmp_path: Path, pauses: Pauses) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    write_kubeconfig(kubeconfig, scripted.url, {}, {})
    scripted.script = [Answer((b"{",), then=Then.HANG), page(9, A)]
    settings = Kubernetes(kubeconfig=kubeconfig, request_timeout_seconds=0.2)
    async with connect(settings, lambda: NOW) as connection:
        connection.streaming_lists = False
        observations = await observed(subject(connection, pauses), until("listed 9"))
    assert said(observations)[0] == "unavailable unreachable"
    assert isinstance(observations[0], Unavailable)
    assert observations[0].message == f"cannot reach {scripted.url}: no answer in time"


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("after", ["7", "Tue, 14 Nov 2023 22:13:27 GMT"])
async def test_patience_is_had_when_asked(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, code: int, after: str
) -> None:
    connection.streaming_lists = False
    scripted.script = [refusal(code, "TooManyRequests", headers={"Retry-After": after}), page(9, A)]
    await observed(subject(connection, pauses), until("listed 9"))
    assert pauses == [7.0]


async def test_an_error_event(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    error = event("ERROR", status(500, "InternalError", "etcdserver: no leader"))
    scripted.script = [page(9, A), stream(event("ADDED", LATER_B), error), stream(event("ADDED", LATER_C))]
    observations = await observed(subject(connection, pauses), until("seen c"))
    assert said(observations)[3:] == ["seen b", "unavailable unreachable", "restarted outage", "seen c"]
    (unavailable,) = (one for one in observations if isinstance(one, Unavailable))
    assert unavailable.message == "etcdserver: no leader: InternalError (500)"
    assert scripted.queries[-1]["resourceVersion"] == "22"


@pytest.mark.parametrize(("code", "reason"), [(403, "forbidden"), (404, "not_found")])
async def test_a_kind_that_is_not_to_be_had_is_asked_for_slowly(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, code: int, reason: str
) -> None:
    connection.streaming_lists = False
    scripted.script = [*[refusal(code, "Forbidden", "not for you")] * 3, page(9, A)]
    observations = await observed(subject(connection, pauses), until("listed 9"))
    assert said(observations) == [f"unavailable {reason}", "listing start", "seen a", "listed 9"]
    assert pauses == [60.0, 60.0, 60.0]


async def test_credentials_that_are_refused_are_read_anew(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, tmp_path: Path
) -> None:
    def only_for_the_second(request: Request) -> Answer:
        right = request.headers["Authorization"] == "Bearer second"
        return stream(event("ADDED", A), bookmark(9, end_of_list=True)) if right else refusal(401, "Unauthorized")

    write_kubeconfig(tmp_path / "kubeconfig", scripted.url, {}, {"token": "second"})
    scripted.script = [only_for_the_second] * 2
    observations = await observed(subject(connection, pauses), until("listed 9"))
    assert said(observations) == ["listing start", "seen a", "listed 9"]
    assert [request.headers["Authorization"] for request in scripted.requests] == ["Bearer first", "Bearer second"]


async def test_credentials_that_are_refused_again(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    scripted.script = [*[refusal(401, "Unauthorized")] * 4, page(9, A)]
    observations = await observed(subject(connection, pauses), until("listed 9"))
    assert said(observations)[:2] == ["unavailable unauthorized", "listing start"]
    assert pauses == [0.8, 1.6]


async def test_bytes_that_are_no_utf8(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    bad = event("MODIFIED", application("a", 10, spec={"project": "team-?"})).replace(b"team-?", b"team-\xff\xfe")
    scripted.script = [stream(bookmark(9, end_of_list=True), bad, event("ADDED", LATER_B))]
    observations = await observed(subject(connection, pauses), until("seen b"))
    assert said(observations)[2:] == ["seen a", "malformed", "seen b"]


async def test_an_object_that_cannot_be_read_stops_nothing(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses
) -> None:
    connection.streaming_lists = False
    nameless = {"kind": "Application", "metadata": {"namespace": "argocd"}}
    scripted.script = [
        page(9, A, nameless, B),
        stream(event("MODIFIED", {**A, "metadata": {**A["metadata"], "name": 7}}), event("ADDED", LATER_C)),
    ]
    observations = await observed(subject(connection, pauses), until("seen c"))
    assert said(observations) == ["listing start", "seen a", "malformed", "seen b", "listed 9", "malformed", "seen c"]
    malformed = [one for one in observations if isinstance(one, Malformed)]
    assert (malformed[0].key, malformed[0].skipped) == (Key("argocd", ""), True)
    assert malformed[1].skipped


async def test_a_line_of_six_mebibytes(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    huge = event("ADDED", application("huge", 10, spec={"source": {"helm": {"values": "x" * (6 * 2**20)}}}))
    scripted.script = [stream(bookmark(9, end_of_list=True), huge, event("ADDED", LATER_B))]
    assert said(await observed(subject(connection, pauses), until("seen b")))[2:] == ["seen huge", "seen b"]


async def test_a_line_without_end(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LINE_BYTES_MAX", 100_000)
    connection.streaming_lists = False
    scripted.script = [page(9, A), stream(b"x" * 100_001), page(10, A), stream(event("ADDED", LATER_B))]
    observations = await observed(subject(connection, pauses), until("seen b"))
    assert said(observations)[2:] == ["listed 9", "malformed", "listing malformed", "seen a", "listed 10", "seen b"]


async def test_a_page_that_is_too_long_is_asked_for_in_pieces(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "BODY_BYTES_MAX", 3000)
    monkeypatch.setattr(watching, "_PAGE_BYTES", 1000)
    connection.streaming_lists = False
    big = application("big", 1, spec={"project": "x" * 4000})
    scripted.script = [page(9, big), page(9, A, more="t"), page(9, B)]
    observations = await observed(subject(connection, pauses, page_size=80), until("listed 9"))
    assert said(observations) == ["listing start", "seen a", "seen b", "listed 9"]
    assert [query["limit"] for query in scripted.queries[:2]] == ["80", "10"]
    assert int(scripted.queries[2]["limit"]) < 80


async def test_an_answer_that_is_too_long_even_for_one_object(
    scripted: ScriptedApi, connection: Connection, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "BODY_BYTES_MAX", 3000)
    connection.streaming_lists = False
    scripted.version = None
    big = application("big", 1, spec={"project": "x" * 4000})
    scripted.script = [page(9, big), page(9, big), page(9, A)]
    observations = await observed(subject(connection, pauses, page_size=2), until("listed 9"))
    assert said(observations)[0] == "unavailable unreachable"


async def test_a_long_list_lets_others_run(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, *(application(f"a{number}", number) for number in range(1000)))]
    sizes: list[int] = []
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += bool(sizes)

    task = asyncio.create_task(others())
    async for batch in watch(subject(connection, pauses)):
        sizes.append(len(batch))
        if isinstance(batch[-1], Listed):
            break
    task.cancel()
    assert max(sizes) <= 200
    assert turns >= len(sizes) - 2


async def test_the_selector_goes_along(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9, A), stream(event("ADDED", LATER_B))]
    watched = msgspec.structs.replace(
        subject(connection, pauses, Scope(Kind.APPLICATION, "argocd")), selector="team=shop,tier in (web)"
    )
    await observed(watched, until("seen b"))
    assert {query["labelSelector"] for query in scripted.queries} == {"team=shop,tier in (web)"}
    assert {request.path for request in scripted.requests} == {watched.path}


async def test_listed_at_the_time_of_the_clock(scripted: ScriptedApi, connection: Connection, pauses: Pauses) -> None:
    connection.streaming_lists = False
    scripted.script = [page(9)]
    assert Listed(subject(connection, pauses).scope, "9", NOW) in await observed(
        subject(connection, pauses), until("listed 9")
    )
