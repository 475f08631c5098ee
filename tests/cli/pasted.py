"""
Command lines as a shell reads them that they are pasted into.
"""

from __future__ import annotations

import shlex


def words_of(command: str) -> list[list[str]]:
    """The commands of a line, word by word, as a shell reads them."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in lexer:
        if set(word) == {";"}:
            commands.append([])
        else:
            assert not set(word) <= set("&|()<>"), command
            commands[-1].append(word)
    return commands
