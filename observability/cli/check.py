"""The verb `check`: what is wrong with rules, dashboards and routes, ours or anybody's."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from observability.cli import tables
from observability.monitoring.checks import assembling, durations, files, outputs, running
from observability.monitoring.checks.catalogue import CHECKS
from observability.monitoring.checks.documents import Corpus, Unreadable
from observability.monitoring.checks.files import Texts
from observability.monitoring.checks.outputs import message
from observability.monitoring.checks.rows import Check, Finding, Place
from observability.settings import load

_WIDEST: Final = 160
_INDENT: Final = "    "
_LEAST_TEXT: Final = 40
_NOTHING: Final = "expected rules, a dashboard, routes of Alertmanager or a scrape configuration, got none"
_NOTHING_READ: Final = 3


@click.command(
    epilog="""\b
Examples:
  gitops-obs check alerts/ dashboards/
  gitops-obs check prometheus.yml rules/ alertmanager.yml
  gitops-obs check rules/ --exclude runbook-missing
  gitops-obs check rules/ --rule threshold-above-buckets --rule first-increment-missed
  gitops-obs check . -o sarif > findings.sarif
  gitops-obs check --list                         all checks, and what they say
\b
In YAML, in a rule or right above it: # gitops-obs: ignore CHECK REASON
Exit codes: 0 nothing found, 1 findings, 2 bad input, 3 nothing could be read.
""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]...")
@click.option("--rule", "rules", multiple=True, metavar="CHECK", help="Only this check; several times for several.")
@click.option("--exclude", multiple=True, metavar="CHECK", help="Not this check; several times for several.")
@click.option(
    "--scrape-interval", metavar="TIME", help="How often targets are asked.  [as scrape configurations say, or 30s]"
)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings: which plugins have checks.")
@click.option("--list", "only_list", is_flag=True, help="Print all checks instead.")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json", "sarif", "junit"]), default="table", show_default=True
)
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[Path, ...], output: str, only_list: bool, **given: Any) -> None:
    """Look for what is wrong with rules of Prometheus, dashboards of Grafana and routes of Alertmanager.

    Each finding says where, why it matters and how to mend it. Files are only read.
    """
    checks = _checks(given["config"])
    width = min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else None
    if only_list:
        click.echo("\n".join(_listed(checks, width)))
        return
    if not paths:
        raise click.UsageError("expected files or folders to check")
    texts = files.texts_of(paths)
    corpus = _corpus(texts, given["scrape_interval"])
    chosen = _chosen(checks, given["rules"], given["exclude"])
    found = running.findings(corpus, chosen, (check.name for check in checks))
    seen = corpus.files()
    if not seen and not found:
        click.echo(f"gitops-obs: {', '.join(map(str, paths))}: {_NOTHING}", err=True)
    if seen or found or output != "table":
        click.echo(_written(output, found, corpus, seen, width), nl=False)
    ctx.exit(int(any(not one.ignored for one in found)) if seen else _NOTHING_READ)


def _checks(config: Path | None) -> tuple[Check[Any], ...]:
    """Ours, and those of the plugins that the settings name."""
    settings = load(config)
    if not settings.plugins:
        return CHECKS
    from observability.app import plugins  # noqa: PLC0415 - brings the whole exporter

    return (*CHECKS, *plugins.load(settings.plugins, str(config or "settings")).checks.values())


def _chosen(checks: Sequence[Check[Any]], only: Sequence[str], without: Sequence[str]) -> tuple[Check[Any], ...]:
    known = [check.name for check in checks]
    for option, names in (("--rule", only), ("--exclude", without)):
        for name in names:
            if name not in known:
                raise click.BadParameter(f"there is no check {name}: see gitops-obs check --list", param_hint=option)
    return tuple(check for check in checks if (not only or check.name in only) and check.name not in without)


