"""Annotations in a Grafana that is faked, over real HTTP: each once, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from observability.delivery.sinks.grafana import GrafanaAnnotations, annotation
from observability.errors import Later, Refused
from observability.settings import EventSink
from tests.fakes.grafana import TOKEN, Grafana
from tests.fakes.receiver import Receiver, says
from tests.records import event, span

FIRST, SECOND, THIRD = (event("gitops.application.deployed", number) for number in range(3))


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """A file with a token that Grafana knows."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@asynccontextmanager
async def sink_to(url: str, token: Path) -> AsyncIterator[GrafanaAnnotations]:
    sink = GrafanaAnnotations(EventSink(type="grafana", url=url, token_file=token))
    try:
        yield sink
    finally:
        await sink.close()


def texts(grafana: Grafana) -> list[str]:
    return [one["tags"][-1].removeprefix("gitops-event:") for one in grafana.annotations]


async def test_annotations_are_made(grafana: Grafana, token: Path) -> None:
    async with sink_to(f"{grafana.url}/", token) as sink:
        await sink.deliver([FIRST, span(), event("gitops.application.created"), SECOND])
    assert grafana.annotations == [{"id": 1, **given(FIRST)}, {"id": 2, **given(SECOND)}]


def given(record: Any) -> dict[str, Any]:
    made = annotation(record)
    assert made is not None
    return made


async def test_only_where_there_is_doubt_grafana_is_asked_first(grafana: Grafana, token: Path) -> None:
    async with sink_to(grafana.url, token) as sink:
        await sink.deliver([FIRST])
        await sink.deliver([SECOND])
    assert grafana.requests == ["GET", "POST", "POST"]


async def test_an_answer_that_got_lost_makes_no_second_annotation(grafana: Grafana, token: Path) -> None:
    async with sink_to(grafana.url, token) as sink:
        await sink.deliver([FIRST])
        grafana.lose_answers = 1
        with pytest.raises(Later):
            await sink.deliver([SECOND, THIRD])
        await sink.deliver([SECOND, THIRD])
    assert texts(grafana) == [FIRST.id, SECOND.id, THIRD.id]


async def test_a_restart_makes_no_second_annotation(grafana: Grafana, token: Path) -> None:
    for batch in ([FIRST, SECOND], [FIRST, SECOND, THIRD]):
        async with sink_to(grafana.url, token) as sink:
            await sink.deliver(batch)
    assert texts(grafana) == [FIRST.id, SECOND.id, THIRD.id]


async def test_the_token_is_read_anew(grafana: Grafana, token: Path) -> None:
    async with sink_to(grafana.url, token) as sink:
        grafana.tokens = {"another"}
        with pytest.raises(Later, match="was answered 401 Unauthorized") as caught:
            await sink.deliver([FIRST])
        assert TOKEN not in str(caught.value)
        await asyncio.to_thread(token.write_text, "another")
        await sink.deliver([FIRST])
    assert texts(grafana) == [FIRST.id]


async def test_what_grafana_will_not_take_is_refused(grafana: Grafana, token: Path) -> None:
    async with sink_to(grafana.url, token) as sink:
        with pytest.raises(Refused, match="text is empty"):
            await sink.deliver([event(body="")])


@pytest.mark.parametrize(
    ("found", "made", "said"),
    [
        ("<html>Log in</html>", "", "does not answer with JSON: is it Grafana's address?"),
        ("{}", "", "was answered without a list of annotations: is it Grafana's address?"),
        ("[]", "<html>", "does not answer with JSON: is it Grafana's address?"),
        ("[]", '{"message": "ok"}', "was answered without the id of an annotation: is it Grafana's address?"),
        ("[]", "[]", "was answered without the id of an annotation: is it Grafana's address?"),
    ],
)
async def test_a_success_that_is_not_grafanas_is_none(
    receiver: Receiver, token: Path, found: str, made: str, said: str
) -> None:
    receiver.answers = [says(200, found), says(200, made)]
    async with sink_to(receiver.url, token) as sink:
        with pytest.raises(Later, match=said):
            await sink.deliver([FIRST])


@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 500, 503])
async def test_everything_else_may_be_over_later(receiver: Receiver, token: Path, status: int) -> None:
    receiver.answers = [says(200, "[]"), says(status, Retry_After="3")]
    async with sink_to(receiver.url, token) as sink:
        with pytest.raises(Later, match=f"^POST .*/api/annotations was answered {status} ") as caught:
            await sink.deliver([FIRST])
    assert caught.value.retry_after_seconds == 3.0


async def test_a_rollback_is_told_once(grafana: Grafana, token: Path) -> None:
    facts = {"gitops.deployment.id": 7, "gitops.application.uid": "u"}
    deployed = event("gitops.application.deployed", attributes={**facts, "gitops.sync.kind": "rollback"})
    async with sink_to(grafana.url, token) as sink:
        await sink.deliver([deployed])
        await sink.deliver([event("gitops.application.rolled_back", attributes=facts)])
    assert len(texts(grafana)) == 1
