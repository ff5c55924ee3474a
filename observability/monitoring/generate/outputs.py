"""Which files there are, and what stands in them: from all that is authored to a map of paths and texts. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from observability.errors import SettingsError, SpecError
from observability.monitoring.generate import (
    alertmanager,
    alertmanagerconfig,
    grafana,
    kubernetes,
    provisioning,
    reference,
    references,
)
from observability.monitoring.generate.grafana import reference as dashboards_reference
from observability.monitoring.generate.messages import TEMPLATES
from observability.monitoring.generate.reference import Cases
from observability.monitoring.generate.rules import rule_files, text_of
from observability.monitoring.load import Authored
from observability.monitoring.spec import Recording
from observability.settings import Environment, Monitoring

OWNED: Final = ("dashboards/generated/{}/*.json", "alerts/generated/{}/*.yml", "alerts/generated/{}/*.tmpl")
"""Where generated files of an environment are."""

_HEAD: Final = "# Generated from the settings for {}: change these, and generate again.\n"
_TEMPLATE_HEAD: Final = "{{/* Generated: what messages about alerts say. */}}\n"


_PART: Final = re.compile(r"\w[\w. -]*")
"""What may be part of a path: nothing that leads elsewhere, and nothing that a shell or a pattern would read."""
_ROUTES: Final = "alertmanager"


class Form(StrEnum):
    """What is made on demand."""

    PROMETHEUSRULE = "prometheusrule"
    CONFIGMAP = "configmap"
    GRAFANADASHBOARD = "grafanadashboard"
    GRAFANA_ALERTING = "grafana-alerting"
    ALERTMANAGERCONFIG = "alertmanagerconfig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that files are made of. `wanted`: the environments to write, among all of `environments`."""

    authored: Authored
    environments: tuple[Environment, ...]
    monitoring: Monitoring
    wanted: tuple[str, ...]
    cases: Mapping[str, Cases] = field(default_factory=dict)
    pictures: frozenset[str] = frozenset()
    """The uids of dashboards of which there is a picture."""

    @property
    def names(self) -> tuple[str, ...]:
        """All environments."""
        return tuple(environment.name for environment in self.environments)


def check(work: Work) -> None:
    """Raises SpecError for rows that no files can be made of, with the file and the row of each.

    And SettingsError for an environment whose name cannot be that of a folder.
    """
    for name in work.names:
        if not _PART.fullmatch(name):
            raise SettingsError("", "environments", f"expected names that folders can have, got {name!r}")
    for source in work.authored.groups:
        if not _PART.fullmatch(source.row.name) or source.row.name == _ROUTES:
            expected = f"expected the name of a group to be one that a file can have, and not {_ROUTES}"
            raise SpecError(source.row.name, expected, source.file)
    for board in work.authored.dashboards:
        if not _PART.fullmatch(board.row.uid):
            raise SpecError(board.row.uid, "expected a uid that a file can have as its name", board.file)
    references.check(work.authored, work.names)
    try:
        grafana.check_uids(board.row for board in work.authored.dashboards)
    except SpecError as error:
        files = [board.file for board in work.authored.dashboards if board.row.uid == error.name]
        raise SpecError(error.name, error.expected, files[-1]) from error


def committed(work: Work) -> Mapping[str, str]:
    """The files that are generated beside what is authored, by their paths. Raises SpecError."""
    check(work)
    return dict(_committed(work))


def pages(work: Work) -> Mapping[str, str]:
    """The reference pages, by their paths. Raises SpecError."""
    return {
        "dashboards/README.md": dashboards_reference.render(
            (source.row for source in work.authored.dashboards), work.pictures
        ),
        "alerts/README.md": reference.page(work.authored.groups, work.names, work.cases),
    }


def on_demand(form: Form, work: Work) -> Mapping[str, str]:
    """The files of a form, by their paths. Raises SpecError."""
    check(work)
    return dict(_FORMS[form](work))


def owned(form: Form | None, environments: Sequence[str] | None) -> tuple[str, ...]:
    """Patterns of the paths at which generated files may be. `environments` None: of all that ever were."""
    names = ("*",) if environments is None else tuple(environments)
    patterns = OWNED if form is None else (f"{form}/{{}}/*.yaml",)
    return tuple(pattern.format(name) for name in names for pattern in patterns)


Files = Iterator[tuple[str, str]]


def _committed(work: Work) -> Files:
    for environment in work.wanted:
        for uid, text in _dashboards(work, environment):
            yield f"dashboards/generated/{environment}/{uid}.json", text
        for name, text in rule_files(work.authored.groups, environment, work.monitoring).items():
            yield f"alerts/generated/{environment}/{name}", text
        route = text_of(alertmanager.configuration(work.environments, work.monitoring))
        yield f"alerts/generated/{environment}/{_ROUTES}.yml", _HEAD.format(environment) + route
        yield f"alerts/generated/{environment}/{alertmanager.TEMPLATE_FILE}", _TEMPLATE_HEAD + TEMPLATES


def _dashboards(work: Work, environment: str) -> Files:
    places = grafana.Places(argocd=work.monitoring.argocd_url or "", runbooks=work.monitoring.runbooks_url or "")
    environments = grafana.Environments(environment, work.names)
    recordings = [rule for source in work.authored.groups for rule in source.row.rules if isinstance(rule, Recording)]
    for source in work.authored.dashboards:
        try:
            yield source.row.uid, grafana.text(source.row, environments, places, recordings)
        except SpecError as error:
            raise SpecError(error.name, error.expected, error.file or source.file) from error


def _prometheusrules(work: Work) -> Files:
    for environment in work.wanted:
        for name, text in rule_files(work.authored.groups, environment, work.monitoring).items():
            stem = name.removesuffix(".yml")
            made = kubernetes.prometheus_rule(stem, environment, text, work.monitoring)
            yield f"{Form.PROMETHEUSRULE}/{environment}/{stem}.yaml", text_of(made)


def _configmaps(work: Work) -> Files:
    for environment in work.wanted:
        for uid, text in _dashboards(work, environment):
            made = kubernetes.config_map(uid, environment, text, work.monitoring)
            yield f"{Form.CONFIGMAP}/{environment}/{uid}.yaml", text_of(made)


def _grafanadashboards(work: Work) -> Files:
    for environment in work.wanted:
        for uid, text in _dashboards(work, environment):
            made = kubernetes.grafana_dashboard(uid, environment, text, work.monitoring)
            yield f"{Form.GRAFANADASHBOARD}/{environment}/{uid}.yaml", text_of(made)


def _grafana_alerting(work: Work) -> Files:
    for environment in work.wanted:
        made = provisioning.alerting(work.authored.groups, environment, work.monitoring)
        yield f"{Form.GRAFANA_ALERTING}/{environment}/rules.yaml", text_of(made)


def _alertmanagerconfigs(work: Work) -> Files:
    made = alertmanagerconfig.alertmanager_config(work.environments, work.monitoring)
    for environment in work.wanted:
        yield f"{Form.ALERTMANAGERCONFIG}/{environment}/gitops-observability.yaml", text_of(made)


_FORMS: Final[Mapping[Form, Callable[[Work], Files]]] = {
    Form.PROMETHEUSRULE: _prometheusrules,
    Form.CONFIGMAP: _configmaps,
    Form.GRAFANADASHBOARD: _grafanadashboards,
    Form.GRAFANA_ALERTING: _grafana_alerting,
    Form.ALERTMANAGERCONFIG: _alertmanagerconfigs,
}
