"""What each verb says of itself is true: it has examples, and they use options that exist."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from observability.cli import VERBS, Verb, commands

RUNBOOKS = Path(__file__).parents[2] / "alerts" / "runbooks"


def command_of(verb: Verb) -> click.Command:
    command = importlib.import_module(verb.module).command
    assert isinstance(command, click.Command)
    return command


def commands_below(words: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command that is called by these words, and those below it."""
    yield words, command
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from commands_below((*words, name), one)


COMMANDS = dict(pair for verb in VERBS for pair in commands_below((verb.name,), command_of(verb)))


def called(line: str) -> tuple[str, ...]:
    """The command that an example calls: the longest one that it begins with."""
    words = shlex.split(line)
    return max((name for name in COMMANDS if tuple(words[: len(name)]) == name), key=len)


def examples_in(text: str) -> list[str]:
    """Each line that shows a call of gitops-obs, from the verb to its explanation or to where a shell takes over."""
    return re.findall(r"^ *(?:[A-Z_]+=\S+ |source <\()*gitops-obs ([^|>)\n]*?)(?=  |$| [|>]|\))", text, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_help_has_a_sentence_and_examples(name: tuple[str, ...]) -> None:
    command = COMMANDS[name]
    assert (command.help or "").partition("\n")[0].endswith((".", "?"))
    assert "Examples:" in (command.epilog or "")
    assert [line for line in examples_in(command.epilog or "") if called(line)[: len(name)] == name]


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_option_is_explained(name: tuple[str, ...]) -> None:
    options = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    assert [one.name for one in options if not (one.help or one.show_default or one.hidden)] == []


def test_examples_use_what_exists() -> None:
    texts = [commands.epilog or "", *(command.epilog or "" for command in COMMANDS.values())]
    lines = [line for text in texts for line in examples_in(text) if not line.startswith("VERB")]
    assert len(lines) >= len(VERBS)
    for line in lines:
        assert_exists(line)


def test_runbooks_use_what_exists_and_say_which_journal() -> None:
    """Whoever is on call has no settings at hand: a command about a journal names its file."""
    texts = [path.read_text() for path in sorted(RUNBOOKS.glob("*.md"))]
    lines = [line.strip() for text in texts for line in re.findall(r"gitops-obs ([^`|\n]+)", text)]
    assert len(lines) >= 10
    for line in lines:
        assert_exists(line)
        assert line.startswith(("journal ", "report ")) <= ("--journal" in line), line


def assert_exists(line: str) -> None:
    """The command and its options."""
    command = COMMANDS[called(line)]
    assert not isinstance(command, click.Group), line
    options = {option for one in command.params for option in one.opts}
    words = shlex.split(line)
    assert {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)} <= options, line
