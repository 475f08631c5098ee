"""
kubectl's jsonpath, compiled: `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Knows what each node of a template yields (`client-go/util/jsonpath/jsonpath.go`) and how results are printed.
Members of an object come in their own order, where kubectl's is random.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kstore.decode.go_json import Number, dumps
from kstore.decode.raw_json import RawJSON
from kstore.errors import KstoreError
from kstore.view.jsonpath_parser import (
    Action,
    Constant,
    Field,
    Filter,
    Identifier,
    JsonPathError,
    Node,
    Recursive,
    Slice,
    Text,
    Union,
    Wildcard,
    parse_template,
)
from kstore.view.yaml_text import go_g

__all__ = ["JsonPath", "JsonPathError", "JsonPathFault"]

Step = Callable[[list[Any]], list[Any]]
"""From the values selected so far to the next ones."""

_INT64 = range(-(1 << 63), 1 << 63)


class _Absent:
    """What stands for no value at all (an invalid `reflect.Value`), unlike a null."""


_ABSENT = _Absent()


class JsonPathFault(KstoreError):
    """
    A template that cannot be followed in the object at hand.

    Args:
        values: what had been selected until then; an existence filter goes by it.
    """

    code = "jsonpath"

    def __init__(self, message: str, values: list[Any]) -> None:
        super().__init__(message)
        self.values = values


def _bare(value: Any) -> Any:
    return value.value if type(value) is RawJSON else value


# ---- steps


def _fields(names: tuple[str, ...], strict: bool) -> Step:
    """A run of members, for the common case of one value followed without a list between."""
    one_by_one = [partial(_field, name, strict) for name in names]

    def step(values: list[Any]) -> list[Any]:
        if len(values) != 1:
            for each in one_by_one:
                values = each(values)
            return values
        value = values[0]
        for name in names:
            if type(value) is RawJSON:
                value = value.value
            if not isinstance(value, dict) or name not in value:
                if strict:
                    raise JsonPathFault(f"{name} is not found", [])
                return []
            value = value[name]
        return [value]

    return step


def _field(name: str, strict: bool, values: list[Any]) -> list[Any]:
    if not values:
        return []
    found = [bare[name] for bare in map(_bare, values) if isinstance(bare, dict) and name in bare]
    if strict and not found:
        raise JsonPathFault(f"{name} is not found", [])
    return found


def _children(value: Any) -> Iterable[Any]:
    """Members, elements, or the bytes of a string."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list):
        return value
    return value.encode() if isinstance(value, str) else ()


def _wildcard(values: list[Any]) -> list[Any]:
    return [child for value in values for child in _children(_bare(value))]


def _recursive(values: list[Any]) -> list[Any]:
    """Each value that has anything below it, and what is below, depth first."""
    found: list[Any] = []
    stack = list(reversed(values))
    while stack:
        value = _bare(stack.pop())
        if isinstance(value, str):
            if value:
                found.append(value)
        elif isinstance(value, dict | list) and value:
            found.append(value)
            stack.extend(reversed(list(_children(value))))
    return found


def _bounds(node: Slice, length: int, values: list[Any]) -> tuple[int, int]:
    """Where a slice of a list of that length begins and ends; equal when it is empty."""
    start = node.start or 0
    end = start + 1 if node.single else length
    if node.end is not None:
        end = node.end
    if start < 0:
        start += length
    if end < 0 or (end == 0 and node.single):
        end += length
    if start == end:
        return start, end
    if start >= length or start < 0:
        raise JsonPathFault(f"array index out of bounds: index {start}, length {length}", values)
    if end > length or end < 0:
        raise JsonPathFault(f"array index out of bounds: index {end - 1}, length {length}", values)
    if start > end:
        raise JsonPathFault(f"starting index {start} is greater than ending index {end}", values)
    return start, end


def _slice(node: Slice, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in map(_bare, values):
        if value is None:
            continue
        if not isinstance(value, list):
            raise JsonPathFault(f"{_kind(value)} is not array or slice", values)
        start, end = _bounds(node, len(value), values)
        if start == end:
            return found
        if node.step is not None and node.step <= 0:
            raise JsonPathFault("step must be > 0", values)
        found += value[start : end : node.step or 1]
    return found


def _kind(value: Any) -> str:
    """A type as Go names it in messages."""
    names = {dict: "map[string]interface {}", str: "string", bool: "bool", int: "int64", float: "float64"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "nil")


def _comparable(value: Any, values: list[Any]) -> type:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind
    raise JsonPathFault("invalid type for comparison", values)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
}


