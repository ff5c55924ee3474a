"""Who gets in, over real sockets: passwords, tokens, both."""

import asyncio
import base64
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from structlog.testing import capture_logs

from observability.delivery.guards import Limits, Refusal
from observability.errors import SourceError
from tests.fakes.exporter import Exporter, Serve, until


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def write_users(folder: Path, **passwords: str) -> Path:
    file = folder / "web.yaml"
    file.write_text("basic_auth_users:\n" + "".join(f"  {user}: {hash_}\n" for user, hash_ in passwords.items()))
    return file


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def status(exporter: Exporter, authorization: str | None = None, path: str = "/metrics") -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with aiohttp.ClientSession() as client, client.get(exporter.url(path), headers=headers) as response:
        await response.read()
        return response.status


class Reviewer:
    """Lets the bearer of one token read one path, and counts how often it was asked."""

    def __init__(self, token: str = "sesame", path: str = "/metrics") -> None:  # noqa: S107
        self.asked = 0
        self.failure: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self._allowed = (token, path)

    async def may_get(self, token: str, path: str) -> bool:
        self.asked += 1
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return (token, path) == self._allowed


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (basic("alice", "wonderland"), 200),
        (basic("alice", "wonderland").replace("Basic", "bAsIc"), 200),
        (basic("alice", "looking glass"), 401),
        (basic("bob", "wonderland"), 401),
        (basic("alice", ""), 401),
        (None, 401),
        ("Basic", 401),
        ("Basic ###", 401),
        ("Basic " + base64.b64encode(b"alice").decode(), 401),
        ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), 401),
        ("Bearer wonderland", 401),
        ("Digest alice", 401),
    ],
)
async def test_a_user_needs_the_password(
    serve: Serve, tmp_path: Path, authorization: str | None, expected: int
) -> None:
    exporter = await serve(web_config=write_users(tmp_path, alice=hashed("wonderland")))
    assert await status(exporter, authorization) == expected
    assert exporter.refusals == ([] if expected == 200 else [Refusal.UNAUTHENTICATED])


async def test_probes_and_nothing_else_are_open(serve: Serve, tmp_path: Path) -> None:
    exporter = await serve(web_config=write_users(tmp_path, alice=hashed("wonderland")))
    found = {path: await status(exporter, None, path) for path in ("/livez", "/readyz", "/", "/metrics", "/nowhere")}
    assert found == {"/livez": 200, "/readyz": 200, "/": 401, "/metrics": 401, "/nowhere": 401}


async def test_the_answer_names_the_schemes(serve: Serve, tmp_path: Path) -> None:
    exporter = await serve(web_config=write_users(tmp_path, alice=hashed("x")), reviewer=Reviewer())
    async with aiohttp.ClientSession() as client, client.get(exporter.url()) as response:
        challenges = response.headers.getall("WWW-Authenticate")
    assert [challenge.split()[0] for challenge in challenges] == ["Basic", "Bearer"]


async def test_a_long_password_counts_for_its_first_72_bytes(serve: Serve, tmp_path: Path) -> None:
    exporter = await serve(web_config=write_users(tmp_path, alice=hashed("p" * 72)))
    assert await status(exporter, basic("alice", "p" * 100)) == 200
    assert await status(exporter, basic("alice", "p" * 71)) == 401


async def test_users_change_with_the_file_and_what_was_remembered_goes(serve: Serve, tmp_path: Path) -> None:
    exporter = await serve(Limits(reload_seconds=0.02), web_config=write_users(tmp_path, alice=hashed("old")))
    assert await status(exporter, basic("alice", "old")) == 200
    write_users(tmp_path, alice=hashed("new"))
    await until(lambda: len(exporter.reloads) == 2)
    assert await status(exporter, basic("alice", "old")) == 401
    assert await status(exporter, basic("alice", "new")) == 200


