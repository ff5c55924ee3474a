"""Prints alerts/README.md: `python -m tests.rules`. The cases of promtool, which it counts, are not in the package."""

from observability.monitoring.generate.reference import page
from observability.monitoring.load import load
from observability.settings import Settings
from tests.rules.cases import counted


def text() -> str:
    """The page, for the environments of the default settings."""
    return page(load().groups, [environment.name for environment in Settings().environments], counted())


if __name__ == "__main__":
    print(text(), end="")  # noqa: T201 - it prints a page
