"""Commits as a real Git repository has them, also one that somebody prepared."""

import asyncio
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from observability.errors import SettingsError, SourceError
from observability.model.application import Key
from observability.model.commit import Commit, Signature
from observability.sources.commits.clones import Clones

SHOP = Key("argocd", "shop-prod")
REPOSITORY = "https://git.example.com/shop.git"
AUTHORED_AT = 1_772_359_200
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----"


def git(path: Path, *arguments: str, text: str = "", **environment: str) -> str:
    """Git as somebody uses it who writes."""
    who = {
        "GIT_AUTHOR_NAME": "Jo Doe",
        "GIT_AUTHOR_EMAIL": "jo@example.com",
        "GIT_AUTHOR_DATE": f"{AUTHORED_AT} +0100",
        "GIT_COMMITTER_NAME": "Robot",
        "GIT_COMMITTER_EMAIL": "robot@example.com",
        "GIT_COMMITTER_DATE": f"{AUTHORED_AT + 600} +0000",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **environment,
    }
    command = ["git", "-C", str(path), *arguments]
    done = subprocess.run(command, env=os.environ | who, input=text, check=True, capture_output=True, text=True)  # noqa: TID251
    return done.stdout.strip()


def committed(path: Path, message: str, *options: str, **environment: str) -> str:
    """A further commit, with this message."""
    git(
        path,
        *options,
        "commit",
        "--quiet",
        "--allow-empty",
        "--allow-empty-message",
        "-F",
        "-",
        text=message,
        **environment,
    )
    return git(path, "rev-parse", "HEAD")


