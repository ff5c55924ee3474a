"""The command called in this process, with what it printed."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import pytest

from observability import cli


class Outcome(NamedTuple):
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str


Call: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Run `gitops-obs` with these arguments."""

    def run(*arguments: str) -> Outcome:
        status = cli.status(arguments)
        return Outcome(status, *capfd.readouterr())

    return run
