"""The reference page of the dashboards, from their rows."""

from observability.monitoring.generate.grafana.reference import metrics, render
from observability.monitoring.spec import PerEnvironment, PromQuery, Section, buckets, select, views
from observability.signals import aggregates, applications
from tests.dashboards import DEGRADED, board, panel, table


def test_it_tells_of_every_panel() -> None:
    row = board(
        sections=(
            Section(title="", panels=(panel(),)),
            Section(title="Who", panels=(table(title="Who | where", empty="Nobody."),)),
        )
    )
    page = render([row])
    assert "## Test\n\nOf the tests.\n\n- uid: `gitops-test`\n- variables: `environment`, `service`\n" in page
    made = "`gitops_application_health_status`"
    assert f"| Degraded | number | How many are Degraded. |  | {made} |\n| **Who** | | | | |\n" in page
    assert f"| Who \\| where | table | How many are Degraded. | Nobody. | {made} |\n" in page


def test_a_picture_is_shown_where_there_is_one() -> None:
    assert "![Test, of a demo](previews/gitops-test.png)\n" in render([board()], {"gitops-test"})
    assert "previews/gitops" not in render([board()])


def test_metrics_are_those_of_all_queries() -> None:
    differing = PerEnvironment(dev=DEGRADED, others=select(applications.SYNC_STATUS))
    queries = (PromQuery(expr=differing), views.now(views.quantile(0.5, buckets(aggregates.LEAD_TIME))))
    assert metrics(panel(queries=queries)) == (
        "gitops_application_health_status",
        "gitops_application_sync_status",
        "gitops_lead_time_seconds",
    )
