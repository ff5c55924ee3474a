"""How many promtool cases there are for each alert: those in tests/rules of a folder. Reads files.

A case is called `<alert> fires: <why>` or `<alert> stays silent: <why>`; others are not counted.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from observability.monitoring.generate.reference import Cases

_NAME: Final = re.compile(r" *(?:- )?name: [\"']?(\w+) (fires|stays silent): ")


def counted(*roots: Path) -> Mapping[str, Cases]:
    """The cases by the name of the alert. Alerts without any, and folders without tests, are left out."""
    found: dict[str, Cases] = {}
    for line in (line for root in roots for line in _lines(root)):
        match = _NAME.match(line)
        if match:
            fire, silent = found.get(match[1], Cases(0, 0))
            found[match[1]] = Cases(fire + (match[2] == "fires"), silent + (match[2] != "fires"))
    return found


def _lines(root: Path) -> list[str]:
    files = [file for file in sorted((root / "tests" / "rules").glob("*.yaml")) if file.is_file()]
    return [line for file in files for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
