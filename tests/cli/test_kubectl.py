"""
What kubectl's users write: flags that both have, flags that kstore refuses with a reason, and other tools' words.
"""

from __future__ import annotations

import re

import click
import pytest
from tests.cli.conftest import Kstore
from tools.generate_kubectl_page import TARGET, page

from kstore.cli.command_table import COMMANDS as TABLE
from kstore.cli.kubectl import BOOLEAN, COMMANDS, FLAGS, NEGATABLE, NO_SERVER, SAME, WORDS, spelled
from kstore.cli.main import cli

ROWS = [(theirs, names) for theirs, flags in FLAGS.items() for names in flags]


def options(name: str) -> set[str]:
    """Every spelling of every option of a command."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return {one for parameter in command.params for one in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize(("theirs", "names"), ROWS)
def test_every_row_is_true(theirs: str, names: str) -> None:
    """What is the same is there in every spelling; what needs a server is not; what is different says why."""
    flag = FLAGS[theirs][names]
    spellings, known = set(names.split(", ")), options(COMMANDS[theirs])
    if flag.answer == SAME:
        assert spellings <= known
    else:
        assert flag.why
    if flag.answer == NO_SERVER:
        assert not spellings & known
    assert spellings <= known or not spellings & known


@pytest.mark.parametrize(("theirs", "names"), ROWS)
def test_a_flag_that_is_not_there_says_why(kstore: Kstore, theirs: str, names: str) -> None:
    """In each of its spellings."""
    for name in set(names.split(", ")) - options(COMMANDS[theirs]):
        ran = kstore(COMMANDS[theirs], name, "x")
        assert (ran.code, ran.out) == (2, b"")
        assert FLAGS[theirs][names].why in ran.err


def test_values_of_booleans() -> None:
    """As kubectl's parser has them."""
    assert spelled("--watch=true") == ["--watch"]
    assert spelled("--watch=false") == []
    assert spelled("--show-events=false") == ["--no-show-events"]
    assert spelled("--template=true") == ["--template=true"]
    for name in BOOLEAN | NEGATABLE:
        found = [one for command in COMMANDS.values() for one in options(command) if one == name]
        assert found, name
        assert name not in NEGATABLE or any(f"--no-{name[2:]}" in options(one) for one in COMMANDS.values())


def test_booleans_with_values(demo: Kstore) -> None:
    """On a whole command line."""
    pods = ("get", "pods", "--now", "2026-11-01T00:00:00Z")  # an age goes on between two commands
    assert demo(*pods, "--no-headers=true").text == demo(*pods, "--no-headers").text
    assert demo(*pods, "--no-headers=false").text == demo(*pods).text
    assert "Events:" not in demo("describe", "pods/webserver", "--show-events=false").text


@pytest.mark.parametrize("word", WORDS)
def test_words_of_others(kstore: Kstore, word: str) -> None:
    """Each says what does its work; none is a command of kstore's."""
    assert all(word not in section for section in TABLE.values())
    ran = kstore(word, "x")
    assert (ran.code, ran.out) == (2, b"")
    assert WORDS[word] in ran.err
    named = re.findall(r"`kstore (\w+)", WORDS[word])
    assert all(any(one in section for section in TABLE.values()) for one in named), named


def test_help_of_a_command(kstore: Kstore) -> None:
    """`kstore help COMMAND` as git and kubectl have it."""
    assert kstore("help", "get").out == kstore("get", "--help").out
    assert kstore("help").out == kstore("--help").out
    assert kstore("help", "gte").code == 2


def test_the_page() -> None:
    """docs/reference/kubectl.md is what the table says."""
    assert TARGET.read_text() == page(), "python -m tools.generate_kubectl_page writes it"


def test_resources_as_api_resources(kstore: Kstore) -> None:
    """`--api-group`, `--namespaced`, `--categories` and `--sort-by` select and sort."""
    names = kstore("resources", "--built-in", "--api-group", "apps", "-o", "name").text.split()
    assert names
    assert all(name.endswith(".apps") for name in names)
    rows = kstore("resources", "--built-in", "--no-namespaced", "-o", "json").json["resources"]
    assert {row["namespaced"] for row in rows} == {False}
    core = kstore("resources", "--built-in", "--api-group", "", "--categories", "all", "-o", "json").json["resources"]
    assert {"pods", "services"} <= {row["resource"] for row in core}
    assert all("all" in row["categories"] and not row["group"] for row in core)
    kinds = [
        row["kind"] for row in kstore("resources", "--built-in", "--sort-by", "kind", "-o", "json").json["resources"]
    ]
    assert kinds == sorted(kinds)
    assert kstore("resources", "explain", "pods", "--categories", "all").code == 2


def test_explain_as_kubectl_has_it(kstore: Kstore) -> None:
    """`-R` and `--max-depth`."""
    one, two, all_ = (
        kstore("explain", "pods.spec", "--built-in", *given).text
        for given in ((), ("-R", "--max-depth", "2"), ("--recursive",))
    )
    assert len(one) < len(two) < len(all_)
    assert kstore("explain", "pods.spec", "--built-in", "-R", "--max-depth", "1").text == one
    assert kstore("explain", "pods", "--built-in", "--max-depth", "2").code == 2
    assert (
        kstore("explain", "pods", "--built-in", "-o", "plaintext").text == kstore("explain", "pods", "--built-in").text
    )
