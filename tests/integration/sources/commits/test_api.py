"""Commits as Argo CD's API tells them: a real HTTP server, faithful and otherwise."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from structlog.testing import capture_logs

from observability.errors import ApiError, Forbidden, SettingsError, SourceError, TooManyRequests, Unauthorized
from observability.model.application import Key
from observability.model.commit import Commit, Signature
from observability.sources.commits import api
from observability.sources.commits.api import ArgoCdApi
from tests.builders import NOON
from tests.fakes.argocd_api import TOKEN, Answer, ArgoCd, error

SHOP = Key("argocd", "shop-prod")
TEAM_SHOP = Key("team-a", "shop-prod")
REPOSITORY = "https://git.example.com/shop.git"
SHA = "7d1a8b5c" * 5
TOLD = {
    "author": "Jo Doe <jo@example.com>",
    "date": "2026-03-01T11:00:00+01:00",
    "tags": ["v2", "v1"],
    "message": "Fix the price\n\nIt was wrong.",
    "signatureInfo": "Good signature from RSA key 4AEE18F83AFDEB23",
}
FULL = Commit(
    repository=REPOSITORY,
    revision=SHA,
    author_name="Jo Doe",
    author_email="jo@example.com",
    authored_at=1_772_359_200.0,
    message="Fix the price",
    signature=Signature.GOOD,
    tags=("v1", "v2"),
)


@pytest.fixture
async def argocd() -> AsyncIterator[ArgoCd]:
    """It has one Application, with two sources."""
    fake = ArgoCd()
    fake.commits = {(*SHOP, 0): {SHA: TOLD}, (*SHOP, 1): {"v1": {"author": "Kim"}}, (*TEAM_SHOP, 0): {SHA: {}}}
    async with fake.serving() as serving:
        yield serving


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """With the token that is valid."""
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    return file


@pytest.fixture
async def source(argocd: ArgoCd, token_file: Path) -> AsyncIterator[ArgoCdApi]:
    """Asks that Argo CD."""
    asking = ArgoCdApi(argocd.url, token_file, 5.0, lambda: NOON)
    yield asking
    await asking.close()


def says(status: int, body: str | bytes = "", content_type: str = "application/json", **headers: str) -> Answer:
    """An answer that no Argo CD gives, or only sometimes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body.encode() if isinstance(body, str) else body
    return lambda _: web.Response(status=status, body=data, content_type=content_type, headers=named)


async def test_all_that_is_told_is_read(argocd: ArgoCd, source: ArgoCdApi) -> None:
    assert await source.commit(SHOP, REPOSITORY, SHA) == FULL
    assert argocd.asked == [f"/argo/api/v1/applications/shop-prod/revisions/{SHA}/metadata?appNamespace=argocd"]


async def test_what_is_missing_is_missing(source: ArgoCdApi) -> None:
    assert await source.commit(TEAM_SHOP, REPOSITORY, SHA) == Commit(repository=REPOSITORY, revision=SHA)


async def test_a_further_source_is_asked_by_its_place(source: ArgoCdApi) -> None:
    found = await source.commit(SHOP, REPOSITORY, "v1", place=1)
    assert found == Commit(repository=REPOSITORY, revision="v1", author_name="Kim")
    assert await source.commit(SHOP, REPOSITORY, "v1", place=2) is None


async def test_a_revision_that_git_does_not_find_is_none(source: ArgoCdApi) -> None:
    with capture_logs() as logs:
        assert await source.commit(SHOP, REPOSITORY, "f" * 40) is None
    assert "bad object" in logs[0]["reason"]


@pytest.mark.parametrize("revision", ["", "../../../session", "sha256:" + "0" * 64, "a?x=1", "-x"])
async def test_what_is_no_revision_is_never_asked_for(argocd: ArgoCd, source: ArgoCdApi, revision: str) -> None:
    assert await source.commit(SHOP, REPOSITORY, revision) is None
    assert argocd.asked == []


