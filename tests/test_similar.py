"""What was probably meant by a word that is not known."""

from __future__ import annotations

import ast

import pytest
from tests.source_code import modules_with

from kstore.similar import did_you_mean, in_brackets, question, similar


@pytest.mark.parametrize(
    ("word", "known", "asked"),
    [
        ("flunder", ["flunders", "fischers"], "did you mean 'flunders'?"),
        ("quince", ["flunders", "fischers"], ""),
        ("any", [], ""),
    ],
)
def test_the_question(word: str, known: list[str], asked: str) -> None:
    """It names the word that is spelled alike; nothing is asked if there is none."""
    assert did_you_mean(word, known) == asked
    assert in_brackets(word, known) == (f" ({asked})" if asked else "")


def test_several() -> None:
    """The most similar comes first, and each is named once, whatever order they are known in."""
    assert similar("bird", ["birds", "bard", "birds", "word"], most=2) == ["birds", "bard"]
    assert similar("bird", iter(["word", "bard", "birds"]), most=2) == ["birds", "bard"]
    assert question("a/b", "c d") == "did you mean 'a/b' or 'c d'?"
    assert question() == ""


def test_how_much_alike() -> None:
    """A higher likeness finds less."""
    assert similar("webby", ["web"]) == ["web"]
    assert similar("webby", ["web"], likeness=0.9) == []


def test_no_module_asks_by_itself() -> None:
    """Every similar word is found, and every question worded, in one place."""
    by_itself = []
    for name, tree in modules_with("did you mean|get_close_matches"):
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) else getattr(node, "attr", "")
            # a command in backquotes is not a similar word, and is worded where it is known
            asks = isinstance(text, str) and "did you mean" in text.replace("did you mean `", "")
            if asks or text == "get_close_matches":
                by_itself.append(name)
    assert by_itself == ["similar.py", "similar.py"]
