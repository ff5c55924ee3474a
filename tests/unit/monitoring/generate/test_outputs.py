"""Which files there are, and that a bad row is told with its file."""

import json
from typing import Any

import pytest

from observability.errors import SpecError
from observability.monitoring.generate import outputs
from observability.monitoring.generate.outputs import Form, Work
from observability.monitoring.load import Authored, Sourced
from observability.monitoring.spec import Dashboard, Section
from observability.settings import Environment, Monitoring, Settings
from tests.dashboards import board, panel


def work(*boards: Dashboard, **given: Any) -> Work:
    """Work on these dashboards, each in a file of its own."""
    sources = tuple(Sourced(row=row, file=f"dashboards/{index}.py") for index, row in enumerate(boards))
    fields: dict[str, Any] = {
        "authored": Authored(dashboards=sources),
        "environments": Settings().environments,
        "monitoring": Monitoring(),
        "wanted": ("prod",),
    }
    return Work(**{**fields, **given})


def test_only_the_wanted_environments_are_made_and_links_are_those_of_the_settings() -> None:
    files = outputs.committed(work(board(), monitoring=Monitoring(argocd_url="https://argocd.example.com")))
    assert set(files) == {
        "alerts/generated/prod/alertmanager.yml",
        "alerts/generated/prod/gitops.tmpl",
        "dashboards/generated/prod/gitops-test.json",
    }
    assert json.loads(files["dashboards/generated/prod/gitops-test.json"])["uid"] == "gitops-test"


def test_environments_may_be_called_anything_that_a_folder_can_be() -> None:
    files = outputs.committed(work(board(), environments=(Environment(name="Live EU.1"),), wanted=("Live EU.1",)))
    assert "dashboards/generated/Live EU.1/gitops-test.json" in files


def test_a_dashboard_that_cannot_be_drawn_is_told_with_its_file() -> None:
    odd = board(uid="gitops-odd", title="Odd", sections=(Section(title="x", panels=(panel(),), repeat="color"),))
    with pytest.raises(SpecError, match=r"dashboards/1\.py: gitops-odd: section 'x': expected a variable"):
        outputs.committed(work(board(), odd))


def test_two_dashboards_of_one_title_are_told_with_the_file_of_the_second() -> None:
    with pytest.raises(SpecError, match=r"dashboards/1\.py: gitops-twin: expected a uid and a title"):
        outputs.committed(work(board(), board(uid="gitops-twin")))


def test_a_uid_that_leads_elsewhere_is_refused() -> None:
    row = board()
    object.__setattr__(row, "uid", "../elsewhere")
    with pytest.raises(SpecError, match=r"dashboards/0\.py: \.\./elsewhere: expected a uid"):
        outputs.committed(work(row))


def test_where_generated_files_may_be() -> None:
    assert outputs.owned(None, ("prod",)) == (
        "dashboards/generated/prod/*.json",
        "alerts/generated/prod/*.yml",
        "alerts/generated/prod/*.tmpl",
    )
    assert outputs.owned(Form.CONFIGMAP, None) == ("configmap/*/*.yaml",)


def test_pages_name_what_there_is() -> None:
    found = outputs.pages(work(board()))
    assert "gitops-test" in found["dashboards/README.md"]
    assert found["alerts/README.md"].startswith("# Alerts")