async def test_names_stay_within_their_place_in_the_address(argocd: ArgoCd, source: ArgoCdApi) -> None:
    argocd.answers = [lambda _: error(404, 5, "not found")]
    assert await source.commit(Key("a&b=c", "x"), REPOSITORY, "release/1.0+2") is None
    with pytest.raises(Forbidden):
        await source.commit(Key("argocd", "../x?y#z"), REPOSITORY, SHA)
    assert "appNamespace=a%26b%3Dc" in argocd.asked[0]
    assert "release%2F1.0%2B2" in argocd.asked[0]
    assert "applications/..%2Fx%3Fy%23z/revisions/" in argocd.asked[1]


@pytest.mark.parametrize(
    ("info", "signature"),
    [
        ("", None),
        ("Revision is not signed.", Signature.NONE),
        ("Good signature from RSA key 4AEE18F83AFDEB23", Signature.GOOD),
        ("Bad signature from RSA key 4AEE18F83AFDEB23", Signature.BAD),
        ("Invalid signature from  key ", Signature.BAD),
        ("Unknown signature from RSA key 4AEE18F83AFDEB23", Signature.UNVERIFIED),
        ("UNKNOWN signature: no key", Signature.UNVERIFIED),
    ],
)
async def test_what_the_check_of_the_signature_said(
    argocd: ArgoCd, source: ArgoCdApi, info: str, signature: Signature | None
) -> None:
    argocd.commits[(*SHOP, 0)][SHA] = {"signatureInfo": info}
    found = await source.commit(SHOP, REPOSITORY, SHA)
    assert found is not None
    assert found.signature is signature


@pytest.mark.parametrize("date", [None, "", "0001-01-01T00:00:00Z", "yesterday", "2026-03-01T11:00:00", "9" * 400])
async def test_an_impossible_date_is_none(argocd: ArgoCd, source: ArgoCdApi, date: str | None) -> None:
    argocd.commits[(*SHOP, 0)][SHA] = {"date": date, "author": None, "tags": None, "message": None}
    assert await source.commit(SHOP, REPOSITORY, SHA) == Commit(repository=REPOSITORY, revision=SHA)


async def test_a_token_that_was_renewed_is_used(argocd: ArgoCd, source: ArgoCdApi, token_file: Path) -> None:
    assert await source.commit(SHOP, REPOSITORY, SHA) == FULL
    argocd.tokens = {"another-token"}
    token_file.write_text("another-token")
    assert await source.commit(SHOP, REPOSITORY, SHA) == FULL
    assert len(argocd.asked) == 2


