"""Watching something, in tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from observability.settings.groups import Kubernetes
from observability.sources.kubernetes import Connection, connect
from tests.fakes.scripted_api import ScriptedApi
from tests.fakes.watched import NOW
from tests.integration.servers import write_kubeconfig


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedApi]:
    """An API that answers as the test says."""
    async with ScriptedApi().serving() as api:
        yield api


@pytest.fixture
async def connection(scripted: ScriptedApi, tmp_path: Path) -> AsyncIterator[Connection]:
    """A connection to it."""
    kubeconfig = tmp_path / "kubeconfig"
    write_kubeconfig(kubeconfig, scripted.url, {}, {"token": "first"})
    async with connect(Kubernetes(kubeconfig=kubeconfig, request_timeout_seconds=5.0), lambda: NOW) as connected:
        yield connected
