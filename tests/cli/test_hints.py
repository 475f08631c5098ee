"""
What the library says in Python is said in the options and commands of the command line.
"""

from __future__ import annotations

import shlex

import pytest

from kstore.cli.hints import hint_of, worded
from kstore.errors import KstoreError, NotCopyable, NotServed, RuleFailed, UnknownField, UsageError


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("", ""),
        ("use http:// if it is meant to be plain text", "use http:// if it is meant to be plain text"),
        ("name it with `cacert=`", "name it with --cacert"),
        ("`salvage=True` reads the rest", "--salvage reads the rest"),
        ("`serializable=True` reads it", "--consistency serializable reads it"),
        ("`to_release='1.33'` first, then `to_release='1.37'`", "--to-release 1.33 first, then --to-release 1.37"),
        ("`address='a b!c'`", "--store 'a b!c'"),
        ('`address="it\'s"`', """--store 'it'"'"'s'"""),
        ("`store.history(key)` has it", "`kstore history KEY` has it"),
        ("leave `selector=` out", "leave -l out"),
        ("`nothing=` and `store.nothing()` stay, and so does `etcdctl get KEY`", None),
        ("a value that is none: `to=open('x')`, `to=[`", None),
    ],
)
def test_a_hint_in_the_words_of_the_command_line(hint: str, expected: str | None) -> None:
    """What has no row in the tables is shown as it is."""
    assert worded(hint) == (hint if expected is None else expected)


@pytest.mark.parametrize("name", ["$(reboot)", "it's", "two words", "a\\b"])
def test_a_value_is_one_word_for_a_shell(name: str) -> None:
    """Whatever the library quoted comes back as the same text."""
    assert shlex.split(worded(f"`address={name!r}`")) == ["--store", name]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UsageError("x", hint="`key=` and `cert=`"), "--key and --cert"),
        (UnknownField("x", hint="pods have no a", explained="pods.spec"),
         "pods have no a; `kstore explain pods.spec` lists what there is"),
        (UnknownField("x", hint="none of these resources have it"), "none of these resources have it"),
        (NotServed("x"), "without --as-served it is shown as it is stored"),
        (RuleFailed("x", plugin="a b", rule="r"),
         "the plugin's author can fix it; `kstore plugin check 'a b'` tries all its rules"),
        (NotCopyable("x", kind="sqlite", hint="serve it"), "serve it"),
    ],
)  # fmt: skip
def test_what_a_class_of_errors_adds(error: KstoreError, expected: str) -> None:
    """Only kstore's own commands are added, and the hint itself comes first."""
    assert hint_of(error) == expected


def test_the_parameters_are_data() -> None:
    """A program reads them in the order of the hint, each once."""
    error = UsageError("x", hint="`cert=` and `key=`, or `to_release='1.37'`, or `cert=`; `store.get(key)`")
    assert error.parameters == ("cert", "key", "to_release")
    assert UsageError("x").parameters == ()