def _corpus(texts: Texts, interval: str | None) -> Corpus:
    """The documents, and as unreadable ones the files that could not be read or that hold nothing though named."""
    seconds = None if interval is None else durations.seconds_of(interval)
    if interval is not None and not seconds:
        raise click.BadParameter(f"expected a duration as 30s or 1m, got {interval}", param_hint="--scrape-interval")
    corpus = assembling.corpus(texts.read, seconds)
    empty = {file: _NOTHING for file in corpus.left_out if file in texts.named}
    unread = [Unreadable(place=Place(file, 1, 1), said=said) for file, said in {**texts.unread, **empty}.items()]
    return replace(corpus, unreadable=[*corpus.unreadable, *unread])


def _written(output: str, found: Sequence[Finding], corpus: Corpus, seen: Sequence[str], width: int | None) -> str:
    machines: Mapping[str, Callable[[Sequence[Finding], Iterable[str]], str]] = {
        "json": outputs.as_json,
        "sarif": outputs.as_sarif,
        "junit": outputs.as_junit,
    }
    if output in machines:
        return machines[output](found, seen)
    return "\n".join(_for_people(found, corpus, seen, width)) + "\n"


def _for_people(found: Sequence[Finding], corpus: Corpus, seen: Sequence[str], width: int | None) -> Iterator[str]:
    """The findings by files, then why each check is one and how to mend it, then how many."""
    open_ones = [one for one in found if not one.ignored]
    for file in dict.fromkeys(one.place.file for one in open_ones):
        yield tables.plain(file)
        yield from _of_file([one for one in open_ones if one.place.file == file], width)
        yield ""
    checks = {one.check.name: one.check for one in open_ones}
    if checks:
        yield from ("Why, and how to mend it", "")
    for name in sorted(checks):
        yield f"{name} ({checks[name].severity.value})"
        for text in (checks[name].why, checks[name].mend):
            yield from (_INDENT + line for line in tables.wrapped(text, _room(width, len(_INDENT))))
    yield from ("",) if checks else ()
    yield from tables.wrapped(_summary(found, corpus, seen), width)


def _of_file(found: Sequence[Finding], width: int | None) -> Iterator[str]:
    heads = tables.aligned([(f"{one.line:>5}", one.check.severity.value, one.check.name) for one in found])
    longest = max(map(len, heads))
    beside = width is None or width - longest - 2 >= _LEAST_TEXT
    for head, one in zip(heads, found, strict=True):
        lines = tables.wrapped(message(one), _room(width, longest + 2 if beside else 9))
        if beside:
            yield f"{head:<{longest}}  {lines[0]}"
            yield from (" " * (longest + 2) + line for line in lines[1:])
        else:
            yield head
            yield from (" " * 9 + line for line in lines)


def _room(width: int | None, taken: int) -> int | None:
    return None if width is None else width - taken


def _summary(found: Sequence[Finding], corpus: Corpus, seen: Sequence[str]) -> str:
    ignored = sum(1 for one in found if one.ignored)
    counts = [
        _of(number, word)
        for word in ("error", "warning", "note")
        if (number := sum(1 for one in found if one.check.severity.value == word and not one.ignored))
    ]
    parts = [", ".join(counts) or "nothing found"]
    parts += [f"{ignored} ignored by comments"] if ignored else []
    rules, panels = len(corpus.rules), sum(len(one.panels) for one in corpus.boards)
    parts.append(f"looked at {_of(rules, 'rule')} and {_of(panels, 'panel')} in {_of(len(seen), 'file')}")
    parts += [f"nothing to check in {_of(len(corpus.left_out), 'file')}"] if corpus.left_out else []
    return "; ".join(parts)


def _of(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _listed(checks: Sequence[Check[Any]], width: int | None) -> Iterator[str]:
    rows = [(check.name, check.severity.value, check.says) for check in checks]
    yield from (tables.cut(line, width) for line in tables.aligned([("CHECK", "SEVERITY", "WHAT IT SAYS"), *rows]))
