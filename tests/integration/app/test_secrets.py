"""The canary of tests/unit/test_secrets.py through the whole exporter, to all that anybody can read of it.

/metrics, all pages, logs at level debug, the journal byte by byte, what is sent to receivers, reports in all formats.
"""

import re
import subprocess
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.builders import manifest
from tests.fakes.confidant import Confidant
from tests.integration.app.conftest import Simulated, StartExporter
from tests.integration.exporters import COMMAND, Exporter
from tests.integration.servers import free_port, patience, until
from tests.unit.test_secrets import ADDRESSES, EXPOSED, KEPT, SECRETS, leaked, marked, strings

EVERYTHING_ON: Final = {"exposition": {"images": True, "revisions": True, "application_labels": ["team"]}}
SET_EXPOSED: Final = {"metadata.name", "metadata.namespace", "spec.strategy.type", "status.conditions[].type"}
PROJECT_EXPOSED: Final = {
    *("metadata.name", "metadata.namespace", "spec.syncWindows[].kind"),
    *("spec.syncWindows[].schedule", "spec.syncWindows[].duration", "spec.syncWindows[].timeZone"),
}
SET_KEPT: Final = SET_EXPOSED | {
    *("metadata.uid", "metadata.resourceVersion", "status.conditions[].message", "status.conditions[].reason"),
    *("status.applicationStatus[].application", "status.applicationStatus[].status"),
}
PROJECT_KEPT: Final = PROJECT_EXPOSED | {
    *("metadata.uid", "metadata.resourceVersion", "spec.syncWindows[].description"),
    *("spec.syncWindows[].applications[]", "spec.syncWindows[].namespaces[]", "spec.syncWindows[].clusters[]"),
}
"""In the model, and so in the journal."""
LATER: Final = "2099-01-01T00:00:00Z"
"""Created then, an object was not there before the exporter came: all of its past is told."""
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


FORMATS: Final = ("table", "json", "csv", "markdown")
REPORTS: Final = (
    *((report, "-o", form) for report in ("audit", "drift", "delivery", "recovery") for form in FORMATS),
    ("verify", "-o", "table"),
    ("verify", "-o", "json"),
)


def receivers(at: Confidant, folder: Path, secret: str) -> dict[str, Any]:
    """Settings with a journal, and with a sink of each type; all of them show `secret` to who is at that address."""
    token = folder / "token"
    token.write_text(f"{secret}\n")
    further = folder / "headers"
    further.write_text(f"authorization: Bearer {secret}\n")
    shown = {"x-api-key": secret}
    return {
        "journal": {"path": str(folder / "journal.db")},
        "otlp": {"endpoints": [{"endpoint": at.url, "headers": shown, "headers_file": str(further)}]},
        "events": {
            "sinks": [
                {"type": "jsonlines", "file": str(folder / "events.jsonl")},
                {"type": "cdevents", "url": f"{at.url}/cdevents", "headers": shown, "token_file": str(token)},
                {"type": "grafana", "url": at.url, "headers": shown, "token_file": str(token)},
            ]
        },
    }


def on_disk(folder: Path) -> str:
    """All bytes of the journal, its log too."""
    return "".join(file.read_bytes().decode("latin-1") for file in sorted(folder.glob("journal.db*")))


def reports(folder: Path) -> dict[str, str]:
    """All reports in all formats."""
    said = {}
    for report in REPORTS:
        command = [*COMMAND, "report", *report, "--journal", str(folder / "journal.db")]
        said[" ".join(report)] = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said


def is_told(folder: Path, names: Iterable[str]) -> bool:
    """Whether events of these names are in the file of events."""
    file = folder / "events.jsonl"
    text = file.read_text() if file.exists() else ""
    return all(f'"name":"gitops.{name}"' in text for name in names)


def told(confidant: Confidant, folder: Path, exporter: Exporter) -> dict[str, str]:
    """All that has left the exporter or stays behind: it has come to its end by then."""
    beside = on_disk(folder)
    logs = exporter.log
    exporter.end()
    sent = {path: b"".join(bodies).decode("latin-1") for path, bodies in confidant.bodies.items()}
    events = (folder / "events.jsonl").read_text()
    return {
        **sent,
        "events": events,
        "journal": beside + on_disk(folder),
        "log": logs.read_text(),
        **reports(folder),
    }


