"""Where links lead: to dashboards of ours, to Argo CD, to runbooks. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from observability.errors import SpecError
from observability.monitoring.spec.dashboards import Link, Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses of what links lead to, without a slash at the end; empty: unknown, and such links are left out."""

    argocd: str = ""
    runbooks: str = ""

    def links(self, links: Iterable[Link], variables: Sequence[Variable]) -> list[dict[str, Any]]:
        """Data links of Grafana's. `variables`: those of the dashboard that they are on."""
        found = []
        for link in links:
            url = self._url(link, variables)
            if url:
                found.append({"title": link.title, "url": url, "targetBlank": not link.dashboard})
        return found

    def _url(self, link: Link, variables: Sequence[Variable]) -> str:
        if bool(link.url) is bool(link.dashboard):
            raise SpecError(f"link {link.title!r}", "expected either a url or a dashboard")
        if link.dashboard:
            return _of_dashboard(link, variables)
        scheme, _, path = link.url.partition(":")
        known = {"argocd": self.argocd, "runbook": self.runbooks}
        if scheme not in known:
            return link.url
        return known[scheme].rstrip("/") + path if known[scheme] else ""


def _of_dashboard(link: Link, variables: Sequence[Variable]) -> str:
    """Time and data source are kept, and each variable that is not set."""
    given = dict(link.variables)
    kept = ["datasource", *(variable.name for variable in variables if variable.name not in given)]
    parts = [
        "${__url_time_range}",
        *(f"${{{name}:queryparam}}" for name in kept),
        *(f"var-{name}={value}" for name, value in given.items()),
    ]
    return f"/d/{link.dashboard}?{'&'.join(parts)}"
