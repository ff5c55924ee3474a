"""The wheel: it can be built, holds the package and nothing else, and the command runs from it alone."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from observability import __version__
from observability.monitoring.load import load

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_it_holds_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "observability").rglob("*.py")}
    assert modules <= names
    assert "observability/py.typed" in names
    alerts = {f"observability/authored/{path.relative_to(ROOT)}" for path in (ROOT / "alerts").rglob("*.[pm][yd]")}
    assert alerts <= names
    boards = {f"observability/authored/{path.relative_to(ROOT)}" for path in (ROOT / "dashboards").glob("*.py")}
    assert boards <= names
    # What is generated anew by a command, and pictures of it, would be two thirds of it.
    assert [name for name in names if "/generated/" in name or "/previews/" in name] == []
    assert {name.partition("/")[0] for name in names} == {
        "observability",
        f"gitops_observability-{__version__}.dist-info",
    }


def test_the_command_runs_from_it(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(wheel)], check=True)
    where = "import observability, sys; print(observability.__file__); from observability.__main__ import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", where, "version"],
        cwd=site,
        capture_output=True,
        text=True,
        check=True,
    )
    file, first, *_ = ended.stdout.splitlines()
    assert Path(file).is_relative_to(site)
    assert first == f"gitops-obs {__version__}"
    assert (site / "bin" / "gitops-obs").exists()


def test_it_carries_the_alerts(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    names = "from observability.monitoring.load import load; print(*(source.row.name for source in load().groups))"
    ended = subprocess.run([sys.executable, "-c", names], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [source.row.name for source in load().groups]


def test_it_generates_what_is_committed(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    command = [sys.executable, "-m", "observability", "generate"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    for folder in ("alerts", "dashboards"):
        made = {path.relative_to(tmp_path): path.read_bytes() for path in (tmp_path / folder).rglob("*.*")}
        committed = ((ROOT / folder) / "generated").rglob("*.*")
        assert made == {path.relative_to(ROOT): path.read_bytes() for path in committed}
