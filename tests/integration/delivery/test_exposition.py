"""The body as others read it: Prometheus' own linter, and gzip."""

import asyncio
import subprocess

import pytest

from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.model.observation import Kind
from tests.fakes.exposed import METERS, OWN, RESOURCES, WORDS, application, change, exposed
from tests.integration.servers import tool

NASTY = ['"', "\\", "\n", "\0", "\ud800", "🚀", "é" * 600, "{}", "# HELP", ""]


@pytest.fixture
def body() -> Exposition:
    limits = Limits(series_per_family=1_000_000, label_value_bytes=1024)
    body = Exposition([exposed(WORDS, RESOURCES)], limits, OwnMetrics(OWN), METERS, clock=lambda: 0.0)
    body.show(Kind.APPLICATION)
    return body


async def text_of(body: Exposition) -> bytes:
    return b"".join([piece async for piece in body.identity()])


async def gzip_of(body: Exposition) -> bytes:
    return b"".join(await body.gzip())


@pytest.mark.servers
@pytest.mark.parametrize("applications", [0, 1000])
def test_promtool_has_nothing_to_say(body: Exposition, applications: int) -> None:
    body.apply([change(None, application(f"app-{number}", NASTY, number)) for number in range(applications)])
    said = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=asyncio.run(text_of(body)), capture_output=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


def test_gzip_reads_one_sound_member(body: Exposition) -> None:
    body.apply([change(None, application(f"app-{number}", ["a", "b"], number)) for number in range(1000)])
    member = asyncio.run(gzip_of(body))
    text = subprocess.run(["gzip", "-dc"], input=member, capture_output=True, check=True).stdout
    assert text.count(b"\ngitops_test_word{") == 2000
    assert subprocess.run(["gzip", "-t"], input=member, capture_output=True, check=True).stderr == b""
