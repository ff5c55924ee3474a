"""Files that `gitops-obs generate` makes for a test, with receivers of the test's own."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.integration.exporters import COMMAND


def receivers(url: str) -> dict[str, Any]:
    """Settings of receivers: each a path of a webhook."""
    return {"receivers": {name: {"type": "webhook", "url": f"{url}/{name}"} for name in ("page", "chat", "deadman")}}


def generate(folder: Path, settings: Mapping[str, Any]) -> Path:
    """The folder into which the command wrote everything."""
    config = folder / "generate.yaml"
    config.write_text(yaml.safe_dump(dict(settings)))
    output = folder / "generated"
    command = [*COMMAND, "generate", "--config", str(config), "--output", str(output)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return output
