"""Reports as text: what others wrote reaches a spreadsheet or a page as text, and only as that."""

import csv
import html
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.cli import formats, tables
from observability.reports.table import Cell, Column, Table, tabulate

TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("=+-@\t\r\n|\\`*_[]<>&'\";, ")), max_size=30)
CELLS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.lists(TEXTS, max_size=3).map(tuple))


def table_of(*rows: tuple[str, Cell]) -> Table:
    """Two columns, the first of which may be cut and the second of which is wide."""
    columns = (
        Column[tuple[str, Cell]]("name", lambda row: row[0], "NAME", narrowest=8),
        Column[tuple[str, Cell]]("value", lambda row: row[1], "VALUE", wide=True),
        Column[tuple[str, Cell]]("length", lambda row: len(row[0]), "LENGTH"),
        Column[tuple[str, Cell]]("hidden", lambda _: 0.1 + 0.2),
    )
    return tabulate(columns, rows, "nothing", ("a note",), {"fact": True}, lambda row: (str(row[1]),))


def test_a_terminal_shows_what_it_has_room_for() -> None:
    table = table_of(("payments-gateway-prod", "x" * 30))
    assert formats.terminal(table, 26) == (
        "NAME                LENGTH\npayments-…eway-prod  21\n    xxxxxxxxxxxxxxxxxxxxx…\n\na note\n".replace(
            "payments-…eway-prod", "payments-…way-prod"
        )
    )
    assert formats.terminal(table, None) == (
        "NAME                   LENGTH\npayments-gateway-prod  21\n    " + "x" * 30 + "\n\na note\n"
    )


def test_json_has_facts_and_rows() -> None:
    assert json.loads(formats.as_json(table_of(("ä", ("b", "c"))))) == {
        "fact": True,
        "rows": [{"name": "ä", "value": ["b", "c"], "length": 1, "hidden": 0.1 + 0.2}],
    }


def test_csv_has_a_line_for_each_row() -> None:
    table = table_of(('say "a"', ("b", "c")), ("x", None), ("y", False))
    assert formats.as_csv(table) == (
        '"name","value","length","hidden"\n"say ""a""","b; c",7,0.3\n"x","",1,0.3\n"y","false",1,0.3\n'
    )


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\uff1d1", "=cmd|'/c calc'!A1", "\t=1", "\r=1", "\n=1"]
)
def test_what_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert not re.match(r"[\s=+\-@\uff1d\uff0b\uff0d\uff20]", formats.neutral(text))


def test_numbers_stay_numbers() -> None:
    assert formats.as_csv(table_of(("x", -5))).splitlines()[1] == '"x",-5,1,0.3'


@given(st.lists(st.tuples(TEXTS, CELLS), max_size=5))
def test_csv_comes_back_as_it_was_but_for_what_is_dangerous(rows: list[tuple[str, Cell]]) -> None:
    text = formats.as_csv(table_of(*rows))
    assert len(text.split("\n")) == len(rows) + 2
    read = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert len(read) == len(rows)
    for (name, value), cells in zip(rows, read, strict=True):
        assert cells[0].removeprefix("'") == tables.plain(name).removeprefix("'")
        assert not re.match(r"\s*[=+\-@]", cells[0])
        if isinstance(value, str | tuple):
            assert not re.match(r"\s*[=+\-@]", cells[1])
            assert all(char.isprintable() for char in cells[1])


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_a_markdown_table_has_as_many_cells_as_columns(rows: list[tuple[str, Cell]]) -> None:
    lines = formats.as_markdown(table_of(*rows)).split("\n")
    assert lines[0] == "| NAME | VALUE | LENGTH |"
    for (name, _), line in zip(rows, lines[2:], strict=False):
        cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
        assert line.count("|") == 4
        assert html.unescape(cells[0]) == (tables.plain(name) or "-")


@given(TEXTS)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    shown = formats.escaped(text)
    assert html.unescape(shown) == html.unescape(html.unescape(shown)) or "&" in text
    assert html.unescape(shown) == tables.plain(text)
    assert not re.search(r"[<>|\\`*\[\]~]", shown)


def test_words_with_underscores_stay_readable() -> None:
    assert formats.escaped("live_drift self_heal 1.2.3 argocd/shop-prod") == (
        "live_drift self_heal 1.2.3 argocd/shop-prod"
    )
    assert formats.escaped("_x_ @all https://a.example") == "&#95;x&#95; &#64;all https:&#47;&#47;a.example"


def test_without_rows_it_says_so() -> None:
    assert formats.terminal(table_of(), 80) == "nothing\n\na note\n"
    assert formats.as_markdown(table_of()) == "nothing\n\n- a note\n"
    assert formats.as_csv(table_of()) == '"name","value","length","hidden"\n'


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), st.integers(20, 120))
def test_a_terminal_gets_nothing_that_it_would_obey(rows: list[tuple[str, Cell]], width: int) -> None:
    for line in formats.terminal(table_of(*rows), width).split("\n"):
        assert all(char.isprintable() for char in line)
        assert len(line) <= width
