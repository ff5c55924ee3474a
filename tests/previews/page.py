"""The page of a dashboard in Grafana's dark look, and its photograph by Chromium."""

import subprocess
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from tests.integration.servers import tool
from tests.previews.panels import Asked, drawn

WIDTH: Final = 1400
_MARGIN: Final = 16
_GAP: Final = 8
_ROW: Final = 30
_TOP: Final = 96
_HEADER: Final = 34
_PADDING: Final = 8

_STYLE: Final = """\
* { box-sizing: border-box; margin: 0; }
body { background: #111217; color: #ccccdc; font: 13px Inter, "DejaVu Sans", "Liberation Sans", sans-serif; }
h1 { position: absolute; left: 16px; top: 14px; font-size: 18px; font-weight: 500; }
.time { position: absolute; right: 16px; top: 16px; color: #9fa7b3; }
.variables { position: absolute; left: 16px; top: 52px; display: flex; gap: 12px; }
.variables span { border: 1px solid #34373e; border-radius: 2px; display: flex; }
.variables b, .variables em { padding: 5px 10px; font-style: normal; font-weight: 400; background: #181b1f; }
.variables b { color: #6e9fff; } .variables em { background: #111217; }
.panel { position: absolute; background: #181b1f; border: 1px solid #25282e; border-radius: 2px; overflow: hidden; }
.panel > h2 { font-size: 13px; font-weight: 500; padding: 8px; height: 34px; white-space: nowrap; }
.inside { position: absolute; left: 8px; overflow: hidden; }
.row { position: absolute; font-size: 15px; font-weight: 500; padding: 6px 0; }
.row i { font-style: normal; color: #9fa7b3; font-weight: 400; font-size: 12px; padding-left: 8px; }
.nothing { display: flex; height: 100%; align-items: center; justify-content: center; color: #9fa7b3; padding: 0 12px;
  text-align: center; }
.stats { display: flex; } .stat { position: relative; display: flex; flex-direction: column; align-items: center;
  justify-content: center; } .stat svg { position: absolute; left: 0; top: 0; }
.stat b { font-weight: 500; z-index: 1; }
.stat .of { z-index: 1; white-space: nowrap; }
table { border-collapse: collapse; table-layout: fixed; font-size: 13px; }
th { color: #6e9fff; font-weight: 500; text-align: left; }
th, td { height: 36px; padding: 0 6px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
  border-bottom: 1px solid #25282e; border-right: 1px solid #22252b; }
td.link { text-decoration: underline; text-decoration-color: #6e7480; text-underline-offset: 3px; }
.more { position: absolute; right: 4px; bottom: 2px; background: #22252b; padding: 2px 6px; font-size: 11px;
  color: #9fa7b3; }
.beside { display: flex; } table.legend { font-size: 12px; flex: 1; align-self: start; }
table.legend td { height: 22px; border: 0; overflow: hidden; } div.legend { overflow: hidden; }
.key { font-size: 12px; margin-right: 12px; line-height: 22px; display: inline-block; white-space: nowrap; }
.key i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin: 0 6px 2px 0; }
svg { display: block; flex: none; } text { fill: #9fa7b3; font-size: 11.5px; } .grid { stroke: #26292f; }
"""


def html(board: Mapping[str, Any], asked: Asked) -> str:
    """The page."""
    panels = "".join(part for panel in _opened(board) for part in _panel(panel, asked))
    chosen = "".join(
        f"<span><b>{escape(one.get('label') or one['name'])}</b><em>{escape(asked.chosen[one['name']])}</em></span>"
        for one in board["templating"]["list"]
        if one["name"] in asked.chosen
    )
    hours = (asked.history.span.end - asked.history.span.start) / 3600
    return (
        f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><body><h1>{escape(board["title"])}</h1>'
        f'<div class="time">Last {hours:.0f} hours · of a demo, drawn without Grafana</div>'
        f'<div class="variables">{chosen}</div>{panels}</body>'
    )


def height(board: Mapping[str, Any]) -> int:
    """How high the page is, in pixels."""
    lowest: int = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in _opened(board))
    return _TOP + lowest * (_ROW + _GAP) + _GAP


def photograph(page: Path, picture: Path, high: int) -> None:
    """The whole page as a PNG."""
    command = [
        *(str(tool("chromium")), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--screenshot={picture.absolute()}", f"--window-size={WIDTH},{high}", page.absolute().as_uri()),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def _opened(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The panels that are seen without opening a row."""
    yield from board["panels"]


def _panel(panel: Mapping[str, Any], asked: Asked) -> Iterator[str]:
    place = panel["gridPos"]
    column = (WIDTH - 2 * _MARGIN + _GAP) / 24
    left, top = _MARGIN + place["x"] * column, _TOP + place["y"] * (_ROW + _GAP)
    wide, high = int(place["w"] * column - _GAP), place["h"] * (_ROW + _GAP) - _GAP
    if panel["type"] == "row":
        hidden = f"<i>({len(panel['panels'])} panels)</i>" if panel["collapsed"] else ""
        mark = "▸" if panel["collapsed"] else "▾"
        yield f'<div class="row" style="left:{left:.0f}px;top:{top}px">{mark} {escape(panel["title"])}{hidden}</div>'
        return
    room = wide - 2 * _PADDING - 2, high - _HEADER - _PADDING
    inside = drawn(panel, asked, *room)
    yield (
        f'<div class="panel" style="left:{left:.0f}px;top:{top}px;width:{wide}px;height:{high}px">'
        f"<h2>{escape(panel['title'])}</h2>"
        f'<div class="inside" style="top:{_HEADER}px;width:{room[0]}px;height:{room[1]}px">{inside}</div></div>'
    )
