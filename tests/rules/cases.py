"""The cases of promtool in this folder: which alert each is about, and whether it is to fire.

A case is called `<alert> fires: <why>` or `<alert> stays silent: <why>`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from observability.monitoring.generate.reference import Cases

FOLDER: Final = Path(__file__).parent
FILES: Final = tuple(sorted(FOLDER.glob("*.yaml")))
NAME: Final = re.compile(r"(\w+) (fires|stays silent): \S.*")


def names(file: Path) -> tuple[str, ...]:
    """What the cases of a file are called."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return tuple(case["name"] for case in document["tests"])


def counted() -> Mapping[str, Cases]:
    """How many cases of each kind an alert has, by its name."""
    found: dict[str, Cases] = {}
    for file in FILES:
        for name in names(file):
            match = NAME.fullmatch(name)
            assert match is not None, f"{file.name}: {name}"
            fire, silent = found.get(match[1], Cases(0, 0))
            found[match[1]] = Cases(fire + (match[2] == "fires"), silent + (match[2] != "fires"))
    return found
