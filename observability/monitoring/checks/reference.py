"""The reference page of the checks, as Markdown; `python -m observability.monitoring.checks.reference` prints it."""

import sys
from collections.abc import Iterator
from typing import Any, Final

from observability.monitoring.checks.catalogue import TOPICS
from observability.monitoring.checks.rows import Check

_INTRODUCTION: Final = """\
# Checks

What `gitops-obs check FILE…` looks for, in rules of Prometheus, dashboards of Grafana and routes of Alertmanager, ours
or anybody's. This page is generated from the rows: `make generate`.

- Read are rule files and PrometheusRule, dashboards (classic JSON, also in a ConfigMap or a GrafanaDashboard),
  alertmanager.yml, scrape configurations, ServiceMonitor and PodMonitor. Folders are read whole: *.yml, *.yaml, *.json.
- Severities: error, it does not do what it says; warning, it misleads on a bad day; note, others will have trouble with
  it.
- `# gitops-obs: ignore CHECK REASON` in a rule, or right above it, is a finding less; without a reason it is one more.
  JSON has no comments: there, `--exclude CHECK`.
- Exit codes: 0 nothing found, 1 findings, 2 usage, 3 nothing could be read.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for topic, checks in TOPICS:
        parts.append(f"## {topic}\n")
        parts += ["\n".join(_section(check)) for check in checks]
    return "\n".join(parts)


def _section(check: Check[Any]) -> Iterator[str]:
    yield f"### {check.name}\n"
    yield f"**{check.severity.value}**: {check.says}\n"
    yield f"- Why: {check.why}"
    yield f"- Mend: {check.mend}"
    if check.source:
        yield f"- As: {check.source}"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
