"""From the JSON of what groups Applications to the model: real ones, and ones that are made up."""

from typing import Any, Final

from observability.model.applicationset import SetCondition, Step
from observability.model.project import SyncWindow
from observability.sources.engine import Problems
from observability.sources.groupings import decode_applicationset, decode_project
from tests.builders import encoded, instant, manifest

MINIMAL: Final[dict[str, Any]] = {"metadata": {"name": "shops"}}


def test_a_rolling_sync() -> None:
    problems: Problems = []
    facts = decode_applicationset(encoded(manifest("applicationset")), problems)
    assert (facts.name, facts.strategy, facts.generators, facts.applications) == (
        "tenant-roll",
        "RollingSync",
        ("list",),
        2,
    )
    assert facts.steps == (
        Step("tenant-rdev", 1, "Healthy", instant("2026-11-23T07:31:07Z")),
        Step("tenant-rprod", 2, "Progressing", instant("2026-11-23T07:31:08Z")),
    )
    assert facts.conditions[-1] == SetCondition(
        "RolloutProgressing",
        "True",
        "ApplicationSetModified",
        "ApplicationSet is performing rollout of step 2",
        instant("2026-11-23T07:31:07Z"),
    )


def test_a_project_with_a_window() -> None:
    facts = decode_project(encoded(manifest("project")), [])
    assert (facts.namespace, facts.name) == ("argocd", "web")
    assert facts.windows == (SyncWindow("deny", "* * * * *", "1h", ("*",), description="change freeze"),)


def test_an_applicationset_of_which_only_some_resources_are_listed() -> None:
    status = {"resources": [{}, {}], "resourcesCount": 7000}
    assert decode_applicationset(encoded({**MINIMAL, "status": status}), []).applications == 7000
    assert decode_applicationset(encoded({**MINIMAL, "status": {"resources": [{}, {}]}}), []).applications == 2


def test_a_generator_is_known_by_its_kind() -> None:
    generators = [{"git": {"repoURL": "x"}, "selector": {}}, {"matrix": {"generators": []}}]
    facts = decode_applicationset(encoded({**MINIMAL, "spec": {"generators": generators}}), [])
    assert facts.generators == ("git", "matrix")