async def test_a_token_that_was_refused_is_read_anew(argocd: ArgoCd, source: ArgoCdApi, token_file: Path) -> None:
    assert await source.commit(SHOP, REPOSITORY, SHA) == FULL
    before = token_file.stat()
    renewed = TOKEN[::-1]
    argocd.tokens = {renewed}
    with token_file.open("r+") as file:
        file.write(renewed)
    os.utime(token_file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as if nothing had happened
    assert await source.commit(SHOP, REPOSITORY, SHA) == FULL
    assert len(argocd.asked) == 3


async def test_a_token_that_stays_refused_is_tried_once(argocd: ArgoCd, source: ArgoCdApi) -> None:
    argocd.tokens = set()
    with pytest.raises(Unauthorized, match="refused: invalid session: token is expired"):
        await source.commit(SHOP, REPOSITORY, SHA)
    assert len(argocd.asked) == 1


async def test_without_a_token_nothing_is_sent(argocd: ArgoCd) -> None:
    argocd.tokens = {""}
    source = ArgoCdApi(argocd.url + "/", None, 5.0, lambda: NOON)
    assert await source.commit(SHOP, REPOSITORY, SHA) == FULL
    await source.close()


@pytest.mark.parametrize("content", [b"", b"two words", b"\xff\xfe", b"a\nb"])
async def test_a_file_without_a_token_is_named(
    argocd: ArgoCd, source: ArgoCdApi, token_file: Path, content: bytes
) -> None:
    token_file.write_bytes(content)
    with pytest.raises(SourceError, match=r"token: expected a token, one word of printable ASCII$"):
        await source.commit(SHOP, REPOSITORY, SHA)
    assert argocd.asked == []


async def test_a_file_that_is_gone_is_named(source: ArgoCdApi, token_file: Path) -> None:
    await source.commit(SHOP, REPOSITORY, SHA)
    token_file.unlink()
    with pytest.raises(SourceError, match=r"expected a readable file with a token \(No such file or directory\)"):
        await source.commit(SHOP, REPOSITORY, SHA)


async def test_who_may_not_get_the_application_is_told_what_it_takes(source: ArgoCdApi) -> None:
    with pytest.raises(Forbidden, match=r"needs: applications, get\): permission denied \(403\)"):
        await source.commit(Key("argocd", "other"), REPOSITORY, SHA)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_for_patience_gets_it(argocd: ArgoCd, source: ArgoCdApi, status: int) -> None:
    argocd.answers = [says(status, "busy", "text/plain", Retry_After="7")]
    with pytest.raises(TooManyRequests) as raised:
        await source.commit(SHOP, REPOSITORY, SHA)
    assert raised.value.retry_after_seconds == 7.0


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (502, "<html>", "text/html"),
        (504, '{"code": 4, "message": "context deadline exceeded"}', "application/json"),
        (404, "<html>nginx", "text/html"),
        (500, "oops", "text/plain"),
        (500, '{"message": "no code"}', "application/json"),
        (418, "{}", "application/json"),
    ],
)
async def test_what_says_nothing_of_the_commit_is_no_answer(
    argocd: ArgoCd, source: ArgoCdApi, status: int, body: str, content_type: str
) -> None:
    argocd.answers = [says(status, body, content_type)]
    with pytest.raises(ApiError, match=str(status)) as raised:
        await source.commit(SHOP, REPOSITORY, SHA)
    assert type(raised.value) is ApiError


@pytest.mark.parametrize(("status", "content_type"), [(200, "text/html"), (204, "text/plain"), (302, "text/html")])
async def test_a_login_page_is_called_one(argocd: ArgoCd, source: ArgoCdApi, status: int, content_type: str) -> None:
    argocd.answers = [says(status, "", content_type, Location="/argo/elsewhere")]
    with pytest.raises(SourceError, match="is it the page of a proxy or a login"):
        await source.commit(SHOP, REPOSITORY, SHA)
    assert len(argocd.asked) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"tags": [1]}', b'{"author": "\xff"}', b'{"x": ' + b"[" * 100_000]
)
async def test_what_is_no_metadata_is_said(argocd: ArgoCd, source: ArgoCdApi, body: bytes) -> None:
    argocd.answers = [says(200, body)]
    with pytest.raises(SourceError, match="expected a RevisionMetadata from Argo CD at"):
        await source.commit(SHOP, REPOSITORY, SHA)


async def test_an_answer_that_never_ends_is_left(argocd: ArgoCd, source: ArgoCdApi) -> None:
    argocd.answers = [says(200, b" " * (api.ANSWER_BYTES_MAX + 1))]
    with pytest.raises(SourceError, match="answered with more than 1048576 bytes"):
        await source.commit(SHOP, REPOSITORY, SHA)


async def test_a_connection_that_is_cut_is_no_answer(argocd: ArgoCd, source: ArgoCdApi) -> None:
    def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    argocd.answers = [cut, cut]  # the client tries a GET twice
    with pytest.raises(SourceError, match="cannot reach Argo CD at"):
        await source.commit(SHOP, REPOSITORY, SHA)
    assert await source.commit(SHOP, REPOSITORY, SHA) == FULL


