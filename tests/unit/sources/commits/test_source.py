"""What may be asked for, and how the words of strangers are taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.sources.commits import source


@pytest.mark.parametrize(
    "revision", ["abcdef0", "A" * 40, "0" * 64, "v1.2.3", "release/2026-01", "shop-1.0.0+build.5", "1_0"]
)
def test_hashes_and_tags_are_askable(revision: str) -> None:
    assert source.is_askable(revision)


@pytest.mark.parametrize(
    "revision",
    [
        "",
        "-1",
        "--output=x",
        "a..b",
        "a...b",
        "HEAD~1",
        "a^",
        "a b",
        "a\n",
        "a:b",
        "sha256:" + "0" * 64,
        "@{upstream}",
        "../x",
        "a/../b",
        "a//b",
        "a/.b",
        "a/",
        "a.",
        "a.lock",
        "a.lock/b",
        "ä",
        "a" * 256,
        "$(id)",
        "a\0b",
    ],
)
def test_nothing_else_is(revision: str) -> None:
    assert not source.is_askable(revision)


@pytest.mark.parametrize(
    ("text", "is_sha"), [("abcdef", False), ("abcdef0", True), ("0" * 65, False), ("v123456", False)]
)
def test_a_hash_has_7_to_64_digits(text: str, is_sha: bool) -> None:
    assert source.is_sha(text) is is_sha


@given(st.text())
def test_what_is_askable_is_one_plain_word(text: str) -> None:
    if source.is_askable(text):
        assert text.isascii()
        assert text[0] not in "-./"
        assert not set(text) & set(" ~^:?*[\\@{}\n\0")
        assert ".." not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jo Doe <jo@example.com>", ("Jo Doe", "jo@example.com")),
        ("<jo@example.com>", (None, "jo@example.com")),
        ("Jo <>", ("Jo", None)),
        ("Jo", ("Jo", None)),
        ("", (None, None)),
        ("Jo <a> <b>", ("Jo <a> <b>", None)),
        ("Jo\x1b[31m <jo@example.com>\n", ("Jo [31m", "jo@example.com")),
    ],
)
def test_authors_have_a_name_and_an_address(text: str, expected: tuple[str | None, str | None]) -> None:
    assert source.author(text) == expected


def test_the_first_line_is_kept_without_secrets() -> None:
    assert source.first_line("\n  Fix token=abc123\r\n\nLong story") == "Fix token=…"
    assert source.first_line("Pull https://jo:pw@example.com/x") == "Pull https://example.com/x"
    assert source.first_line(" \n ") is None


@given(st.text(st.characters(), max_size=300))
def test_what_is_kept_is_printable_and_short(text: str) -> None:
    for kept in (source.first_line(text * 20), *source.author(text * 20)):
        assert kept is None or (kept.isprintable() and 0 < len(kept) <= 1024)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 0.0, -1.0, 1e300])
def test_an_impossible_author_date_is_none(seconds: float) -> None:
    assert source.instant(seconds) is None


def test_tags_are_ordered_bounded_and_plain() -> None:
    assert source.tags(["v2", "v1", "a b"]) == ("v1", "v2")
    assert len(source.tags([f"v{number}" for number in range(1000)])) == 32
