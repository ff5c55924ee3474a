"""The page of all alerts."""

from observability.monitoring.generate.reference import Cases, page
from observability.monitoring.load import Sourced
from observability.monitoring.spec import Alert, Group, PerEnvironment, Recording, Severity, select
from observability.signals.exporter import READY


def test_a_row_for_each_rule() -> None:
    alert = Alert(
        name="GitOpsOne",
        expr=PerEnvironment[str | None](dev=None, staging=select(READY), prod=f"{select(READY)} and up"),
        severity=Severity.WARNING,
        summary="a | b",
        description="d",
        dashboard="gitops-overview",
        hold=PerEnvironment(dev="1h", staging="5m", prod="1m"),
    )
    recording = Recording(record="a:b", expr="vector(1)", help="What it is.", labels=())
    groups = [Sourced(row=Group(name="gitops-a", rules=(alert, recording)), file="alerts/a.py")]
    text = page(groups, ("dev", "staging", "prod"), {"GitOpsOne": Cases(2, 3)})
    assert (
        "| [GitOpsOne](runbooks/GitOpsOne.md) | warning | staging, prod | staging 5m, prod 1m | "
        "`gitops_exporter_ready` | 2 / 3 | a \\| b |\n"
    ) in text
    assert "| `a:b` | What it is. |\n" in text
    assert "From [alerts/a.py](a.py)." in text
