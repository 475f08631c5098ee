"""
Reading kubectl's jsonpath templates into nodes.

Knows the grammar of `client-go/util/jsonpath/parser.go`, whose every liberty is kept; what the nodes yield is
`jsonpath.py`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kstore.errors import UsageError


class JsonPathError(UsageError):
    """A template or path that kubectl would refuse."""

    code = "jsonpath"


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text, between actions or quoted inside one."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or truth value."""

    value: bool | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object."""

    name: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """All members or elements."""


@dataclass(frozen=True, slots=True)
class Recursive:
    """The value and all below it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some elements of a list; a bound that was not written is None."""

    start: int | None
    end: int | None
    step: int | None
    single: bool
    """Only the start was written: one element."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The elements of a list for which a comparison holds."""

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    operator: str
    """A comparison, or "exists"."""


@dataclass(frozen=True, slots=True)
class Union:
    """Several selections, one after the other."""

    paths: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A word: `range`, `end`, or one that has no meaning."""

    name: str


Node = Text | Constant | Field | Wildcard | Recursive | Slice | Filter | Union | Identifier
Action = Text | tuple[Node, ...]
"""One piece of a template: text, or what stands in braces."""

_MAX_CHARACTERS = 100_000

_ENDS_WORD = frozenset(" \t\r\n.,[]$@{}")
_DICT_KEY = re.compile(r"'([^']*)'\Z")
_SLICE = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?\Z")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+?)\Z")
_NUMBER = re.compile(r"[+-]?[\d.]*")
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\Z")
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class _Parser:
    """One pass over a template; each method reads what its name says and leaves the rest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, message: str) -> JsonPathError:
        return JsonPathError(
            message,
            where=f"jsonpath {self.text[:200]!r}",
            hint="write for example '{.metadata.name}', see kubectl's jsonpath",
        )

    def template(self) -> list[Action]:
        actions: list[Action] = []
        while self.at < len(self.text):
            brace = self.text.find("{", self.at)
            end = len(self.text) if brace < 0 else brace
            if end > self.at:
                actions.append(Text(self.text[self.at : end]))
            self.at = end
            if brace >= 0:
                self.at += 1
                actions.append(tuple(self.action()))
        return actions

    def action(self) -> list[Node]:
        nodes: list[Node] = []
        while True:
            rest = self.text[self.at : self.at + 3]
            if rest.startswith("}"):
                self.at += 1
                return nodes
            if rest == "[?(":
                nodes.append(self.filter())
            elif rest.startswith(".."):
                self.recursive(nodes)
            elif rest == "" or rest[0] in "\r\n":
                raise self.fail("unclosed action")
            elif rest[0] in " @$":
                self.at += 1
            elif rest[0] == "[":
                nodes += self.array()
            elif rest[0] in "\"'":
                nodes.append(self.quote())
            elif rest[0] == ".":
                self.at += 1
                nodes.append(self.field())
            elif rest[0] in "+-" or rest[0].isdecimal():
                nodes.append(self.number())
            elif rest[0] == "_" or rest[0].isalpha():
                nodes.append(self.identifier())
            else:
                raise self.fail(f"unrecognized character in action: {rest[0]!r}")

    def word(self) -> str:
        """Up to the next terminator; a backslash takes the character after it along."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _ENDS_WORD:
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at = min(self.at, len(self.text))
        return self.text[start : self.at]

    def field(self) -> Node:
        name = self.word()
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def identifier(self) -> Node:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _ENDS_WORD:
            self.at += 1
        name = self.text[start : self.at]
        return Constant(name == "true") if name in ("true", "false") else Identifier(name)

    def recursive(self, nodes: list[Node]) -> None:
        if nodes and isinstance(nodes[-1], Recursive):
            raise self.fail("invalid multiple recursive descent")
        self.at += 2
        nodes.append(Recursive())
        following = self.text[self.at : self.at + 1]
        if following and (following == "_" or following.isalpha() or following.isdecimal()):
            nodes.append(self.field())

    def number(self) -> Node:
        match = _NUMBER.match(self.text, self.at)
        text = match[0] if match else ""
        self.at += len(text)
        if _INTEGER.match(text) and -(1 << 63) <= int(text) < 1 << 63:
            return Constant(int(text))
        if _FLOAT.match(text):
            return Constant(float(text))
        raise self.fail(f"cannot parse number {text}")

    def array(self) -> list[Node]:
        end = self.text.find("]", self.at)
        inside = self.text[self.at + 1 : end]
        if end < 0 or "\n" in inside:
            raise self.fail("unterminated array")
        self.at = end + 1
        if inside == "*":
            inside = ":"
        if "," in inside:
            return [Union(tuple(tuple(_nodes(f"[{each.strip(' ')}]")) for each in inside.split(",")))]
        if match := _DICT_KEY.match(inside):
            return _nodes(f".{match[1]}")
        if match := _SLICE.match(inside):
            return [self.slice(*match.groups())]
        raise self.fail(f"invalid array index {inside}")

    def slice(self, start: str | None, end: str | None, step: str | None) -> Slice:
        def bound(text: str | None) -> int | None:
            digits = (text or "").removeprefix(":")
            if digits == "-" or (digits and not -(1 << 63) <= int(digits) < 1 << 63):
                raise self.fail(f"array index {digits} is not a number")
            return int(digits) if digits else None

        return Slice(bound(start), bound(end), bound(step), single=end is None)

    def filter(self) -> Filter:
        self.at += 3
        start, quote, closed = self.at, "", False
        while True:
            character = self.text[self.at : self.at + 1]
            if character in ("", "\n"):
                raise self.fail("unterminated filter")
            self.at += 1
            if character in "\"'":
                if not quote:
                    quote = character
                elif character == quote and self.text[self.at - 2] != "\\":
                    closed = True
            elif character == ")" and bool(quote) == closed:
                break
        inside = self.text[start : self.at - 1]
        if self.text[self.at : self.at + 1] != "]":
            raise self.fail("unclosed array expect ]")
        self.at += 1
        if match := _COMPARISON.match(inside):
            return Filter(tuple(_nodes(match[1])), tuple(_nodes(match[3])), match[2])
        return Filter(tuple(_nodes(inside)), (), "exists")

    def quote(self) -> Text:
        start, quote = self.at, self.text[self.at]
        self.at += 1
        while True:
            character = self.text[self.at : self.at + 1]
            if character in ("", "\n"):
                raise self.fail("unterminated quoted string")
            self.at += 1
            if character == quote and self.text[self.at - 2] != "\\":
                break
        return Text(self.unquote(self.text[start + 1 : self.at - 1], quote))

    def unquote(self, text: str, quote: str) -> str:
        """`strconv.UnquoteChar`, again and again; only this kind of quote may be escaped."""
        pieces, position = [], 0
        while position < len(text):
            backslash = text.find("\\", position)
            if backslash < 0:
                break
            match = _ESCAPE.match(text, backslash)
            if match is None or (match[1] in ("'", '"') and match[1] != quote):
                raise self.fail(f"unquote string {text!r}: invalid syntax")
            pieces += [text[position:backslash], self.unescape(match)]
            position = match.end()
        return "".join(pieces) + text[position:]

    def unescape(self, match: re.Match[str]) -> str:
        letter, byte, short, long, octal = match.groups()
        if letter:
            return _ESCAPED.get(letter, letter)
        code = int(byte or short or long or octal, 8 if octal else 16)
        if code > 0x10FFFF or (octal and code > 255) or (not octal and not byte and 0xD800 <= code < 0xE000):
            raise self.fail("unquote string: invalid syntax")
        return chr(code)


def _nodes(text: str) -> list[Node]:
    """What stands inside one action (`parseAction`)."""
    first = parse_template(f"{{{text}}}")[0]
    return [first] if isinstance(first, Text) else list(first)


def parse_template(text: str) -> list[Action]:
    """
    Read a whole template.

    Raises:
        JsonPathError: kubectl would refuse it; the message is its own. Or it is longer than anybody writes.
    """
    if len(text) > _MAX_CHARACTERS:
        raise JsonPathError(f"a template of {len(text)} characters: {_MAX_CHARACTERS} are taken", where="jsonpath")
    return _Parser(text).template()
