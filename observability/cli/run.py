"""The verb `run`: the exporter."""

import asyncio
from pathlib import Path

import click

from observability.cli import logs
from observability.settings import load


@click.command(
    epilog="""\b
Examples:
  gitops-obs run
  gitops-obs run --config settings.yaml
  gitops-obs run --kubeconfig ~/.kube/config --context staging --listen 127.0.0.1:9797
  gitops-obs run --namespace argocd --namespace teams --selector team=shop
  gitops-obs run --journal /var/lib/gitops-obs/journal.db --events - | jq .body
  GITOPS_OBS_STATE__SETTLE_SECONDS=20 gitops-obs run
\b
Each option wins over its environment variable, and that over the file; --events adds to the sinks that
are set. `gitops-obs settings --schema` tells all settings. OTLP goes where otlp.endpoints or the variables
OTEL_EXPORTER_OTLP_… say. Exit codes: 0 ended by SIGTERM, 2 bad settings or port in use, 130 interrupted.
""",
)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings, a YAML file.")
@click.option("--kubeconfig", metavar="FILE", help="How to reach the cluster.  [$KUBECONFIG, ~/.kube/config, the pod]")
@click.option("--context", metavar="NAME", help="A context of the kubeconfig.  [its current one]")
@click.option("--namespace", multiple=True, metavar="NS", help="Watch this namespace only; may be repeated.  [all]")
@click.option("--selector", metavar="LABELS", help="Watch only Applications with these labels, as kubectl -l.  [all]")
@click.option("--listen", metavar="HOST:PORT", help="Serve here.  [:9797]")
@click.option("--web-config", metavar="FILE", help="TLS and basic auth, a Prometheus web configuration file.")
@click.option("--journal", metavar="FILE", help="Keep what must survive a restart here.  [in memory]")
@click.option("--events", metavar="FILE", help="Add events as JSON lines to this file, - is stdout.  [nowhere]")
@logs.options
def command(config: Path | None, **flags: object) -> None:
    """Watch the Applications, ApplicationSets and AppProjects of a cluster and serve their metrics.

    Needs no option inside a cluster. Ends with SIGTERM or SIGINT.
    """
    settings = load(config, flags={f"--{name.replace('_', '-')}": value for name, value in flags.items()})
    logs.configure(settings.log)
    from observability import app  # noqa: PLC0415 - it loads every client, which --help and bad settings need not wait for

    asyncio.run(app.run(settings))
