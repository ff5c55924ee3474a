"""Logs on stderr: lines for people on a terminal, JSON otherwise, also those of the libraries.

Reads records of structlog and of the standard library, writes one line each. Times are RFC 3339 in UTC.
"""

import logging
import re
import sys
from collections.abc import Callable
from typing import Any, Final, TextIO, TypeVar

import click
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from observability.settings import Log, LogFormat, LogLevel

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_USER_INFO: Final = re.compile(r"(?<=://)[^\s/@]+@")


def options(command: Decorated) -> Decorated:
    """The options `--log-level` and `--log-format`, passed on as `log_level` and `log_format`, None when not given."""
    level = click.option(
        "--log-level",
        type=click.Choice([level.value for level in LogLevel]),
        help="The least severe record that is written.  [info]",
    )
    format_ = click.option(
        "--log-format",
        type=click.Choice([form.value for form in LogFormat]),
        help="How logs look: auto is console on a terminal, else json.  [auto]",
    )
    return level(format_(command))


def configure(log: Log, stream: TextIO | None = None) -> None:
    """Send every record of this process to `stream`, as `log` says. None: to stderr."""
    stream = stream or sys.stderr
    for_people = log.format is LogFormat.CONSOLE or (log.format is LogFormat.AUTO and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(for_people, stream)],
            foreign_pre_chain=_facts(),
        )
    )
    level = logging.getLevelNamesMapping()[log.level.upper()]
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)
    logging.getLogger("observability").setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_facts(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _facts() -> list[Processor]:
    """What is added to each record, ours or a library's."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
    ]


def _renderers(for_people: bool, stream: TextIO) -> list[Processor]:
    """From facts to one line. Tracebacks never show local variables: they hold what was received."""
    if for_people:
        renderer: Processor = structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="time")
    else:
        renderer = structlog.processors.JSONRenderer(default=str)
    return [structlog.processors.format_exc_info, _without_user_info, renderer]


def _without_user_info(_: WrappedLogger, __: str, facts: EventDict) -> EventDict:
    """Never a password in a URL, whoever wrote the record."""
    return {key: _USER_INFO.sub("***@", fact) if isinstance(fact, str) else fact for key, fact in facts.items()}
