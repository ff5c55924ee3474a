"""The verb `version`: what is installed."""

import json
import platform
from importlib.metadata import version
from typing import Final

import click

from observability import __version__
from observability.cli import PROGRAM

LIBRARIES: Final = ("aiohttp", "isal", "kubernetes", "msgspec", "prometheus-client", "pydantic")
"""Those whose version changes what the exporter does."""


@click.command(
    epilog="""\b
Examples:
  gitops-obs version
  gitops-obs version -o json
""",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(output: str) -> None:
    """Print the versions of the program, of Python and of the libraries that matter."""
    libraries = {name: version(name) for name in LIBRARIES}
    if output == "json":
        facts = {"version": __version__, "python": platform.python_version(), "libraries": libraries}
        click.echo(json.dumps(facts, indent=2))
        return
    click.echo(f"{PROGRAM} {__version__}")
    for name, number in {"python": platform.python_version(), **libraries}.items():
        click.echo(f"  {name} {number}")
