"""
A Go template as a tree.

Ports `text/template/parse/parse.go` of Go's standard library, without `define`, `template` and `block`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kstore.view.go_template.strings import unquoted
from kstore.view.go_template.tokens import GoTemplateError, Token, tokens

__all__ = ["GoTemplateError", "parse"]

_NOT_BUILT: Final = frozenset({"define", "template", "block"})
_DEEPEST: Final = 100
"""Blocks and parentheses one within another."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is printed as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, a number or a boolean of the template."""

    value: Any


@dataclass(frozen=True, slots=True)
class Nil:
    """The word `nil`."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Members of a value: of the dot, of a variable, of what parentheses give."""

    root: Variable | Pipeline | None
    """None is the dot."""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """The name of a function."""

    name: str


Operand = Constant | Nil | Chain | Function


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each given what the one before gives."""

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    """What is declared or assigned."""
    assigns: bool = False
    line: int = 0


@dataclass(slots=True)
class Block:
    """`if`, `with` or `range`."""

    word: str
    pipeline: Pipeline
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    word: str


Node = Text | Pipeline | Block | Jump


def parse(template: str, functions: frozenset[str]) -> list[Node]:
    """
    The nodes of a template.

    Args:
        template: its text.
        functions: the names that may be called.

    Raises:
        GoTemplateError: kubectl would refuse it, or it needs what is not built.
    """
    parser = _Parser(template, functions)
    nodes, end = parser.nodes(())
    assert not end
    return nodes


class _Parser:
    def __init__(self, template: str, functions: frozenset[str]) -> None:
        self._tokens: Iterator[Token] = tokens(template)
        self._functions = functions
        self._ahead = next(self._tokens, None)
        self._variables = ["$"]
        self._blocks: list[str] = []
        self._depth = 0

    # ---- tokens

    def _fault(self, message: str, hint: str = "") -> GoTemplateError:
        line = self._ahead.line if self._ahead else 0
        return GoTemplateError(f"line {line} of the template: {message}" if line else message, hint=hint)

    def _take(self) -> Token:
        token = self._ahead
        if token is None:
            raise self._fault("the template ends within an action or a block, which {{end}} closes")
        self._ahead = next(self._tokens, None)
        return token

    def _is(self, *texts: str) -> bool:
        return self._ahead is not None and self._ahead.kind not in ("text", "string", "raw") and (
            self._ahead.text in texts
        )  # fmt: skip

    def _skip_space(self) -> bool:
        if self._ahead is not None and self._ahead.kind == "space":
            self._take()
            return True
        return False

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fault(f"more than {_DEEPEST} blocks and parentheses one within another")

    # ---- nodes

    def nodes(self, ends: tuple[str, ...]) -> tuple[list[Node], str]:
        """The nodes up to one of the words that end a block, and that word."""
        found: list[Node] = []
        while self._ahead is not None:
            token = self._take()
            if token.kind == "text":
                found.append(Text(token.text))
                continue
            self._skip_space()
            word = self._ahead.text if self._ahead is not None and self._ahead.kind == "word" else ""
            if word in ("end", "else"):
                if word not in ends:
                    raise self._fault(f"unexpected {{{{{word}}}}}")
                self._take()
                return found, word
            found.append(self._node(word))
        if ends:
            raise self._fault("unexpected EOF: a block has no {{end}}")
        return found, ""

    def _node(self, word: str) -> Node:
        if word in _NOT_BUILT:
            raise self._fault(f"{{{{{word}}}}} is not supported", "write what it stands for in its place")
        if word in ("if", "with", "range"):
            self._take()
            return self._block(word)
        if word in ("break", "continue"):
            self._take()
            if "range" not in self._blocks:
                raise self._fault(f"{{{{{word}}}}} outside {{{{range}}}}")
            self._close()
            return Jump(word)
        pipeline = self._pipeline("}}")
        self._close()
        return pipeline

    def _close(self) -> None:
        self._skip_space()
        if not self._is("}}"):
            raise self._fault(f"unexpected {self._ahead.text!r}" if self._ahead else "unclosed action")
        self._take()

    def _block(self, word: str) -> Block:
        self._deeper()
        declared = len(self._variables)
        block = Block(word, self._pipeline("}}", most=2 if word == "range" else 1))
        self._close()
        self._blocks.append(word)
        block.body, end = self.nodes(("end", "else"))
        self._blocks.pop()
        if end == "else":
            self._skip_space()
            chained = word != "range" and self._is(word)
            if chained:
                block.otherwise = [self._block(self._take().text)]
            else:
                self._close()
                block.otherwise, _ = self.nodes(("end",))
                self._close()
        else:
            self._close()
        del self._variables[declared:]
        self._depth -= 1
        return block

    # ---- pipelines

    def _pipeline(self, end: str, *, most: int = 1) -> Pipeline:
        line = self._ahead.line if self._ahead else 0
        variables, assigns, first = self._declared(most)
        commands = [self._command(end, first)]
        while self._is("|"):
            self._take()
            commands.append(self._command(end))
            if isinstance(commands[-1][0], Constant | Nil):
                raise self._fault("non executable command in pipeline stage 2")
        if not all(commands):
            raise self._fault("missing value for a command")
        return Pipeline(tuple(commands), variables, assigns, line)

    def _declared(self, most: int) -> tuple[tuple[str, ...], bool, Operand | None]:
        """The variables that a pipeline sets; or, where it sets none, the variable that it begins with."""
        self._skip_space()
        names: list[str] = []
        while self._ahead is not None and self._ahead.kind == "variable":
            names.append(self._take().text)
            self._skip_space()
            if self._is(",") and len(names) < most:
                self._take()
                self._skip_space()
                continue
            break
        if names and self._is(":=", "="):
            assigns = self._take().text == "="
            for name in names:
                if assigns:
                    self._require(name)
                else:
                    self._variables.append(name)
            return tuple(names), assigns, None
        if len(names) > 1:
            raise self._fault("unexpected ',' in a pipeline")
        return (), False, self._chain(Variable(self._require(names[0]))) if names else None

    def _require(self, name: str) -> str:
        if name not in self._variables:
            raise self._fault(f"undefined variable {name!r}")
        return name

    def _command(self, end: str, first: Operand | None = None) -> tuple[Operand, ...]:
        operands = [first] if first is not None else []
        while True:
            self._skip_space()
            if self._ahead is None or self._is(end, "|"):
                return tuple(operands)
            operands.append(self._operand())

    def _operand(self) -> Operand:
        token = self._take()
        if token.kind in ("string", "raw", "character", "number"):
            return Constant(self._constant(token))
        if token.kind == "word":
            return self._word(token.text)
        if token.kind == "variable":
            return self._chain(Variable(self._require(token.text)))
        if token.kind == "field":
            return self._chain(None, token.text[1:])
        if token.kind == "dot":
            return Chain(None)
        if token.text == "(":
            self._deeper()
            inner = self._pipeline(")")
            if not self._is(")"):
                raise self._fault("unclosed left paren")
            self._take()
            self._depth -= 1
            return self._chain(inner)
        raise self._fault(f"unexpected {token.text!r} in operand")

    def _word(self, word: str) -> Operand:
        if word in ("true", "false"):
            return Constant(word == "true")
        if word == "nil":
            return Nil()
        if word not in self._functions:
            known = ", ".join(sorted(self._functions))
            raise self._fault(f"function {word!r} is not defined, or not supported", f"there are {known}")
        return Function(word)

    def _chain(self, root: Variable | Pipeline | None, *members: str) -> Chain:
        found = list(members)
        while self._ahead is not None and self._ahead.kind == "field":
            found.append(self._take().text[1:])
        return Chain(root, tuple(found))

    def _constant(self, token: Token) -> Any:
        try:
            if token.kind == "raw":
                return token.text[1:-1].replace("\r", "")
            if token.kind == "number":
                return _number(token.text)
            text = unquoted(token.text[1:-1])
        except ValueError as error:
            raise self._fault(str(error)) from None
        if token.kind == "character":
            if len(text) != 1:
                raise self._fault(f"malformed character constant: {token.text}")
            return ord(text)
        return text


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    unsigned = plain.lstrip("+-")
    try:
        if unsigned[:2].lower() in ("0x", "0b", "0o"):
            return int(plain, 0)
        if unsigned.isdigit():
            return int(plain, 8 if len(unsigned) > 1 and unsigned[0] == "0" else 10)
        return float(plain)
    except ValueError:
        raise ValueError(f"bad number syntax: {text!r}") from None
