"""
A Go template, carried out on an object.

Ports `text/template/exec.go` of Go's standard library for the values that JSON has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kstore.decode.json.raw_json import RawJSON
from kstore.view.go_template.functions import (
    ABSENT,
    FUNCTIONS,
    NAMES,
    SHORT_CIRCUIT,
    GoTemplateFault,
    is_true,
    kind_of,
    text_of,
)
from kstore.view.go_template.parser import (
    Block,
    Chain,
    Constant,
    Function,
    Jump,
    Nil,
    Node,
    Operand,
    Pipeline,
    Text,
    parse,
)

_MOST_STEPS: Final = 2_000_000
"""Nodes and commands of one template on one value: some seconds, and more than any list holds that fits in memory."""
_INT64: Final = range(-(1 << 63), 1 << 63)
_MISSING: Final = object()
"""No value comes from the command before."""


class _Jumped(Exception):
    """A `break` or `continue` on its way to its `range`."""

    def __init__(self, word: str) -> None:
        self.word = word


class GoTemplate:
    """
    A template of `-o go-template=`.

    Args:
        template: its text.
        allow_missing_keys: a member that is not there prints `<no value>`, instead of being an error.

    Raises:
        GoTemplateError: kubectl would refuse it, or it needs what is not supported.
    """

    def __init__(self, template: str, *, allow_missing_keys: bool = True) -> None:
        self._nodes = parse(template, NAMES)
        self._strict = not allow_missing_keys

    def render(self, value: Any) -> str:
        """
        The text of the template for one value.

        Raises:
            GoTemplateFault: it cannot be followed in this value.
        """
        root = _from_json(value)
        return "".join(_Run(root, strict=self._strict).walk(self._nodes, root))

    def render_list(self, objects: Iterable[Any]) -> Iterator[str]:
        """
        The text of the template for a List of objects.

        Raises:
            GoTemplateFault: as `render`.
        """
        from kstore.view.jsonpath import as_list

        yield self.render(as_list(objects))


class _Run:
    """One run: its variables, and how much it has done."""

    def __init__(self, root: Any, *, strict: bool) -> None:
        self._variables: list[tuple[str, Any]] = [("$", root)]
        self._strict = strict
        self._steps = 0

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise GoTemplateFault(f"the template takes more than {_MOST_STEPS:,} steps")

    # ---- nodes

    def walk(self, nodes: list[Node], dot: Any) -> Iterator[str]:
        """Yield the pieces of text that nodes print."""
        for node in nodes:
            self._count()
            if isinstance(node, Text):
                yield node.text
            elif isinstance(node, Jump):
                raise _Jumped(node.word)
            elif isinstance(node, Pipeline):
                value = self._evaluate(node, dot)
                if not node.variables:
                    yield text_of(value)
            else:
                mark = len(self._variables)
                yield from self._range(node, dot) if node.word == "range" else self._choice(node, dot)
                del self._variables[mark:]

    def _choice(self, block: Block, dot: Any) -> Iterator[str]:
        value = self._evaluate(block.pipeline, dot)
        if is_true(value):
            yield from self.walk(block.body, value if block.word == "with" else dot)
        else:
            yield from self.walk(block.otherwise, dot)

    def _range(self, block: Block, dot: Any) -> Iterator[str]:
        declared = block.pipeline.variables
        value = self._evaluate(block.pipeline, dot)
        mark = len(self._variables)
        empty = True
        for index, element in _elements(value, several=len(declared) > 1):
            empty = False
            self._count()
            for name, given in zip(declared, (element,) if len(declared) == 1 else (index, element), strict=False):
                self._set(name, given)
            try:
                yield from self.walk(block.body, element)
            except _Jumped as jump:
                if jump.word == "break":
                    return
            finally:
                del self._variables[mark:]
        if empty:
            yield from self.walk(block.otherwise, dot)

    def _set(self, name: str, value: Any) -> None:
        """Set the innermost variable of a name."""
        at = next(at for at in reversed(range(len(self._variables))) if self._variables[at][0] == name)
        self._variables[at] = (name, value)

    # ---- values

    def _evaluate(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = _MISSING
        for command in pipeline.commands:
            self._count()
            value = self._command(command, dot, value)
            if value is None:
                value = ABSENT
        for name in pipeline.variables:
            if pipeline.assigns:
                self._set(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _command(self, command: tuple[Operand, ...], dot: Any, final: Any) -> Any:
        first, *rest = command
        if isinstance(first, Function):
            return self._call(first.name, rest, dot, final)
        if isinstance(first, Nil):
            raise GoTemplateFault("nil is not a command")
        if rest or final is not _MISSING:
            raise GoTemplateFault("can't give argument to what is no function")
        return self._operand(first, dot)

    def _operand(self, operand: Operand, dot: Any) -> Any:
        if isinstance(operand, Constant):
            return operand.value
        if isinstance(operand, Chain):
            return self._chain(operand, dot)
        if isinstance(operand, Function):
            return self._call(operand.name, [], dot, _MISSING)
        return None

    def _chain(self, chain: Chain, dot: Any) -> Any:
        if chain.root is None:
            value = dot
        elif isinstance(chain.root, Pipeline):
            value = self._evaluate(chain.root, dot)
        else:
            name = chain.root.name
            value = next(value for known, value in reversed(self._variables) if known == name)
        for member in chain.members:
            value = self._member(value, member)
        return value

    def _member(self, value: Any, name: str) -> Any:
        if value is ABSENT:
            if self._strict:
                raise GoTemplateFault(f'nil data; no entry for key "{name}"')
            return ABSENT
        if value is None:
            raise GoTemplateFault(f"nil pointer evaluating interface {{}}.{name}")
        if not isinstance(value, Mapping):
            raise GoTemplateFault(f"can't evaluate field {name} in type {kind_of(value)}")
        if name not in value and self._strict:
            raise GoTemplateFault(f'map has no entry for key "{name}"')
        return value.get(name, ABSENT)

    def _call(self, name: str, operands: list[Operand], dot: Any, final: Any) -> Any:
        last = () if final is _MISSING else (final,)
        count = len(operands) + len(last)
        if name in SHORT_CIRCUIT:
            if not count:
                raise GoTemplateFault(f"wrong number of args for {name}: want at least 1 got 0")
            value: Any = ABSENT
            for operand in operands:
                value = self._operand(operand, dot)
                if is_true(value) == (name == "or"):
                    return value
            return last[0] if last else value
        function, least, most = FUNCTIONS[name]
        if not least <= count <= most:
            want = f"{least}" if least == most else f"at least {least}"
            raise GoTemplateFault(f"wrong number of args for {name}: want {want} got {count}")
        try:
            return function(*(self._operand(operand, dot) for operand in operands), *last)
        except GoTemplateFault as error:
            raise GoTemplateFault(f"error calling {name}: {error.message}", hint=error.hint) from None


def _elements(value: Any, *, several: bool) -> Iterable[tuple[Any, Any]]:
    """
    What `range` passes over, each with its index or key.

    Raises:
        GoTemplateFault: it is nothing that has elements.
    """
    if value is ABSENT:
        return ()
    if isinstance(value, Mapping):
        return ((key, value[key]) for key in sorted(value))
    if isinstance(value, list):
        return enumerate(value)
    if isinstance(value, int) and not isinstance(value, bool) and not several:
        return ((ABSENT, number) for number in range(value))
    raise GoTemplateFault(f"range can't iterate over {text_of(value)}")


def _from_json(value: Any) -> Any:
    """A value as apimachinery's `json.Unmarshal` has it: a number without a fraction is an int64, if it fits."""
    if type(value) is RawJSON:
        value = value.value
    if isinstance(value, Mapping):
        return {name: _from_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_from_json(element) for element in value]
    if isinstance(value, float) and value.is_integer() and int(value) in _INT64 and abs(value) < 1e21:
        return int(value)
    if isinstance(value, int) and value not in _INT64:
        return float(value)
    return value
