"""Dashboards: rows become grafanalib's objects, and these the JSON that Grafana 10 to 13 read.

    rows ─▶ layout, scope ─▶ drawing (pieces, fields, targets, variables) ─▶ assembly ─▶ mend ─▶ JSON

grafanalib is known here and nowhere else, and what is wrong with its output is put right in `mend` and nowhere else.
Pure.
"""

from observability.monitoring.generate.grafana.assembly import TAG, Environments, check_uids, dashboard, text
from observability.monitoring.generate.grafana.places import Places

__all__ = ["TAG", "Environments", "Places", "check_uids", "dashboard", "text"]
