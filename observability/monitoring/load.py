"""Finds what is authored and imports it: alerts/ and dashboards/ of a folder, a module each. Reads files.

Our own rows stand beside the package in a checkout, and inside it in a wheel; users have the same two folders anywhere.
A module is run when it is loaded, as any Python module is: load only what is trusted.
"""

import importlib.util
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Final, Generic, TypeVar

from observability.errors import SpecError
from observability.monitoring.spec import Dashboard, Group

Row = TypeVar("Row", Group, Dashboard)

_PACKAGE: Final = Path(__file__).parents[1]
_PLACES: Final = (_PACKAGE / "authored", _PACKAGE.parent)
"""Where our own rows are: of a wheel, of a checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced(Generic[Row]):
    """A row and where it was found. `file` is what messages call it.

    `own`: it came with the package, so it may ask for nothing that the package does not expose. `runbooks`: the text of
    each file in runbooks/ beside its module, by the name of the file without its ending.
    """

    row: Row
    file: str
    own: bool = True
    runbooks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """All that was found, in the order of the files and in them."""

    groups: tuple[Sourced[Group], ...] = ()
    dashboards: tuple[Sourced[Dashboard], ...] = ()

    def __add__(self, other: "Authored") -> "Authored":
        return Authored(groups=self.groups + other.groups, dashboards=self.dashboards + other.dashboards)


def own() -> Path:
    """The folder with our own alerts/ and dashboards/."""
    return next((place for place in _PLACES if (place / "alerts").is_dir()), _PLACES[-1])


def load(source: Path | None = None) -> Authored:
    """Our own rows, and those of a user's folder after them. Raises SpecError with the file that is wrong."""
    authored = read(own(), own=True)
    return authored if source is None else authored + read(source, own=False)


def read(root: Path, *, own: bool) -> Authored:
    """What stands in alerts/ and dashboards/ of a folder. Raises SpecError as `load` does, and when both lack."""
    folders = [root / "alerts", root / "dashboards"]
    if not any(folder.is_dir() for folder in folders):
        raise SpecError("", "expected a folder that holds alerts/ or dashboards/", str(root))
    runbooks = {path.stem: _text(path, root) for path in sorted((folders[0] / "runbooks").glob("*.md"))}
    groups = tuple(
        Sourced(row=row, file=file, own=own, runbooks=runbooks)
        for file, module in _modules(root, folders[0])
        for row in _rows(module, file, "GROUP", Group)
    )
    dashboards = tuple(
        Sourced(row=row, file=file, own=own)
        for file, module in _modules(root, folders[1])
        for row in _rows(module, file, "DASHBOARD", Dashboard)
    )
    return Authored(groups=groups, dashboards=dashboards)


def _text(path: Path, root: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError("", f"expected a text in UTF-8 ({error})", str(path.relative_to(root))) from error


def _modules(root: Path, folder: Path) -> Iterator[tuple[str, ModuleType]]:
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith("_"):
            file = str(path.relative_to(root))
            yield file, _imported(path, file)


def _imported(path: Path, file: str) -> ModuleType:
    """The module in a file, under a name that no other file has."""
    name = f"gitops_authored_{path.stem}_{sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:  # pragma: no cover - of a name that ends in .py there is
        raise SpecError("", "expected a Python module", file)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look themselves up there
    try:
        specification.loader.exec_module(module)
    except SpecError as error:
        raise SpecError(error.name, error.expected, f"{file}:{_line(error, path)}") from error
    except SyntaxError as error:
        raise SpecError("", f"expected Python: {error.msg}", f"{file}:{error.lineno or 1}") from error
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        raise SpecError(
            "", f"expected a module that can be imported: {said}", f"{file}:{_line(error, path)}"
        ) from error
    finally:
        del sys.modules[name]
    return module


def _line(error: BaseException, path: Path) -> int:
    """The last line of the file that the error came through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line is not None), 1)


def _rows(module: ModuleType, file: str, name: str, kind: type[Row]) -> tuple[Row, ...]:
    """The rows of a module: `GROUP`, or all of `GROUPS`. Raises SpecError when it has neither, or something else."""
    several = f"{name}S"
    rows = (getattr(module, name),) if hasattr(module, name) else getattr(module, several, None)
    if not isinstance(rows, (tuple, list)):
        raise SpecError("", f"expected {name} = {kind.__name__}(…), or {several} = (…)", file)
    for row in rows:
        if not isinstance(row, kind):
            raise SpecError(name, f"expected a {kind.__name__}, got {type(row).__name__}", file)
    return tuple(rows)