async def test_a_server_that_does_not_answer_is_left_in_time(token_file: Path) -> None:
    done = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    source = ArgoCdApi(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", token_file, 0.05, lambda: NOON)
    with pytest.raises(SourceError, match=r"no whole answer within 0.05 s"):
        await source.commit(SHOP, REPOSITORY, SHA)
    await source.close()
    done.set()
    server.close()
    await server.wait_closed()


async def test_a_port_that_nobody_listens_on_is_named(token_file: Path, unused_tcp_port: int) -> None:
    source = ArgoCdApi(f"http://127.0.0.1:{unused_tcp_port}", token_file, 5.0, lambda: NOON)
    with pytest.raises(SourceError, match=f"cannot reach Argo CD at http://127.0.0.1:{unused_tcp_port}: "):
        await source.commit(SHOP, REPOSITORY, SHA)
    await source.close()


async def test_tls_is_checked(token_file: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    fake = ArgoCd()
    fake.commits = {(*SHOP, 0): {SHA: TOLD}}
    async with fake.serving(context) as argocd:
        trusting = ArgoCdApi(argocd.url, token_file, 5.0, lambda: NOON, trusted)
        assert await trusting.commit(SHOP, REPOSITORY, SHA) == FULL
        await trusting.close()
        asked = len(argocd.asked)
        distrustful = ArgoCdApi(argocd.url, token_file, 5.0, lambda: NOON)
        with pytest.raises(SourceError, match="its certificate cannot be trusted"):
            await distrustful.commit(SHOP, REPOSITORY, SHA)
        await distrustful.close()
        assert len(argocd.asked) == asked


async def test_authorities_that_changed_are_read_anew(token_file: Path, tmp_path: Path) -> None:
    before, after = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    after.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    before.cert_pem.write_to_path(str(trusted))
    fake = ArgoCd()
    fake.commits = {(*SHOP, 0): {SHA: TOLD}}
    async with fake.serving(context) as argocd:
        source = ArgoCdApi(argocd.url, token_file, 5.0, lambda: NOON, trusted)
        trusted.write_text("nothing")
        with capture_logs() as logs, pytest.raises(SourceError, match="its certificate cannot be trusted"):
            await source.commit(SHOP, REPOSITORY, SHA)
        assert [one["event"] for one in logs] == ["the certificate cannot be used"]
        after.cert_pem.write_to_path(str(trusted))
        with pytest.raises(SourceError, match="its certificate cannot be trusted"):
            await source.commit(SHOP, REPOSITORY, SHA)
        assert await source.commit(SHOP, REPOSITORY, SHA) == FULL
        await source.close()


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    with pytest.raises(SettingsError, match="expected a readable file"):
        ArgoCdApi("https://argocd.example.com", None, 5.0, lambda: NOON, wrong)
    wrong.write_text("nothing")
    with pytest.raises(SettingsError, match="expected certificates in PEM"):
        ArgoCdApi("https://argocd.example.com", None, 5.0, lambda: NOON, wrong)


ECHOES: Mapping[str, Callable[[str], web.StreamResponse]] = {
    "an error": lambda text: error(500, 2, text),
    "a refusal": lambda text: error(401, 16, text),
    "a prohibition": lambda text: error(403, 7, text),
    "patience": lambda text: web.Response(status=503, reason=text, text=text),
    "a page": lambda text: web.Response(status=200, text=text),
    "a redirect": lambda text: web.Response(status=302, text=text, headers={"Location": f"https://x/{text}"}),
    "broken metadata": lambda text: web.json_response({"author": [text]}),
    "unknown": lambda text: web.Response(status=418, reason=text, text=text),
}


@pytest.mark.parametrize("how", ECHOES)
async def test_the_token_is_never_told(argocd: ArgoCd, source: ArgoCdApi, how: str) -> None:
    """Even by a server that says everything that it was sent."""
    argocd.answers = [lambda request: ECHOES[how](f"sent {request.headers['Authorization'].split()[1]} by you")]
    said = ""
    with capture_logs() as logs:
        try:
            await source.commit(SHOP, REPOSITORY, SHA)
        except SourceError as raised:
            said = f"{raised!r} {raised} {vars(raised)} {raised.__cause__!r}"
    assert said or logs
    assert TOKEN not in said + str(logs)
    assert TOKEN not in repr(source) + str(vars(source)["_token"])
