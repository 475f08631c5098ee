"""
What was probably meant by a word that is not known, and the one question that is asked about it.
"""

from __future__ import annotations

from collections.abc import Iterable


def similar(word: str, known: Iterable[str], *, most: int = 1, likeness: float = 0.6) -> list[str]:
    """
    Words that are spelled like another one, the most similar first.

    Args:
        word: what was written.
        known: what could have been meant.
        most: how many are returned at most.
        likeness: how much alike they must be, from 0 to 1.
    """
    import difflib  # takes milliseconds to import, and is needed after a mistake only

    return difflib.get_close_matches(word, sorted(set(known)), most, likeness)


def question(*meant: str) -> str:
    """The question whether one of these was meant; empty if there are none."""
    quoted = " or ".join(f"'{one}'" for one in meant)
    return f"did you mean {quoted}?" if meant else ""


def did_you_mean(word: str, known: Iterable[str], *, most: int = 1, likeness: float = 0.6) -> str:
    """The question about a word that is not known; empty if nothing is spelled like it. Arguments as of `similar`."""
    return question(*similar(word, known, most=most, likeness=likeness))


def in_brackets(word: str, known: Iterable[str]) -> str:
    """The same question as an addition to a sentence, in brackets and with a space before it."""
    asked = did_you_mean(word, known)
    return f" ({asked})" if asked else ""