def test_a_secret_in_any_field_is_in_no_history(
    simulated: Simulated, start_exporter: StartExporter, tmp_path: Path
) -> None:
    """The objects appear, change and go while the exporter watches; what is made of it is read by everybody."""
    application, of_application = marked()
    application["metadata"]["creationTimestamp"] = LATER
    applicationset, of_set = marked_as("1000", manifest("applicationset"))
    project = manifest("project")
    project, of_project = marked_as("2000", project)
    documents = (project, applicationset, application)
    with Confidant().serving() as confidant:
        exporter = start_exporter(
            simulated.kubeconfig, settings=EVERYTHING_ON | receivers(confidant, tmp_path, "a-token"), log_level="debug"
        )
        exporter.wait_until_ready()
        for document in documents:
            simulated.api.put(document)
        expected = ["application.deployed", "application.sync.finished", "applicationset.condition.raised"]
        until(lambda: is_told(tmp_path, [*expected, "project.created"]), "they are told", patience(10))
        application["status"]["health"]["status"] = "Degraded"
        application["status"]["operationState"] |= {"phase": "Failed", "finishedAt": "2026-11-23T14:00:00Z"}
        application["status"]["operationState"]["startedAt"] = "2026-11-23T13:59:00Z"
        simulated.api.put(application)
        until(lambda: is_told(tmp_path, ["application.health.changed"]), "a change is told", patience(10))
        for document in documents:
            where = document["metadata"]
            simulated.api.delete(document["kind"], where["namespace"], where["name"])
        gone = ("application.deleted", "applicationset.deleted", "project.deleted")
        until(lambda: is_told(tmp_path, gone), "their end is told", patience(10))
        needed = {"/v1/logs", "/v1/traces", "/cdevents", "/api/annotations"}
        until(lambda: needed <= confidant.bodies.keys(), "all receivers were sent something", patience(10))
        seen = told(confidant, tmp_path, exporter)
    fields = {**of_application, **of_set, **of_project}
    everything = EXPOSED | KEPT | SET_KEPT | PROJECT_KEPT
    found = {name: leaked(text, fields) - everything for name, text in seen.items()}
    assert {name: more for name, more in found.items() if more} == {}
    assert leaked(seen["log"], fields) == set()
    assert "spec.project" in leaked(seen["audit -o json"], fields), "what may be told is told"


def unsafe(number: int, address: str) -> Iterable[dict[str, Any]]:
    """Objects of all three kinds that have a secret wherever a text is told."""
    application = manifest("application-behind")
    application["metadata"] |= {"name": f"shop-{number}-prod", "uid": str(number), "creationTimestamp": LATER}
    secret = SECRETS[number % len(SECRETS)]
    status = application["status"]
    application["spec"]["source"]["repoURL"] = application["spec"]["destination"]["server"] = address
    status["sync"]["comparedTo"]["source"]["repoURL"] = address
    for entry in status["history"]:
        entry["source"]["repoURL"] = address
    said = f"{secret}; cannot fetch '{address.partition('#')[0]}', sorry"
    status["operationState"] |= {"phase": "Failed", "message": said}
    status["operationState"]["syncResult"]["resources"] = [
        {"kind": "Secret", "name": "token", "message": said, "status": "SyncFailed"}
    ]
    status["health"] = {"status": "Degraded", "message": said}
    status["conditions"] = [{"type": "ComparisonError", "message": said}]
    yield application
    applicationset = manifest("applicationset")
    applicationset["metadata"] |= {"name": f"set-{number}", "uid": f"set-{number}"}
    for condition in applicationset["status"]["conditions"]:
        condition |= {"message": said, "status": "True", "type": f"{condition['type']}{number}"}
    yield applicationset


@pytest.mark.parametrize("repeats", [False, True])
def test_credentials_are_in_no_history(
    simulated: Simulated, start_exporter: StartExporter, tmp_path: Path, repeats: bool
) -> None:
    """Those in addresses and messages of objects, and those that receivers are shown, who may repeat them."""
    with Confidant(repeats=repeats).serving() as confidant:
        settings = receivers(confidant, tmp_path, "canary1canary")
        exporter = start_exporter(simulated.kubeconfig, settings=settings, log_level="debug")
        exporter.wait_until_ready()
        for number, address in enumerate(ADDRESSES):
            for document in unsafe(number, address):
                simulated.api.put(document)
        expected = ["application.deployed", "application.sync.finished", "application.condition.raised"]
        until(lambda: is_told(tmp_path, [*expected, "applicationset.created"]), "they are told", patience(10))
        needed = {"/v1/logs", "/cdevents", "/api/annotations"}
        until(lambda: needed <= confidant.bodies.keys(), "all receivers were sent something", patience(10))
        assert any("canary1canary" in shown for shown in confidant.shown)
        seen = told(confidant, tmp_path, exporter) | {"letters": journal("dead-letters", "list", folder=tmp_path)}
    assert [name for name, text in seen.items() if "canary" in text] == []


def journal(*verb: str, folder: Path) -> str:
    """What a command that looks after the journal says."""
    command = [*COMMAND, "journal", *verb, "--journal", str(folder / "journal.db")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_settings_show_no_credentials(tmp_path: Path) -> None:
    settings = receivers(Confidant(), tmp_path, "canary1canary")
    address = "http://127.0.0.1:4318"
    settings["otlp"]["endpoints"][0]["endpoint"] = address
    for sink in settings["events"]["sinks"][1:]:
        sink["url"] = address
    settings["plugins"] = ["kafka"]
    settings["events"]["sinks"].append({"type": "kafka", "options": {"password": "canary1canary"}})
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(settings))
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://bot:canary1canary@127.0.0.1:4318",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer canary1canary",
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "x-api-key=canary1canary",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1/v1/traces?api_key=canary1canary",
    }
    for form in ("yaml", "json"):
        said = shown_settings(file, form, variables)
        assert said.returncode == 0, said.stderr
        assert address in said.stdout
        assert "canary" not in said.stdout + said.stderr


def shown_settings(file: Path, form: str, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """`gitops-obs settings` in such an environment."""
    command = [*COMMAND, "settings", "--config", str(file), "-o", form]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(variables))


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
