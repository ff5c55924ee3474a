"""What the demo says once everything runs: what to open, what to try, and what will be told. Pure."""

from pathlib import Path
from typing import Final, NamedTuple

_WITH_PROD: Final = 9
"""So many Applications are enough for a service that is ill in prod from the start."""


class Watching(NamedTuple):
    """The URLs of those who watch."""

    prometheus: str
    alertmanager: str


class Invitation(NamedTuple):
    """`url`: the exporter. `watching` None: nobody, `left_out` says why, a line or nothing."""

    applications: int
    kubeconfig: Path
    url: str
    watching: Watching | None
    left_out: str

    def text(self) -> str:
        """All of it, without the end of the last line."""
        url = self.url
        return f"""
A simulated cluster of {self.applications} Applications runs, and the exporter watches it. Open

  {url}/         the page
  {url}/metrics  what Prometheus scrapes
  {url}/readyz   ok as soon as the first list is in
{self._more()}
Try
  curl -s {url}/metrics | grep '^gitops_application_out_of_sync{{'
  curl -s {url}/metrics | grep 'health_status="Degraded"}} 1'
  kubectl --kubeconfig {self.kubeconfig} get applications --watch
and in Prometheus
  sum by (environment, cause) (gitops_application_out_of_sync)
  time() - gitops_application_out_of_sync_since_timestamp_seconds > 60
  sum by (environment) (gitops_application_health_status{{health_status="Degraded"}})
  increase(gitops_application_deployments_total[10m]) > 0

Ctrl-C ends all. {self._told()}"""

    def _more(self) -> str:
        if self.watching is None:
            return ""
        return f"""  {self.watching.prometheus}/alerts   Prometheus, with the alerts of all environments
  {self.watching.alertmanager}/         Alertmanager, with their routes
"""

    def _told(self) -> str:
        if self.watching is None:
            return f"{self.left_out}What happens in the company:\n"
        soon = ", the first within a minute" if self.applications >= _WITH_PROD else ""
        return f"""What happens in the company, and who is called of it{soon}:

TIME       ALERT     WHO    SEVERITY  IN       SERVICE         SUMMARY"""
