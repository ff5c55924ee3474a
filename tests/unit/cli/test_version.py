"""The verbs `version` and `completion`."""

import json
import platform
from collections.abc import Callable
from importlib.metadata import version

import pytest

from observability import __version__

Call = Callable[..., tuple[int, str, str]]


def test_versions_for_people(call: Call) -> None:
    status, out, err = call("version")
    assert (status, err) == (0, "")
    assert out.splitlines()[:2] == [f"gitops-obs {__version__}", f"  python {platform.python_version()}"]
    assert f"  kubernetes {version('kubernetes')}" in out.splitlines()


def test_versions_for_machines(call: Call) -> None:
    facts = json.loads(call("version", "-o", "json")[1])
    assert facts["version"] == __version__
    assert facts["python"] == platform.python_version()
    assert facts["libraries"]["msgspec"] == version("msgspec")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_of_its_own(call: Call, shell: str) -> None:
    status, out, _ = call("completion", shell)
    assert status == 0
    assert f"_GITOPS_OBS_COMPLETE={shell}_complete" in out


def test_another_shell_is_a_usage_error(call: Call) -> None:
    assert call("completion", "tcsh")[0] == 2
