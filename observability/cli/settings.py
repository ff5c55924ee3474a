"""The verb `settings`: what holds after the file and the environment are joined."""

import asyncio
import json
import time
from pathlib import Path

import click
import yaml

from observability.cli import logs
from observability.settings import effective, effective_variables, load, schema


@click.command(
    epilog="""\b
Examples:
  gitops-obs settings                             the defaults and the environment
  gitops-obs settings --config settings.yaml
  gitops-obs settings --config settings.yaml --check
  gitops-obs settings --schema > settings.schema.json
\b
--check also looks into the files that they name, as `gitops-obs run` does before it serves: certificates, the web
configuration, the folder of the journal, plugins. It leaves all as it is, and looks into no kubeconfig, which may
name commands. Exit codes: 0 the settings are good, 2 they are not, with one line for each problem on stderr.
""",
)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings, a YAML file.")
@click.option("--check", is_flag=True, help="Only judge them, and the files that they name.")
@click.option("--schema", "only_schema", is_flag=True, help="Print the JSON schema of the file instead.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def command(config: Path | None, check: bool, only_schema: bool, output: str) -> None:
    """Print the effective settings, secrets masked.

    The variables OTEL_… of the environment, which fill what the settings leave open, stand behind them.
    """
    if check and only_schema:
        raise click.UsageError("--check and --schema exclude each other")
    if only_schema:
        click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))
        return
    settings = load(config)
    shown, variables = effective(settings), effective_variables(settings)
    if check:
        logs.configure(settings.log)
        from observability.app import checking  # noqa: PLC0415 - brings the whole exporter

        asyncio.run(checking.check(settings, time.time))  # noqa: TID251 - a command answers for now
        click.echo(f"{config or 'settings'}: ok")
    elif output == "json":
        given = {"environment_variables": variables} if variables else {}
        click.echo(json.dumps({**shown, **given}, indent=2, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=120), nl=False)
        for name, value in variables.items():  # as comments: what is printed can be used as a file
            click.echo(f"# {name}={json.dumps(value, ensure_ascii=False)}")
