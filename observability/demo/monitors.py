"""A real Prometheus and a real Alertmanager beside the demo: which programs, with which files. Writes files.

The rules and routes are those that `gitops-obs generate` makes; only who is told, and how soon, is the demo's own.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from observability.delivery.listening import Address
from observability.monitoring import load
from observability.monitoring.generate import alertmanager
from observability.monitoring.generate.messages import TEMPLATES
from observability.monitoring.generate.rules import rule_files, text_of
from observability.settings import AlertReceiver, AlertReceiverType, Environment, Monitoring

EVALUATION_SECONDS: Final = 5
GROUP_WAIT_SECONDS: Final = 5
GROUP_INTERVAL_SECONDS: Final = 10
MOST_APPLICATIONS: Final = 10_000
"""So many a Prometheus on somebody's laptop takes; ten times as many want gigabytes."""

_FEW_APPLICATIONS: Final = 1_000


class Program(NamedTuple):
    """A program that has to be installed. `commands`: what it is called, first the one that Debian has."""

    name: str
    commands: tuple[str, ...]
    package: str

    def path(self) -> str | None:
        """Where it is; None when it is not on the PATH."""
        return next((path for command in self.commands if (path := shutil.which(command))), None)


PROMETHEUS: Final = Program("Prometheus", ("prometheus",), "prometheus")
ALERTMANAGER: Final = Program("Alertmanager", ("prometheus-alertmanager", "alertmanager"), "prometheus-alertmanager")


def missing() -> str:
    """Which programs are not installed, and how to install them, in one line; empty: they are."""
    lacking = [program for program in (PROMETHEUS, ALERTMANAGER) if program.path() is None]
    if not lacking:
        return ""
    names = " and ".join(program.name for program in lacking)
    packages = " ".join(program.package for program in lacking)
    return f"{names} {'is' if len(lacking) == 1 else 'are'} not installed (Debian: apt install {packages})"


class Monitors(NamedTuple):
    """Both programs: where they listen, and how many Applications they look at."""

    prometheus: Address
    alertmanager: Address
    applications: int

    @property
    def scrape_seconds(self) -> int:
        """How often the exporter is scraped."""
        return 5 if self.applications <= _FEW_APPLICATIONS else 15

    def commands(self, folder: Path) -> tuple[list[str], list[str]]:
        """The command lines of Prometheus and of Alertmanager. They must be installed."""
        return (
            [
                *(PROMETHEUS.path() or PROMETHEUS.commands[0], f"--config.file={folder / 'prometheus.yml'}"),
                *(f"--storage.tsdb.path={folder / 'prometheus'}", "--storage.tsdb.retention.time=1d"),
                *(f"--web.listen-address={self.prometheus}", "--log.level=error"),
            ],
            [
                *(ALERTMANAGER.path() or ALERTMANAGER.commands[0], f"--config.file={folder / 'alertmanager.yml'}"),
                *(f"--storage.path={folder / 'alertmanager'}", f"--web.listen-address={self.alertmanager}"),
                *("--cluster.listen-address=", "--log.level=error"),
            ],
        )


def write(
    folder: Path,
    environments: Sequence[Environment],
    monitoring: Monitoring,
    addresses: Mapping[str, str],
    scrape_seconds: int,
) -> None:
    """Put all files into the folder. `addresses`: HOST:PORT of `exporter` and `alertmanager`, the URL of `webhook`.

    Raises SpecError and SettingsError, as all that generates.
    """
    authored = load.load()
    for environment in environments:
        place = folder / "rules" / environment.name
        place.mkdir(parents=True)
        for name, text in rule_files(authored.groups, environment.name, monitoring).items():
            (place / name).write_text(text)
    routes = alertmanager.configuration(environments, told_at(addresses["webhook"], monitoring))
    (folder / alertmanager.TEMPLATE_FILE).write_text(TEMPLATES)
    (folder / "alertmanager.yml").write_text(text_of(routes))
    configuration = {
        "rule_files": [f"rules/{environment.name}/*.yml" for environment in environments],
        **scraping(addresses["exporter"], addresses["alertmanager"], scrape_seconds),
    }
    (folder / "prometheus.yml").write_text(text_of(configuration))


def told_at(webhook: str, monitoring: Monitoring) -> Monitoring:
    """The same, with the webhook in place of every receiver, and without long waits."""
    receivers = dict.fromkeys(monitoring.receivers, AlertReceiver(type=AlertReceiverType.WEBHOOK, url=webhook))
    waits = {"group_wait": f"{GROUP_WAIT_SECONDS}s", "group_interval": f"{GROUP_INTERVAL_SECONDS}s"}
    return monitoring.model_copy(update={"receivers": receivers, **waits})


def scraping(exporter: str, alerts: str, scrape_seconds: int) -> dict[str, Any]:
    """The configuration of Prometheus, but for its rules."""
    return {
        "global": {"scrape_interval": f"{scrape_seconds}s", "evaluation_interval": f"{EVALUATION_SECONDS}s"},
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alerts]}]}]},
        "scrape_configs": [
            {
                "job_name": "gitops-observability",
                "honor_labels": True,
                "static_configs": [{"targets": [exporter]}],
            }
        ],
    }
