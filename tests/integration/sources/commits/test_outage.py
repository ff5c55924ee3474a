"""The queue before a real HTTP server that is away for a while."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from structlog.testing import capture_logs

from observability.model.application import Key
from observability.sources.commits.api import ArgoCdApi
from observability.sources.commits.cache import Cache
from observability.sources.commits.requests import Arrival, Commits, Limits, Outcome
from tests.builders import NOON
from tests.fakes.argocd_api import TOKEN, ArgoCd, error

SHOP = Key("argocd", "shop-prod")
REPOSITORY = "https://git.example.com/shop.git"
REVISIONS = [f"{number:040x}" for number in range(50)]


async def test_all_commits_come_once_the_server_is_back(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    argocd = ArgoCd()
    argocd.commits = {(*SHOP, 0): {revision: {"author": "Jo"} for revision in REVISIONS}}
    argocd.answers = [lambda _: error(503, 14, f"unavailable, was sent {TOKEN}")] * 7
    arrived: list[Arrival] = []
    everything = asyncio.Event()

    def arrive(arrival: Arrival) -> None:
        arrived.append(arrival)
        if len(arrived) == len(REVISIONS):
            everything.set()

    async with argocd.serving():
        source = ArgoCdApi(argocd.url, tmp_path / "token", 10.0, lambda: NOON)
        limits = Limits(retry_initial=0.001, retry_maximum=0.01, attempts=20)
        commits = Commits(source, Cache(), arrive, time.monotonic, lambda: 1.0, limits)
        running = asyncio.create_task(commits.run())
        with capture_logs() as logs:
            for revision in REVISIONS:
                commits.request(SHOP, REPOSITORY, revision)
            async with asyncio.timeout(60):
                await everything.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await source.close()
    assert {arrival.commit.revision for arrival in arrived} == set(REVISIONS)
    assert (commits.outcomes[Outcome.FOUND], commits.outcomes[Outcome.FAILED]) == (50, 7)
    assert "cannot ask for commits" in {line["event"] for line in logs}
    assert TOKEN not in str(logs)
