"""Receivers on free ports of the loopback interface."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.grafana import Grafana
from tests.fakes.receiver import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """It takes everything unless it is told otherwise."""
    async with Receiver().serving() as serving:
        yield serving


@pytest.fixture
async def grafana() -> AsyncIterator[Grafana]:
    """It has no annotations yet."""
    async with Grafana().serving() as serving:
        yield serving
