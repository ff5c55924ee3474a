"""The verb `completion`: the script that teaches a shell our verbs and options."""

from collections.abc import Mapping
from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from observability.cli import PROGRAM, commands

SHELLS: Final[Mapping[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command(
    epilog="""\b
Examples:
  source <(gitops-obs completion bash)            this session
  gitops-obs completion bash > ~/.local/share/bash-completion/completions/gitops-obs
  gitops-obs completion zsh > "${fpath[1]}/_gitops-obs"
  gitops-obs completion fish > ~/.config/fish/completions/gitops-obs.fish
""",
)
@click.argument("shell", type=click.Choice(list(SHELLS)))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    variable = f"_{PROGRAM.replace('-', '_')}_COMPLETE".upper()
    click.echo(SHELLS[shell](commands, {}, PROGRAM, variable).source())
