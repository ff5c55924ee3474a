"""Asks promtool whether it takes rule files. Runs a program."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from observability.errors import PublishError, SpecError

_SECONDS: Final = 120


def find(given: str | None) -> str | None:
    """Where promtool is; None when there is none. Raises PublishError when the given one is not there."""
    found = shutil.which(given or "promtool")
    if given is not None and found is None:
        raise PublishError(f"{given}: expected the program promtool")
    return found


def check(program: str, texts: Mapping[str, str]) -> None:
    """Let it judge the files, by their names. Raises SpecError with what it says against them."""
    with tempfile.TemporaryDirectory(prefix="gitops-obs-") as folder:
        paths = [Path(folder) / name for name in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        try:
            ended = subprocess.run(  # noqa: S603 - the program that was asked for, on files of ours
                [program, "check", "rules", *map(str, paths)],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PublishError(f"{program} check rules: {error}") from error
    if ended.returncode != 0:
        said = (ended.stderr.strip() or ended.stdout.strip()).replace(f"{folder}/", "")
        raise SpecError("promtool check rules", said)
