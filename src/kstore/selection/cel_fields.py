"""
The fields that a CEL expression names, read off its tokens: `spec.containers.exists(c, c.image == 'x')` names
`spec.containers` and `spec.containers.image`.

Knows what of CEL's grammar decides that (selectors, indexes, calls, the variables of macros); whether an expression is
right in any other way, the library that evaluates it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Path = tuple[str, ...]
Scope = Mapping[str, Path | None]
"""The variables of macros, and what each stands for; None where that cannot be told."""

_TOKEN = re.compile(
    r"""
      (?P<comment>//[^\n]*)
    | (?P<string>[bBrR]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
    | (?P<number>\d[\w.]*)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<symbol>[^\s])
    """,
    re.X | re.S,
)
_MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "filter", "map"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WORDS = frozenset({"true", "false", "null", "in"})


def field_paths(expression: str) -> list[Path]:
    """
    The paths that an expression looks at, each once, beginning with the variable that it names.

    Args:
        expression: one that the library has taken: it is well formed.
    """
    reader = _Reader(expression)
    reader.read("", {})
    return list(dict.fromkeys(reader.found))


class _Reader:
    def __init__(self, expression: str) -> None:
        self.found: list[Path] = []
        self._tokens = [*_tokens(expression), ("", "")]
        self._at = 0

    @property
    def _ahead(self) -> str:
        return self._tokens[self._at][1]

    @property
    def _form(self) -> str:
        return self._tokens[self._at][0]

    def _take(self) -> str:
        text = self._ahead
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return text

    def read(self, closing: str, scope: Scope) -> None:
        """Read up to what closes, and past it."""
        while self._form:
            if self._form == "symbol" and self._ahead == closing:
                self._take()
                return
            self._operand(scope)

    def _operand(self, scope: Scope) -> None:
        form, text = self._form, self._take()
        if form == "name" and text not in _WORDS:
            if self._ahead == "(":
                self._take()
                self.read(")", scope)
                self._after(None, scope)
            else:
                self._after(scope.get(text, (text,)), scope)
        elif form == "symbol" and text in _CLOSING:
            self.read(_CLOSING[text], scope)
            self._after(None, scope)
        elif form == "string":
            self._after(None, scope)

    def _after(self, path: Path | None, scope: Scope) -> None:
        """What follows an operand: members, calls and indexes."""
        while self._form == "symbol" and self._ahead in (".", "["):
            path = self._member(path, scope) if self._take() == "." else self._index(path, scope)
        self._note(path)

    def _member(self, path: Path | None, scope: Scope) -> Path | None:
        name = self._take()
        if self._ahead != "(":
            return None if path is None else (*path, name)
        self._take()
        self._note(path)
        self.read(")", {**scope, **self._variables(path)} if name in _MACROS else scope)
        return path if name == "filter" else None

    def _variables(self, path: Path | None) -> Scope:
        """The variables that a macro names before its last argument; the first one is an element."""
        found: dict[str, Path | None] = {}
        while self._form == "name" and self._tokens[self._at + 1] == ("symbol", ","):
            found[self._take()] = None if found else path
            self._take()
        return found

    def _index(self, path: Path | None, scope: Scope) -> Path | None:
        form, text = self._form, self._ahead
        if form in ("string", "number") and self._tokens[self._at + 1] == ("symbol", "]"):
            self._at += 2
            if form == "number" or path is None:
                return path
            return (*path, text.lstrip("bBrR").strip("\"'"))
        self._note(path)
        self.read("]", scope)
        return None

    def _note(self, path: Path | None) -> None:
        if path is not None:
            self.found.append(path)


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(expression):
        if match.lastgroup != "comment":
            yield str(match.lastgroup), match[0]