def written(path: Path, text: str) -> str:
    """The name of a commit object of these words."""
    return git(path, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", text=text)


def program(path: Path, mark: Path) -> Path:
    """A program that leaves a mark when it runs."""
    path.write_text(f"#!/bin/sh\necho ran >> {mark}\nexit 0\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """With one commit."""
    path = tmp_path / "shop"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    committed(path, "Fix the price\n\nIt was wrong.\n")
    return path


@pytest.fixture
def clones(clone: Path) -> Clones:
    """That one."""
    return Clones({REPOSITORY: clone}, 20.0)


async def test_all_that_git_knows_is_read(clones: Clones, clone: Path) -> None:
    sha = git(clone, "rev-parse", "HEAD")
    git(clone, "tag", "v1")
    git(clone, "tag", "-a", "v2", "-m", "Second")
    assert await clones.commit(SHOP, REPOSITORY, sha) == Commit(
        repository=REPOSITORY,
        revision=sha,
        author_name="Jo Doe",
        author_email="jo@example.com",
        authored_at=float(AUTHORED_AT),
        message="Fix the price",
        signature=Signature.NONE,
        tags=("v1", "v2"),
    )


async def test_a_hash_may_be_short_and_a_tag_annotated(clones: Clones, clone: Path) -> None:
    sha = git(clone, "rev-parse", "HEAD")
    git(clone, "tag", "-a", "release/1.0+2", "-m", "First")
    for revision in (sha[:7], sha.upper(), "release/1.0+2"):
        found = await clones.commit(SHOP, REPOSITORY, revision)
        assert found is not None
        assert (found.revision, found.author_name) == (revision, "Jo Doe")


async def test_a_bare_clone_and_one_behind_a_link_do_as_well(clone: Path, tmp_path: Path) -> None:
    sha = git(clone, "rev-parse", "HEAD")
    git(tmp_path, "clone", "--quiet", "--bare", str(clone), "bare")
    (tmp_path / "link").symlink_to(tmp_path / "bare")
    clones = Clones({REPOSITORY: tmp_path / "link"}, 20.0)
    found = await clones.commit(SHOP, REPOSITORY, sha)
    assert found is not None
    assert found.message == "Fix the price"


@pytest.mark.parametrize(
    "url",
    ["https://git.example.com/shop", "https://GIT.example.com/shop.git/", "https://jo:pw@git.example.com/shop.git"],
)
async def test_a_repository_is_the_same_by_the_names_that_argo_cd_takes_for_one(
    clones: Clones, clone: Path, url: str
) -> None:
    assert await clones.commit(SHOP, url, git(clone, "rev-parse", "HEAD")) is not None


async def test_a_repository_without_a_clone_has_no_commits(clones: Clones, clone: Path) -> None:
    assert await clones.commit(SHOP, "https://git.example.com/other.git", git(clone, "rev-parse", "HEAD")) is None


async def test_what_is_not_there_is_none_and_no_trouble(clones: Clones, clone: Path) -> None:
    tree = git(clone, "rev-parse", "HEAD^{tree}")
    with capture_logs() as logs:
        for revision in ("f" * 40, "f" * 7, "f" * 64, tree, "v9", "main", "HEAD"):
            assert await clones.commit(SHOP, REPOSITORY, revision) is None
    assert logs == []


async def test_a_branch_with_the_name_of_a_hash_is_not_taken_for_one(clones: Clones, clone: Path) -> None:
    git(clone, "branch", "abcdef0")
    assert await clones.commit(SHOP, REPOSITORY, "abcdef0") is None


@pytest.mark.parametrize(
    "revision", ["--output=owned", "-h", "v1 v2", "v1..v2", "HEAD^{/x}", ":/Fix", "@", "v1\n", "v1;id", "$(id)", "../x"]
)
async def test_what_could_mean_more_than_a_name_never_reaches_git(clone: Path, tmp_path: Path, revision: str) -> None:
    mark = tmp_path / "mark"
    clones = Clones({REPOSITORY: clone}, 20.0, str(program(tmp_path / "git", mark)))
    assert await clones.commit(SHOP, REPOSITORY, revision) is None
    assert not mark.exists()


@pytest.mark.parametrize(
    ("header", "signature"),
    [
        ("", Signature.NONE),
        (f"gpgsig {SIGNATURE}\n", Signature.UNVERIFIED),
        (f"gpgsig-sha256 {SIGNATURE}\n", Signature.UNVERIFIED),
        ("mergetag object\n gpgsig not of this one\n", Signature.NONE),
    ],
)
async def test_a_signature_is_seen_and_not_checked(
    clones: Clones, clone: Path, header: str, signature: Signature
) -> None:
    raw = git(clone, "cat-file", "commit", "HEAD")
    sha = written(clone, raw.replace("\n\n", f"\n{header}\ngpgsig in the message\n\n", 1))
    found = await clones.commit(SHOP, REPOSITORY, sha)
    assert found is not None
    assert found.signature is signature


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Jo <jo@example.com> 99999999999999999999 +0000", ("Jo", "jo@example.com", None)),
        ("Jo <jo@example.com> -5 +0000", ("Jo", "jo@example.com", None)),
        ("Jo <jo@example.com> 0 +0000", ("Jo", "jo@example.com", None)),
        ("Jo <jo@example.com>", ("Jo", "jo@example.com", None)),
        (" <> 100 +0000", (None, None, 100.0)),
        ("J\x1b[31mo <jo@example.com> 100 +0000", ("J [31mo", "jo@example.com", 100.0)),
    ],
)
async def test_an_odd_author_is_taken_as_far_as_it_goes(
    clones: Clones, clone: Path, author: str, expected: tuple[str | None, str | None, float | None]
) -> None:
    tree = git(clone, "rev-parse", "HEAD^{tree}")
    sha = written(clone, f"tree {tree}\nauthor {author}\ncommitter Robot <r@example.com> 100 +0000\n\nFix\n")
    found = await clones.commit(SHOP, REPOSITORY, sha)
    assert found is not None
    assert (found.author_name, found.author_email, found.authored_at) == expected


async def test_a_message_may_be_long_secret_empty_or_of_another_encoding(clones: Clones, clone: Path) -> None:
    long = committed(clone, "x" * 3_000_000)
    secret = committed(clone, "Use password=hunter2 now")
    empty = committed(clone, "")
    tree = git(clone, "rev-parse", "HEAD^{tree}")
    people = "author J\xf6 <j@example.com> 9 +0000\ncommitter R <r@example.com> 9 +0000"
    latin = written_bytes(clone, f"tree {tree}\n{people}\nencoding latin1\n\nF\xfcr\n".encode("latin-1"))
    messages = [
        found.message for sha in (long, secret, empty, latin) if (found := await clones.commit(SHOP, REPOSITORY, sha))
    ]
    assert messages == ["x" * 1024, "Use password=… now", None, "Für"]


def written_bytes(path: Path, data: bytes) -> str:
    """As `written`, of bytes that are no UTF-8."""
    command = ["git", "-C", str(path), "hash-object", "-t", "commit", "-w", "--stdin"]
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout.decode().strip()


async def test_nothing_that_a_clone_names_runs(
    clones: Clones, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    trap = str(program(tmp_path / "trap", mark))
    raw = git(clone, "cat-file", "commit", "HEAD")
    sha = written(clone, raw.replace("\n\n", f"\ngpgsig {SIGNATURE}\n\n", 1))
    git(clone, "tag", "v1", sha)
    for name, value in {
        "gpg.program": trap,
        "log.showSignature": "true",
        "core.pager": trap,
        "pager.show": trap,
        "core.fsmonitor": trap,
        "core.sshCommand": trap,
        "core.askPass": trap,
        "credential.helper": trap,
        "diff.external": trap,
        "alias.show": f"!{trap}",
        "format.pretty": "raw",
        "color.ui": "always",
        "log.decorate": "no",
    }.items():
        git(clone, "config", name, value)
    for name in ("GIT_PAGER", "GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND"):
        monkeypatch.setenv(name, trap)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    found = await clones.commit(SHOP, REPOSITORY, sha)
    assert found is not None
    assert (found.message, found.signature, found.tags) == ("Fix the price", Signature.UNVERIFIED, ("v1",))
    assert not mark.exists()


async def test_what_a_partial_clone_lacks_is_not_fetched(clone: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    git(clone, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none", f"file://{clone}", "partial")
    git(tmp_path / "partial", "config", "remote.origin.uploadpack", str(program(tmp_path / "trap", mark)))
    clones = Clones({REPOSITORY: tmp_path / "partial"}, 20.0)
    with capture_logs() as logs:
        assert await clones.commit(SHOP, REPOSITORY, committed(clone, "Newer")) is None
    assert logs == []
    assert not mark.exists()


async def test_a_folder_inside_another_repository_is_no_clone(clone: Path) -> None:
    inner = clone / "inner"
    inner.mkdir()
    with capture_logs() as logs:
        found = await Clones({REPOSITORY: inner}, 20.0).commit(SHOP, REPOSITORY, git(clone, "rev-parse", "HEAD"))
    assert found is None
    assert [(line["event"], line["path"]) for line in logs] == [("cannot read a clone", str(inner))]
    assert "not a git repository" in logs[0]["reason"]


async def test_a_clone_that_is_gone_is_said_and_holds_nobody_back(clones: Clones, clone: Path) -> None:
    shutil.rmtree(clone)
    with capture_logs() as logs:
        assert await clones.commit(SHOP, REPOSITORY, "f" * 40) is None
    assert "No such file or directory" in logs[0]["reason"]


async def test_a_git_that_hangs_is_ended_with_all_that_it_began(clone: Path, tmp_path: Path) -> None:
    slow = tmp_path / "git"
    slow.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/pid\nwait\n")
    slow.chmod(0o755)
    with pytest.raises(SourceError, match=r"shop: git did not answer within 0\.5 s"):
        await Clones({REPOSITORY: clone}, 0.5, str(slow)).commit(SHOP, REPOSITORY, "f" * 40)
    pid = int((tmp_path / "pid").read_text())
    async with asyncio.timeout(20):
        while _runs(pid):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_git_that_cannot_be_run_is_said(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot run git: No such file or directory"):
        await Clones({REPOSITORY: clone}, 20.0, str(tmp_path / "nothing")).commit(SHOP, REPOSITORY, "f" * 40)


async def test_a_git_that_says_something_else_is_said(clone: Path, tmp_path: Path) -> None:
    odd = tmp_path / "git"
    odd.write_text("#!/bin/sh\necho what\n")
    odd.chmod(0o755)
    with capture_logs() as logs:
        assert await Clones({REPOSITORY: clone}, 20.0, str(odd)).commit(SHOP, REPOSITORY, "f" * 40) is None
    assert logs[0]["reason"] == "unexpected output, status 0"


def test_without_git_there_are_no_clones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="expected git to be installed"):
        Clones({REPOSITORY: tmp_path}, 20.0)
