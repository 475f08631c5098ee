"""
Texts as Go writes them between quotes (`strconv.Quote`, `strconv.Unquote`).
"""

from __future__ import annotations

import re
from typing import Final

SHORT: Final = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\", '"': '"'}
"""Characters with an escape of one letter."""
_LONG: Final = {letter: character for character, letter in SHORT.items()} | {"'": "'"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)


def quoted(text: str) -> str:
    """A text in double quotes; what cannot be printed is escaped."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in SHORT:
        return f"\\{SHORT[character]}"
    return character if character.isprintable() else numeric_escape(character)


def numeric_escape(character: str) -> str:
    """`\\x1b`, `\\u200b`, `\\U000e0001`: the shortest that Go would write."""
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquoted(text: str) -> str:
    """
    What stands between quotes, its escapes resolved.

    Raises:
        ValueError: an escape that Go does not know.
    """
    return _ESCAPE.sub(_resolved, text)


def _resolved(match: re.Match[str]) -> str:
    for digits, base in zip(match.groups()[:4], (16, 16, 16, 8), strict=True):
        if digits is not None:
            return chr(int(digits, base))
    if match[5] not in _LONG:
        raise ValueError(f"unknown escape sequence \\{match[5]}")
    return _LONG[match[5]]
