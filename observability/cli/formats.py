"""A report as text: for a terminal, as JSON, CSV or Markdown.

What others wrote into a journal (names, messages of commits) reaches programs that would act on it: spreadsheets
compute what looks like a formula, Markdown may hold HTML.
"""

import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import click

from observability.cli import tables
from observability.reports.table import Cell, Table

_INDENT: Final = "    "
_FORMULA: Final = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""How a formula begins, also in full-width characters. Source: OWASP, "CSV Injection" (2025)."""
_MARKDOWN: Final = re.compile(r"[&<>|\\`*\[\]~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=:)//|(?<=\bwww)\.|@")
"""What Markdown, or a page that shows it, would not print as it stands."""


def terminal(table: Table, width: int | None) -> str:
    """Aligned columns, cut to `width` characters (None: as wide as they are), and the notes below."""
    kept = [index for index, wide in enumerate(table.wide) if not wide]
    lines = [[row[index] for index in kept] for row in (table.headings, *table.lines)]
    narrowest = [table.narrowest[index] for index in kept]
    shown = _with_details(tables.fitted(lines, narrowest, width), table, width) if table.lines else [table.empty]
    return "\n".join((*shown, "", *(line for note in table.notes for line in tables.wrapped(note, width)))) + "\n"


def _with_details(lines: Sequence[str], table: Table, width: int | None) -> Iterator[str]:
    yield lines[0]
    for line, details in zip(lines[1:], table.details, strict=True):
        yield line
        yield from (tables.cut(f"{_INDENT}{detail}", width) for detail in details)


def as_json(table: Table, width: int | None = None) -> str:
    """One document: the facts, and the rows as objects. `width` does not matter."""
    del width
    rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    return json.dumps({**table.facts, "rows": rows}, indent=2, ensure_ascii=False) + "\n"


def as_csv(table: Table, width: int | None = None) -> str:
    """A line of names and a line for each row; texts are quoted. `width` does not matter."""
    del width
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows([_value(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def _value(cell: Cell) -> str | int | float:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int():
            return cell
        case float():
            return round(cell, 6)
        case tuple():
            return neutral("; ".join(cell))
        case str():
            return neutral(cell)


def neutral(text: str) -> str:
    """The text in one line, and none that a spreadsheet would compute: such a one gets an apostrophe in front."""
    shown = tables.plain(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def as_markdown(table: Table, width: int | None = None) -> str:
    """A table of GitHub's kind with the wide columns too, and the notes as a list. `width` does not matter."""
    del width
    return "\n".join(_markdown(table)) + "\n"


def _markdown(table: Table) -> Iterator[str]:
    if table.lines:
        for row in (table.headings, ("---",) * len(table.headings), *table.lines):
            yield f"| {' | '.join(map(escaped, row))} |"
    else:
        yield escaped(table.empty)
    yield ""
    yield from (f"- {escaped(note)}" for note in table.notes)


def escaped(text: str) -> str:
    """The text in one line, which Markdown prints as it stands. `html.unescape` gives it back."""
    return _MARKDOWN.sub(lambda found: "".join(f"&#{ord(char)};" for char in found[0]), tables.plain(text))


FORMATS: Final[Mapping[str, Callable[[Table, int | None], str]]] = {
    "table": terminal,
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
}

OUTPUT: Final = click.option("-o", "--output", type=click.Choice(list(FORMATS)), default="table", show_default=True)
"""The option that says which."""


def show(table: Table, output: str) -> None:
    """Print it; a table fits the terminal, and is whole where there is none."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(FORMATS[output](table, width), nl=False)
