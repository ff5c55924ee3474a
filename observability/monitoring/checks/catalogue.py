"""All checks, in the order of the reference page."""

from typing import Any, Final

from observability.monitoring.checks import alerts, dashboards, expressions, routing, states, together
from observability.monitoring.checks.rows import Check

TOPICS: Final[tuple[tuple[str, tuple[Check[Any], ...]], ...]] = (
    ("Expressions, of rules and panels", expressions.CHECKS),
    ("Alerts", alerts.CHECKS),
    ("Alerts of Argo CD", states.CHECKS),
    ("Dashboards", dashboards.CHECKS),
    ("Alertmanager", routing.CHECKS),
    ("All together", together.CHECKS),
)

CHECKS: Final[tuple[Check[Any], ...]] = tuple(check for _, checks in TOPICS for check in checks)
"""Those of plugins come after them."""
