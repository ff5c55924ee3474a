"""What each verb says of itself is true: it has examples, and they use options that exist."""

import importlib
import re
import shlex

import click
import pytest

from observability.cli import VERBS, Verb, commands


def command_of(verb: Verb) -> click.Command:
    command = importlib.import_module(verb.module).command
    assert isinstance(command, click.Command)
    return command


def examples_in(text: str) -> list[str]:
    """Each line that shows a call of gitops-obs, from the verb to its explanation or to where a shell takes over."""
    return re.findall(r"^ *(?:[A-Z_]+=\S+ |source <\()*gitops-obs ([^|>)\n]*?)(?=  |$| [|>]|\))", text, re.MULTILINE)


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_help_has_a_sentence_and_examples(verb: Verb) -> None:
    command = command_of(verb)
    assert (command.help or "").partition("\n")[0].endswith((".", "?"))
    assert "Examples:" in (command.epilog or "")
    assert [line for line in examples_in(command.epilog or "") if line.split()[0] == verb.name]


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_every_option_is_explained(verb: Verb) -> None:
    options = [one for one in command_of(verb).params if isinstance(one, click.Option)]
    assert [one.name for one in options if not (one.help or one.show_default or one.hidden)] == []


def test_examples_use_what_exists() -> None:
    texts = [commands.epilog or "", *(command_of(verb).epilog or "" for verb in VERBS)]
    lines = [line for text in texts for line in examples_in(text) if not line.startswith("VERB")]
    assert len(lines) >= len(VERBS)
    known = {verb.name: command_of(verb) for verb in VERBS}
    for line in lines:
        name, *words = shlex.split(line)
        options = {option for one in known[name].params for option in one.opts}
        assert {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)} <= options, line
