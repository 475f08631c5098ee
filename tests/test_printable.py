"""
Stored text for terminals and shells.
"""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.planted import STEERING

from kstore.printable import command_text, escaped, is_unsafe, key_bytes, key_lines, key_text, one_line


@pytest.mark.parametrize("char", STEERING, ids=lambda char: f"U+{ord(char):04X}")
def test_what_steers_a_terminal_is_made_visible(char: str) -> None:
    """Each such character becomes printable ASCII; what stands around it stays."""
    shown = escaped(f"a{char}b")
    assert is_unsafe(char)
    assert shown.isascii()
    assert shown.isprintable()
    assert (shown[0], shown[-1]) == ("a", "b")


def test_as_kubectl_shows_them() -> None:
    """Escape and carriage return look as in kubectl; the others are JSON's escapes; what is harmless is left alone."""
    assert escaped("\x1b[31m\r\x07\x9b\u202e") == "^[[31m\\r\\u0007\\u009b\\u202e"
    assert escaped("zwölf\t日本\n\U0001f600") == "zwölf\t日本\n\U0001f600"
    assert escaped("\udcff") == "\\udcff"


@given(st.binary())
def test_a_key_is_one_line_and_is_read_back(key: bytes) -> None:
    """Whatever a key holds, its text is one line that steers nothing, and means the very key."""
    text = key_text(key)
    assert key_bytes(text) == key
    assert "\n" not in text
    assert not is_unsafe(text)


def test_usual_keys_look_as_they_are() -> None:
    """Nothing that a name of Kubernetes may hold is written otherwise; a lone percent sign is itself."""
    for key in (
        "/registry/pods/default/web-0",
        "/registry/clusterroles/system:node",
        "/registry/roles/d/DOMAIN\\user é",
    ):
        assert key_text(key.encode()) == key
        assert key_bytes(key) == key.encode()
    assert key_text(b"/registry/a%b") == "/registry/a%25b"
    assert key_bytes("/registry/a%b%zz") == b"/registry/a%b%zz"


@pytest.mark.parametrize("word", ["x$(cmd)", "it's", "a b", "`id`", "a;b", "-rf", "", "a\nb", '"', "*"])
def test_a_command_is_read_back_by_a_shell(word: str) -> None:
    """A shell finds the words again, and nothing else in them."""
    assert shlex.split(command_text("kstore", "ls", word)) == ["kstore", "ls", word]


@given(st.lists(st.one_of(st.binary(), st.text(alphabet="/abc-%\n\t\x7f é").map(str.encode))))
def test_many_keys_are_each_a_line(keys: list[bytes]) -> None:
    """Whatever is in them, and be it one of many."""
    assert key_lines(keys) == "".join(f"{key_text(key)}\n" for key in keys)
    assert key_lines([b"/registry/a", *keys]) == "/registry/a\n" + key_lines(keys)


@pytest.mark.parametrize("keys", [[b"/a\nb"], [b"/a", b"/b\tc"], [b"/\x1b[31m"], [b"/a%41"], [b"/\x7f"]])
def test_keys_that_are_not_as_they_look(keys: list[bytes]) -> None:
    """In ASCII as well: each is a line of its own, and is read back."""
    lines = key_lines(keys).splitlines()
    assert [key_bytes(line) for line in lines] == keys
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("text", ["/a%2fb", "/a%2Fb"])
def test_a_percent_encoded_key(text: str) -> None:
    """Its digits may be small letters, as another program writes them."""
    assert key_bytes(text) == b"/a/b"


def test_a_text_in_one_line() -> None:
    """Whatever it holds, it is one line of one column among others."""
    shown = one_line("a\nb\tc\rd\x1b\u2028e")
    assert shown == "a\\nb\\tc\\rd^[\\u2028e"
    assert shown.isprintable()
