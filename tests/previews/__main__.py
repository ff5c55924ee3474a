"""Pictures of the dashboards, of a demo's data: `python -m tests.previews [--output DIR]`.

No Grafana runs here: a Prometheus answers the queries of the panels, and this package draws what Grafana would make of
the answers.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.integration.servers import found, running
from tests.previews.page import height, html, photograph
from tests.previews.panels import Asked
from tests.previews.recording import Span, record
from tests.previews.series import History, evaluate, rules_of

_ROOT: Final = Path(__file__).parents[2]
_BOARDS: Final = _ROOT / "dashboards" / "generated" / "prod"
_RULES: Final = _ROOT / "alerts" / "generated"
_NAME: Final = re.compile(r"\bgitops_[a-z0-9_]+")
_NEEDED: Final = ("prometheus", "promtool", "chromium")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw them; 0 also when a program is missing, which is named."""
    given = _arguments(arguments)
    missing = [name for name in _NEEDED if found(name) is None]
    if missing:
        sys.stdout.write(f"no previews: {', '.join(missing)} missing; Debian has packages of these names\n")
        return 0
    with ExitStack() as stack:
        folder = given.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="previews-")))
        folder.mkdir(parents=True, exist_ok=True)
        history = stack.enter_context(running(_history(folder, given)))
        given.output.mkdir(parents=True, exist_ok=True)
        for path in sorted(_BOARDS.glob("*.json")):
            if given.only in path.stem:
                _picture(path, history, given.output, folder)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.previews", description="Pictures of the dashboards.")
    parser.add_argument("--output", type=Path, default=_ROOT / "dashboards" / "previews", help="where they go")
    parser.add_argument("--only", default="", help="only dashboards with this in their uid")
    parser.add_argument("--hours", type=float, default=6.0, help="of the company's time")
    parser.add_argument("--speed", type=float, default=120.0, help="of its seconds in a second")
    parser.add_argument("--applications", type=int, default=120, help="how many it has")
    parser.add_argument("--data", type=Path, help="keep what was recorded here, and draw it again")
    return parser.parse_args(arguments)


def _history(folder: Path, given: argparse.Namespace) -> History:
    """A Prometheus with what was recorded now, or before; it does not run yet."""
    span = folder / "span.json"
    place = folder / "prometheus"
    if span.exists():
        return History(place, Span(**json.loads(span.read_text())))
    file, recorded = record(folder, _names(), given.hours, given.speed, given.applications)
    history = History(place, recorded)
    history.take(file)
    file.unlink()  # hundreds of MB, and all in Prometheus now
    with running(history):
        evaluate(history, rules_of(_RULES), folder)
    span.write_text(json.dumps({"start": recorded.start, "end": recorded.end}))
    return history


def _names() -> frozenset[str]:
    """The names of all metrics that a dashboard or a rule asks for."""
    files = [*_BOARDS.glob("*.json"), *_RULES.glob("*/gitops-*.yml")]
    return frozenset(name for path in files for name in _NAME.findall(path.read_text()))


def _picture(path: Path, history: History, output: Path, folder: Path) -> None:
    board: dict[str, Any] = json.loads(path.read_text())
    page = folder / f"{path.stem}.html"
    page.write_text(html(board, Asked(history, board)))
    picture = output / f"{path.stem}.png"
    photograph(page, picture, height(board))
    sys.stdout.write(f"{picture.name}: {picture.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    sys.exit(main())
