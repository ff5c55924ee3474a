"""The API of the simulated cluster on a real socket, with objects that the tests put into its store."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from observability.demo.api import Api
from observability.demo.store import Store
from tests.fakes.applications import Served, application


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """An API with the Applications a to e and one in another namespace."""
    store = Store(ring=50, first=1000)
    for name in "abcde":
        store.put("applications", application(name, env="dev" if name < "c" else "prod"))
    store.put("applications", application("a", "team-data", env="dev"))
    api = Api(store, bookmark_seconds=0.2)
    async with aiohttp.ClientSession() as session, TestServer(api.application()) as server:
        yield Served(api, str(server.make_url("")).rstrip("/"), session)
