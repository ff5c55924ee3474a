"""Alerts over recordings of a real Argo CD: what fires is known, and nothing else does.

Deletions, false states right after a sync, closed windows, work that is pending in staging and prod, a restart of Argo
CD and operations that wait are all in there.
"""

import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.integration.servers import tool
from tests.replay import TOPICS
from tests.rules.recorded import played

GENERATED: Final = Path(__file__).parents[2] / "alerts" / "generated"

FIRED: Final[dict[str, set[tuple[str, str]]]] = {
    # An automated sync that fails for good.
    "autofail": {("GitOpsSyncFailed", "coupon-dev")},
    # Automated without self-heal, which dev demands.
    "drift": {("GitOpsPolicyViolated", "catalog-dev")},
    # Refused manifests and failing hooks; of dev an automated sync that is retried.
    "failures": {
        ("GitOpsSyncFailed", "report-prod"),
        ("GitOpsSyncFailed", "report-staging"),
        ("GitOpsSyncRetrying", "report-dev"),
    },
    # Rolled back while the recorder was away, and not brought into Git.
    "midstream": {("GitOpsRollbackInCluster", "kiosk-prod")},
    # Retries that are used up.
    "retries": {("GitOpsSyncFailed", "refunds-prod")},
    # Four edits in a row, each of them healed.
    "selfheal": {("GitOpsSelfHealLoop", "search-dev")},
    # A controller that rewrites what self-heal restores.
    "unconverged": {("GitOpsSelfHealLoop", "cache-dev")},
}
"""By topic, the alerts that fired at any time and the Applications that they were about."""

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("topic", TOPICS)
def test_what_fires_over_a_recording(topic: str, tmp_path: Path) -> None:
    recording = played(topic)
    fired = 'count by (alertname, application) (count_over_time(ALERTS{alertstate="firing"}[1d]))'
    wanted = [
        {"labels": f'{{alertname="{alert}", application="{application}"}}', "value": 1}
        for alert, application in FIRED.get(topic, set())
    ]
    case = {
        "interval": "1m",
        "input_series": recording.series,
        "promql_expr_test": [{"expr": fired, "eval_time": f"{recording.minutes}m", "exp_samples": wanted}],
    }
    of_applications = ("drift", "health", "policies", "syncs")
    files = [str(path) for name in of_applications for path in GENERATED.glob(f"*/gitops-{name}.yml")]
    file = tmp_path / f"{topic}.yaml"
    file.write_text(yaml.safe_dump({"rule_files": files, "evaluation_interval": "1m", "tests": [case]}, width=10**6))
    ended = subprocess.run(
        [str(tool("promtool")), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