async def test_a_flood_of_wrong_passwords_keeps_out_nobody_who_is_known(serve: Serve, tmp_path: Path) -> None:
    users = write_users(tmp_path, alice=hashed("wonderland", 10))
    exporter = await serve(Limits(password_checks=4), web_config=users)
    assert await status(exporter, basic("alice", "wonderland")) == 200
    flood = [asyncio.create_task(status(exporter, basic("alice", f"guess {number}"))) for number in range(50)]
    await until(lambda: Refusal.AUTHENTICATION_BUSY in exporter.refusals)
    assert await status(exporter, basic("alice", "wonderland")) == 200
    assert set(await asyncio.gather(*flood)) == {401, 503}


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("Bearer sesame", 200),
        ("bearer  sesame ", 200),
        ("Bearer other", 403),
        ("Bearer ", 401),
        ("Bearer", 401),
        (None, 401),
        (basic("alice", "wonderland"), 401),
    ],
)
async def test_a_token_needs_the_word_of_the_api(serve: Serve, authorization: str | None, expected: int) -> None:
    exporter = await serve(reviewer=Reviewer())
    assert await status(exporter, authorization) == expected


async def test_a_token_is_asked_about_for_each_path(serve: Serve) -> None:
    exporter = await serve(reviewer=Reviewer())
    assert await status(exporter, "Bearer sesame", "/metrics") == 200
    assert await status(exporter, "Bearer sesame", "/") == 403


async def test_an_answer_is_remembered_and_a_failure_is_not(serve: Serve) -> None:
    reviewer = Reviewer()
    exporter = await serve(reviewer=reviewer)
    reviewer.failure = SourceError("the API server is away")
    for _ in range(2):
        assert await status(exporter, "Bearer sesame") == 503
    assert reviewer.asked == 2
    reviewer.failure = None
    for _ in range(3):
        assert await status(exporter, "Bearer sesame") == 200
        assert await status(exporter, "Bearer other") == 403
    assert reviewer.asked == 4
    assert exporter.refusals.count(Refusal.REVIEW_FAILED) == 2


async def test_a_review_that_takes_too_long_refuses(serve: Serve) -> None:
    reviewer = Reviewer()
    reviewer.open.clear()
    exporter = await serve(Limits(review_seconds=0.1), reviewer=reviewer)
    assert await status(exporter, "Bearer sesame") == 503


async def test_too_many_reviews_at_once_refuse(serve: Serve) -> None:
    reviewer = Reviewer()
    reviewer.open.clear()
    exporter = await serve(Limits(reviews=1), reviewer=reviewer)
    flood = [asyncio.create_task(status(exporter, f"Bearer {number}")) for number in range(12)]
    await until(lambda: exporter.refusals.count(Refusal.AUTHENTICATION_BUSY) == 3)
    assert reviewer.asked == 1
    reviewer.open.set()
    assert sorted(await asyncio.gather(*flood)) == [403] * 9 + [503] * 3


async def test_a_password_or_a_token_will_do(serve: Serve, tmp_path: Path) -> None:
    exporter = await serve(web_config=write_users(tmp_path, alice=hashed("wonderland")), reviewer=Reviewer())
    assert await status(exporter, basic("alice", "wonderland")) == 200
    assert await status(exporter, "Bearer sesame") == 200
    assert await status(exporter, "Bearer wonderland") == 403


async def test_no_credential_reaches_the_log(serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    reviewer = Reviewer()
    secret = hashed("canary")
    with capture_logs() as logs, caplog.at_level(0):
        exporter = await serve(
            Limits(reload_seconds=0.02), web_config=write_users(tmp_path, alice=secret), reviewer=reviewer
        )
        await status(exporter, basic("alice", "canary"))
        await status(exporter, "Bearer canary")
        reviewer.failure = RuntimeError("defect with canary inside")
        assert await status(exporter, "Bearer canary2") == 500
        (tmp_path / "web.yaml").write_text(f"basic_auth_users:\n  alice: {secret[:-1]}\n")
        await until(lambda: not exporter.reloads[-1].successful)
    told = f"{logs} {caplog.text}"
    assert "answering failed" in told
    assert "canary" not in told
    assert secret[10:40] not in told
    assert base64.b64encode(b"alice:canary").decode() not in told
