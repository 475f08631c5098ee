"""
Long lines for a terminal: whole words, below their cell, nothing lost.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kstore.view.styles import MARK, styled
from kstore.view.wrapping import _visible, wrapped


def fitted(text: str, width: int) -> list[str]:
    """The lines of a text."""
    return "".join(wrapped([text], width)).splitlines()


def test_a_cell_goes_on_below_itself() -> None:
    """The last cell that leaves room decides where."""
    line = "deployments          4  4.5 KiB  v1: 1, v1beta1: 1, extensions/v1beta1: 2\n"
    assert fitted(line, 60) == [
        "deployments          4  4.5 KiB  v1: 1, v1beta1: 1,",
        "                                 extensions/v1beta1: 2",
    ]
    assert fitted("  words that are wider than this\n", 16) == ["  words that are", "    wider than", "    this"]


def test_what_stays_whole() -> None:
    """Commands to paste, words that no line holds, lines that fit."""
    for line in ("    → kstore migrate --to-release 1.37 --output migrated.db", "x" * 90, "short"):
        assert fitted(line + "\n", 40) == [line]


def test_a_cell_without_room_for_a_word() -> None:
    """The rest stands below an earlier cell, so that no line is wider than the terminal."""
    line = "  234  created  2026-11-29T09:16:45Z  /registry/deployments/default/webserver  kubectl-create\n"
    assert fitted(line, 60) == [
        "  234  created  2026-11-29T09:16:45Z",
        "                /registry/deployments/default/webserver",
        "                kubectl-create",
    ]


def test_advice_in_words() -> None:
    """Behind the arrow of a command stands now and then a sentence."""
    found = fitted("    → the controller that set it removes it: check that it runs\n", 40)
    assert found == ["    → the controller that set it removes", "      it: check that it runs"]


def test_styles_take_no_room() -> None:
    """And none is broken or lost."""
    line = f"{styled('NOTE', 'cyan')}  {styled('Objects that finalizers keep', 'bold')}  [object-stuck]"
    found = fitted(line + "\n", 36)
    assert [_visible(one)[0].strip() for one in found] == ["NOTE  Objects that finalizers keep", "[object-stuck]"]
    assert "".join(found).count(MARK) == line.count(MARK)
    assert fitted(line + "\n", 60) == [line]


@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30)), st.integers(20, 90)
)
def test_no_word_is_lost_or_broken(words: list[str], width: int) -> None:
    """Whatever the words and the width; in pieces of any length, too."""
    text = " ".join(words) + "\n"
    lines = fitted(text, width)
    assert " ".join(lines).split() == words
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)
    assert "".join(wrapped(text, width)).splitlines() == lines
