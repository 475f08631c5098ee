"""
The tokens of a Go template: text, and the words between `{{` and `}}`.

Ports `text/template/parse/lex.go` of Go's standard library.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from kstore.errors import UsageError

_SPACES: Final = " \t\r\n"
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<raw>`[^`]*`)
    | (?P<character>'(?:[^'\\\n]|\\.[^']*)')
    | (?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?))
    | (?P<field>\.[^\W\d]\w*)
    | (?P<dot>\.)
    | (?P<variable>\$\w*)
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>:=|=|\||\(|\)|,)
    """,
    re.VERBOSE,
)
_MAY_FOLLOW_AN_OPERAND = frozenset({"space", "sign", "field"})
_NAMES: Final = 'a member whose name is no word: {{index .metadata.labels "app.kubernetes.io/name"}}'


class GoTemplateError(UsageError):
    """A template that kubectl would refuse, or one that needs a part of the language that is not built."""

    code = "go-template"


@dataclass(frozen=True, slots=True)
class Token:
    """One token."""

    kind: str
    """`text`, `open` and `close` for an action's braces, or a group of the pattern of tokens."""
    text: str
    line: int


def tokens(template: str) -> Iterator[Token]:
    """
    Read a template into tokens; the trimming of `{{-` and `-}}` is done, comments are left out.

    Raises:
        GoTemplateError: an action that has no end, or a character that cannot stand in one.
    """
    at = 0
    trimmed = False
    while at < len(template):
        start = template.find("{{", at)
        text = template[at:] if start < 0 else template[at:start]
        if trimmed:
            text = text.lstrip(_SPACES)
        if start < 0:
            yield Token("text", text, 0)
            return
        line = template.count("\n", 0, start) + 1
        inner = start + 2
        if template[inner : inner + 1] == "-" and template[inner + 1 : inner + 2] in tuple(_SPACES):
            text = text.rstrip(_SPACES)
            inner += 2
        if text:
            yield Token("text", text, line)
        if template.startswith("/*", inner):
            at, trimmed = _comment(template, inner, line)
            continue
        yield Token("open", "{{", line)
        at, trimmed = yield from _action(template, inner, line)
        yield Token("close", "}}", line)


def _comment(template: str, at: int, line: int) -> tuple[int, bool]:
    """Where the text goes on behind a comment, and whether its spaces are trimmed."""
    end = template.find("*/", at)
    if end < 0:
        raise GoTemplateError(f"line {line} of the template: unclosed comment")
    found = _closing(template, end + 2)
    if found is None:
        raise GoTemplateError(f"line {line} of the template: comment ends before closing delimiter")
    return found


def _closing(template: str, at: int) -> tuple[int, bool] | None:
    """Where an action that ends here ends, and whether it trims what follows."""
    if template.startswith("}}", at):
        return at + 2, False
    if template[at : at + 1] in tuple(_SPACES) and template.startswith("-}}", at + 1):
        return at + 4, True
    return None


def _action(template: str, at: int, line: int) -> Generator[Token, None, tuple[int, bool]]:
    """Yield what stands in an action, and return what `_closing` found at its end."""
    after_operand = False
    while (found := _closing(template, at)) is None:
        match = _TOKEN.match(template, at)
        if match is None and at >= len(template):
            raise GoTemplateError(f"line {line} of the template: unclosed action")
        if match is None or (after_operand and match.lastgroup not in _MAY_FOLLOW_AN_OPERAND):
            raise GoTemplateError(f"line {line} of the template: bad character {template[at]!r}", hint=_NAMES)
        kind = str(match.lastgroup)
        yield Token(kind, match[0], line)
        after_operand = match[0] == ")" or kind not in ("space", "sign")
        at = match.end()
    return found
