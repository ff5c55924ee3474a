"""The lock, the Makefile and the hooks agree with pyproject.toml and with each other."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / ".ci/requirements.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The table [project] of pyproject.toml."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE))


def test_the_lock_has_everything_in_a_version_that_is_allowed(project: dict[str, Any]) -> None:
    versions = locked()
    for text in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        requirement = Requirement(text)
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), text


def test_each_version_in_the_lock_has_hashes() -> None:
    entries = re.split(r"\n(?=[\w.-]+==)", LOCK)[1:]
    assert len(entries) == len(locked())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_index_and_no_file() -> None:
    assert re.findall(r"https?://|file:|^-", LOCK, re.MULTILINE) == []


PINNED = {"grafana-foundation-sdk"}
"""Without a version pip finds an older release of it: the newest ones are marked as preliminary."""


def test_dependencies_have_lower_bounds_and_no_upper_ones(project: dict[str, Any]) -> None:
    for text in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        requirement = Requirement(text)
        expected = "==" if requirement.name in PINNED else ">="
        assert [one.operator for one in requirement.specifier] == [expected], text


def test_what_is_installed_is_this_project(project: dict[str, Any]) -> None:
    try:
        installed = requires("gitops-observability") or []
    except ModuleNotFoundError:
        pytest.skip("gitops-observability is not installed here, `make install` does it")
    named = {canonicalize_name(Requirement(text).name) for text in installed}
    assert {canonicalize_name(Requirement(text).name) for text in project["dependencies"]} <= named


def test_every_target_is_explained() -> None:
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split())
    explained = set(re.findall(r"^(\w+):.*? ## \S", MAKEFILE, re.MULTILINE))
    assert explained == phony
    assert phony >= {"install", "demo", "test", "check", "generate", "bench", "servers", "lock", "clean"}


def test_the_hooks_run_what_make_check_runs() -> None:
    recipe = MAKEFILE.partition("\ncheck:")[2].partition("\n\n")[0]
    checks = {line.split("/")[1].split()[0] for line in recipe.splitlines() if "/" in line}
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {hook["entry"].removeprefix(".venv/bin/").split()[0] for hook in hooks} == checks


@pytest.mark.parametrize("script", ["run", "servers", "venv"])
def test_scripts_can_be_run_and_stop_at_the_first_error(script: str) -> None:
    file = ROOT / ".ci" / script
    assert file.stat().st_mode & 0o111
    assert "set -euo pipefail" in file.read_text()


def test_ci_makes_what_is_missing_a_failure() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert "export CI=true" in script
    assert "make test" in script
