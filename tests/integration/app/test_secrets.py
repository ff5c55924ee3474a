"""The canary of tests/unit/test_secrets.py through the whole exporter: /metrics, all pages, and logs at level debug."""

import re
from itertools import product
from pathlib import Path
from typing import Any, Final

import yaml

from tests.builders import manifest
from tests.integration.app.conftest import Simulated, StartExporter
from tests.integration.exporters import Exporter
from tests.integration.servers import free_port, patience, until
from tests.unit.test_secrets import ADDRESSES, EXPOSED, leaked, marked, strings

EVERYTHING_ON: Final = {"exposition": {"images": True, "revisions": True, "application_labels": ["team"]}}
SET_EXPOSED: Final = {"metadata.name", "metadata.namespace", "spec.strategy.type", "status.conditions[].type"}
PROJECT_EXPOSED: Final = {
    *("metadata.name", "metadata.namespace", "spec.syncWindows[].kind"),
    *("spec.syncWindows[].schedule", "spec.syncWindows[].duration", "spec.syncWindows[].timeZone"),
}
TRUE: Final = {"kind", "apiVersion", "status.conditions[].status", "status.applicationStatus[].step"}
"""Of ApplicationSets and AppProjects these stay as they are: an object is of its kind, a condition stands."""


def outputs(exporter: Exporter) -> dict[str, str]:
    """All that anybody can read of it."""
    pages = {path: exporter.get(path).text for path in ("/", "/readyz", "/livez")}
    return {"/metrics": exporter.metrics(), **pages, "log": exporter.log.read_text()}


def marked_as(prefix: str, document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A document with a marker in each string, and the field of each marker."""
    fields: dict[str, str] = {}
    for path, holder, key in strings(document):
        field = ".".join(path)
        if field not in TRUE and not holder[key].startswith("2026-"):
            fields[f"canary{prefix}{len(fields)}canary"] = field
            holder[key] = list(fields)[-1]
    return document, fields


def test_a_secret_in_any_field_shows_nowhere(simulated: Simulated, start_exporter: StartExporter) -> None:
    application, of_application = marked()
    applicationset, of_set = marked_as("1000", manifest("applicationset"))
    project = manifest("project")
    project["spec"]["syncWindows"][0]["timeZone"] = "UTC"
    project["spec"]["roles"] = [{"name": "ci", "policies": ["p"], "jwtTokens": [{"id": "secret"}], "groups": ["team"]}]
    project, of_project = marked_as("2000", project)
    for document in (application, applicationset, project):
        simulated.api.put(document)
    exporter = start_exporter(simulated.kubeconfig, settings=EVERYTHING_ON, log_level="debug")
    exporter.wait_until_ready()
    seen = outputs(exporter)
    assert (
        leaked(seen["/metrics"], {**of_application, **of_set, **of_project}) == EXPOSED | SET_EXPOSED | PROJECT_EXPOSED
    )
    assert [name for name, text in seen.items() if "canary" in text] == ["/metrics"]


def test_a_secret_where_something_else_is_expected_shows_nowhere(
    simulated: Simulated, start_exporter: StartExporter
) -> None:
    """Each field in turn is a text, or an object whose keys and values are texts, as somebody's mistake may have it."""
    shapes: tuple[Any, ...] = ("canary", ["canary"], {"canary": "canary"}, {"canary": ["canary"]})
    count = 0
    for part, others in (("metadata", {"name", "namespace"}), ("spec", set()), ("status", set()), ("operation", set())):
        for field, shape in product(marked()[0][part].keys() - others, shapes):
            document, _ = marked()
            document["metadata"] |= {"name": f"wrong-{count}", "namespace": "argocd", "uid": str(count)}
            document[part][field] = shape
            simulated.api.put(document)
            count += 1
    exporter = start_exporter(simulated.kubeconfig, log_level="debug")
    exporter.wait_until_ready()
    seen = outputs(exporter)
    assert seen["log"].count("a field cannot be read") > count / 3
    # spec.project may be read, and that of one document is one of the texts.
    assert set(re.findall(r'(\w+)="canary"', seen.pop("/metrics"))) == {"project"}
    assert [name for name, text in seen.items() if "canary" in text] == []


def test_credentials_of_addresses_and_of_the_exporter_show_nowhere(
    simulated: Simulated, start_exporter: StartExporter, tmp_path: Path
) -> None:
    for number, address in enumerate(ADDRESSES):
        document = manifest("application-behind")
        document["metadata"] |= {"name": f"shop-{number}", "uid": str(number)}
        document["spec"]["source"]["repoURL"] = document["spec"]["destination"]["server"] = address
        document["status"]["conditions"] = [{"type": "ComparisonError", "message": f"cannot fetch {address}"}]
        simulated.api.put(document)
    kubeconfig = yaml.safe_load(simulated.kubeconfig.read_text())
    kubeconfig["users"][0]["user"] = {"token": "canary1canary"}
    simulated.kubeconfig.write_text(yaml.safe_dump(kubeconfig))
    exporter = start_exporter(simulated.kubeconfig, log_level="debug")
    exporter.wait_until_ready()
    assert exporter.metrics().count("\ngitops_application_info{") == len(ADDRESSES)
    assert [name for name, text in outputs(exporter).items() if "canary" in text] == []

    kubeconfig["clusters"][0]["cluster"]["server"] = f"http://bot:canary2canary@127.0.0.1:{free_port()}"
    kubeconfig["users"][0]["user"] = {}
    (tmp_path / "away.yaml").write_text(yaml.safe_dump(kubeconfig))
    away = start_exporter(tmp_path / "away.yaml", log_level="debug")
    until(lambda: "unreachable" in away.get("/readyz").text, "it says what is missing", patience(5))
    seen = outputs(away)
    assert re.search(r"cannot reach http://\S*127\.0\.0\.1", seen["log"])
    assert [name for name, text in seen.items() if "canary" in text] == []
