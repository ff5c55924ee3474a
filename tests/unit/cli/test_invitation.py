"""The demo promises no more than it keeps."""

from pathlib import Path

import pytest

from observability.cli.invitation import Invitation, Watching

WATCHING = Watching("http://127.0.0.1:9090", "http://127.0.0.1:9093")


def said(applications: int, watching: Watching | None = WATCHING, left_out: str = "") -> str:
    return Invitation(applications, Path("kubeconfig"), "http://127.0.0.1:9797", watching, left_out).text()


def test_it_says_where_to_look() -> None:
    text = said(120)

    for url in ("http://127.0.0.1:9797/metrics", "http://127.0.0.1:9090/alerts", "http://127.0.0.1:9093/"):
        assert f"\n  {url} " in text


@pytest.mark.parametrize(("applications", "promised"), [(0, False), (2, False), (9, True), (120, True)])
def test_somebody_is_called_soon_where_there_is_a_prod(applications: int, promised: bool) -> None:
    assert ("the first within a minute" in said(applications)) is promised


def test_without_those_who_watch_nobody_is_called_and_it_says_why() -> None:
    text = said(120, None, "Nobody is called of it: Prometheus is not installed.\n")

    assert "Nobody is called of it: Prometheus is not installed.\nWhat happens in the company:\n" in text
    assert "TIME" not in text
    assert "9090" not in text