def _compare(sign: str, left: Any, right: Any, found: list[Any]) -> bool:
    """Compare two scalars of one kind (`third_party/forked/golang/template/funcs.go`)."""
    if sign not in _COMPARISONS:
        raise JsonPathFault(f"unrecognized filter operator {sign}", found)
    kind = _comparable(left, found)
    if kind is not _comparable(right, found):
        raise JsonPathFault("incompatible types for comparison", found)
    if kind is bool and sign not in ("==", "!="):
        raise JsonPathFault("invalid type for comparison", found)
    return _COMPARISONS[sign](left, right)


def _only(candidates: list[Any], values: list[Any]) -> Any:
    if len(candidates) > 1:
        raise JsonPathFault("can only compare one element at a time", values)
    return _bare(candidates[0])


def _filter(left: Step, right: Step, sign: str, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in map(_bare, values):
        if not isinstance(value, list):
            raise JsonPathFault(f"{_kind(value)} is not array or slice and cannot be filtered", values)
        for element in value:
            if sign == "exists":
                if _selects(left, element):
                    found.append(element)
                continue
            lefts = _or_fail(left, element, values)
            if not lefts:
                continue
            mine = _only(lefts, values)
            rights = _or_fail(right, element, values)
            if rights and _compare(sign, mine, _only(rights, values), found):
                found.append(element)
    return found


def _selects(step: Step, element: Any) -> bool:
    """Whether anything is selected; where the path breaks off, what it had reached counts, as in Go."""
    try:
        return bool(step([element]))
    except JsonPathFault as fault:
        return bool(fault.values)


def _or_fail(step: Step, element: Any, values: list[Any]) -> list[Any]:
    try:
        return step([element])
    except JsonPathFault as fault:
        raise JsonPathFault(fault.message, values) from None


def _union(steps: Sequence[Step], values: list[Any]) -> list[Any]:
    try:
        return [value for step in steps for value in step(values)]
    except JsonPathFault as fault:
        raise JsonPathFault(fault.message, values) from None


def _unknown(name: str, values: list[Any]) -> list[Any]:
    raise JsonPathFault(f"unrecognized identifier {name}", values)


def _step(node: Node, strict: bool) -> Step:
    match node:
        case Text(text):
            return lambda _: [text]
        case Constant(value):
            return lambda values: [value] * len(values)
        case Field(name):
            return _fields((name,), strict)
        case Wildcard():
            return _wildcard
        case Recursive():
            return _recursive
        case Slice():
            return partial(_slice, node)
        case Filter():
            return partial(_filter, _path(node.left, strict), _path(node.right, strict), node.operator)
        case Union(paths):
            return partial(_union, [_path(path, strict) for path in paths])
        case Identifier(name):
            return partial(_unknown, name)


def _path(nodes: Sequence[Node], strict: bool) -> Step:
    """One step for a sequence of nodes; runs of members are joined."""
    steps: list[Step] = []
    index = 0
    while index < len(nodes):
        run = index
        while run < len(nodes) and isinstance(nodes[run], Field):
            run += 1
        if run > index:
            steps.append(_fields(tuple(n.name for n in nodes[index:run] if isinstance(n, Field)), strict))
            index = run
        else:
            steps.append(_step(nodes[index], strict))
            index += 1
    if len(steps) == 1:
        return steps[0]

    def every(values: list[Any]) -> list[Any]:
        for step in steps:
            values = step(values)
        return values

    return every


# ---- templates


@dataclass(frozen=True, slots=True)
class _Emit:
    """Print what a path selects."""

    step: Step
    action: Action


@dataclass(frozen=True, slots=True)
class _Loop:
    """Run a body for each value that a path selects."""

    step: Step
    action: Action
    body: list[_Emit | _Loop]


def _is_word(action: Action, word: str) -> bool:
    return not isinstance(action, Text) and Identifier(word) in action


def _program(actions: Sequence[Action], strict: bool) -> list[_Emit | _Loop]:
    """Actions as a tree: what follows `range` up to its `end` is the body of a loop."""
    program: list[_Emit | _Loop] = []
    index = 0
    while index < len(actions):
        action = actions[index]
        index += 1
        if isinstance(action, Text):
            program.append(_Emit(_step(action, strict), action))
        elif _is_word(action, "end"):
            program.append(_Emit(_stray_end, action))
        elif _is_word(action, "range"):
            path = tuple(node for node in action if node != Identifier("range"))
            end = _matching_end(actions, index)
            body = _program(actions[index:end], strict)
            program.append(_Loop(_path(path, strict), path, body))
            # without an `end` Go goes on behind the `range`, outside the loop
            index = index if end is None else end + 1
        else:
            program.append(_Emit(_path(action, strict), action))
    return program


def _matching_end(actions: Sequence[Action], start: int) -> int | None:
    depth = 1
    for index in range(start, len(actions)):
        depth += _is_word(actions[index], "range") - _is_word(actions[index], "end")
        if depth == 0:
            return index
    return None


def _stray_end(values: list[Any]) -> list[Any]:
    raise JsonPathFault("not in range, nothing to end", values)


def _run(program: list[_Emit | _Loop], root: Any) -> Iterator[list[Any]]:
    """The results of each action, in order."""
    for item in program:
        results = item.step([root])
        if isinstance(item, _Emit):
            yield results
            continue
        for value in results:
            yield from _run(item.body, _ABSENT if value is None else _bare(value))
        if not results:
            # Go walks the body once to find its end; what fails there fails here
            for _ in _run(item.body, _ABSENT):
                pass


def _sorted(value: Any) -> Any:
    """A value as an unstructured object holds it: members sorted, numbers int64 or float64."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(element) for element in value]
    if type(value) is RawJSON:
        return _sorted(value.value)
    if isinstance(value, float) or (isinstance(value, int) and value not in _INT64):
        return Number(value)
    return value


def to_text(value: Any) -> str:
    """One result as kubectl prints it: containers as JSON, scalars as Go's `fmt.Fprint`."""
    value = _bare(value)
    if isinstance(value, str):
        return value
    if value is _ABSENT:
        return "<no value>"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value in _INT64:
        return str(value)
    if isinstance(value, int | float):
        return go_g(float(value))
    return dumps(_sorted(value)).decode("utf-8", "replace")


class JsonPath:
    """
    A compiled template.

    Args:
        template: as given to `kubectl -o jsonpath=`.
        allow_missing_keys: a member that is not there selects nothing, instead of being an error.

    Raises:
        JsonPathError: kubectl would refuse the template.
    """

    def __init__(self, template: str, *, allow_missing_keys: bool = True) -> None:
        self._program = _program(parse_template(template), strict=not allow_missing_keys)

    def find(self, value: Any) -> list[list[Any]]:
        """
        The results of each action (`FindResults`).

        Raises:
            JsonPathFault: an index out of bounds, unlike things compared, a missing member not allowed.
        """
        return list(_run(self._program, value))

    def render(self, value: Any) -> str:
        """
        The text of the template for one value (`Execute`).

        Raises:
            JsonPathFault: as `find`.
        """
        return "".join(" ".join(map(to_text, results)) for results in _run(self._program, value))

    def render_list(self, objects: Iterable[Any]) -> Iterator[str]:
        """
        The text of the template for a List of objects, in pieces as they come.

        A template that passes over `.items` once takes the objects one by one, in constant memory; others see
        the list whole.

        Raises:
            JsonPathFault: as `find`.
        """
        passes = [item for item in self._program if not isinstance(item.action, Text)]
        if len(passes) != 1 or not _over_items(passes[0].action):
            yield self.render({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": list(objects)})
            return
        for item in self._program:
            if item is not passes[0]:
                yield "".join(map(to_text, item.step([])))
            elif isinstance(item, _Loop):
                yield from _each(item, objects)
            else:
                yield from _spaced(item, objects)


def _over_items(action: Action) -> bool:
    """Whether an action begins with `.items[*]` and treats each element by itself."""
    if isinstance(action, Text) or action[:2] != (Field("items"), Slice(None, None, None, single=False)):
        return False
    return all(isinstance(node, Field | Wildcard | Recursive | Slice | Filter) for node in action[2:])


def _each(loop: _Loop, objects: Iterable[Any]) -> Iterator[str]:
    empty = True
    for obj in objects:
        for value in loop.step([{"items": [obj]}]):
            empty = False
            root = _ABSENT if value is None else _bare(value)
            yield "".join(" ".join(map(to_text, results)) for results in _run(loop.body, root))
    if empty:
        for _ in _run(loop.body, _ABSENT):
            pass


def _spaced(emit: _Emit, objects: Iterable[Any]) -> Iterator[str]:
    separator = ""
    for obj in objects:
        for value in emit.step([{"items": [obj]}]):
            yield separator + to_text(value)
            separator = " "
