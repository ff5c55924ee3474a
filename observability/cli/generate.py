"""The verb `generate`: dashboards, alerts and routes as files, from what is authored."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observability.errors import SettingsError

if TYPE_CHECKING:
    from observability.monitoring.generate.outputs import Form, Work
    from observability.settings import Settings

FORMS = ("prometheusrule", "configmap", "grafanadashboard", "grafana-alerting", "alertmanagerconfig")


@click.command(
    epilog="""\b
Examples:
  gitops-obs generate                             dashboards/generated/ and alerts/generated/ in this folder
  gitops-obs generate --check                     in CI: is what is committed as it is generated?
  gitops-obs generate --source monitoring --output monitoring --config settings.yaml
  gitops-obs generate --only prometheusrule --environment prod | kubectl apply -f -
  gitops-obs generate --only configmap --output manifests
\b
Exit codes: 0 done, 1 --check found files that are not as they are generated, 2 a row, the settings or a folder is bad.
""",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Where files go.  [this folder]")
@click.option("--environment", metavar="NAME", help="Only its files.  [all environments of the settings]")
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Your own alerts/ and dashboards/, beside those that come along. Their modules are run.",
)
@click.option("--only", type=click.Choice(FORMS), help="Another form; without --output it is printed.")
@click.option("--check", is_flag=True, help="Write nothing, name each file that is not as it is generated.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings, a YAML file.")
def command(
    output: Path | None,
    environment: str | None,
    source: Path | None,
    only: str | None,
    check: bool,
    config: Path | None,
) -> int:
    """Make the files that Grafana, Prometheus and Alertmanager read, from the rows in dashboards/ and alerts/.

    The same rows and settings make the same bytes. Files that nothing makes any more are removed, unless they are not
    ours.
    """
    # What they load takes longer than other verbs run.
    from observability.monitoring.generate.outputs import Form, on_demand, owned  # noqa: PLC0415
    from observability.settings import load  # noqa: PLC0415

    if check and only and output is None:
        raise click.UsageError("--check with --only needs --output")
    form = Form(only) if only else None
    work = _work(load(config), environment, source)
    if form is not None and output is None:
        _print(on_demand(form, work).values())
        return 0
    root = output or Path()
    files = _files(form, work, root)
    patterns = owned(form, None if environment is None else (environment,))
    return _checked(root, files, patterns) if check else _written(root, files, patterns)


def _work(settings: "Settings", environment: str | None, source: Path | None) -> "Work":
    from observability.monitoring import cases, load  # noqa: PLC0415
    from observability.monitoring.generate.outputs import Work  # noqa: PLC0415

    names = tuple(one.name for one in settings.environments)
    if environment is not None and environment not in names:
        raise SettingsError("--environment", "", f"expected one of {', '.join(names)}, got {environment}")
    return Work(
        authored=load.load(source),
        environments=settings.environments,
        monitoring=settings.monitoring,
        wanted=names if environment is None else (environment,),
        cases=cases.counted(load.own(), *(() if source is None else (source,))),
        pictures=frozenset(path.stem for path in (load.own() / "dashboards" / "previews").glob("*.png")),
    )


def _files(form: "Form | None", work: "Work", root: Path) -> Mapping[str, str]:
    """Reference pages stand beside what they describe, and only there."""
    from observability.monitoring.generate.outputs import committed, on_demand, pages  # noqa: PLC0415
    from observability.monitoring.load import own  # noqa: PLC0415

    if form is not None:
        return on_demand(form, work)
    beside = root.resolve() == own().resolve()
    return {**committed(work), **(pages(work) if beside else {})}


def _print(texts: Iterable[str]) -> None:
    for text in texts:
        click.echo("---")
        click.echo(text, nl=False)


def _checked(root: Path, files: Mapping[str, str], patterns: Iterable[str]) -> int:
    from observability.monitoring.folder import differences  # noqa: PLC0415

    found = differences(root, files, patterns)
    for one in found:
        click.echo(f"{root / one.path}: {one.word}")
    if not found:
        click.echo(f"{len(files)} files are as they are generated")
    return int(bool(found))


def _written(root: Path, files: Mapping[str, str], patterns: Iterable[str]) -> int:
    from observability.monitoring.folder import differences, write  # noqa: PLC0415

    found = differences(root, files, patterns)
    write(root, files, found)
    for one in found:
        click.echo(f"{root / one.path}: {'written' if one.path in files else 'removed'}")
    click.echo(f"{len(files)} files, {len(found)} changed")
    return 0
