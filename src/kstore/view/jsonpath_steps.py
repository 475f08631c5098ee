"""
The nodes of a jsonpath as functions: from the values that are selected so far to the next ones.

Knows what each node yields (`client-go/util/jsonpath/jsonpath.go`), its errors included. Members of an object come in
their own order, where kubectl's is random. Templates are `jsonpath.py`'s business.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from kstore.decode.json.raw_json import RawJSON
from kstore.errors import KstoreError
from kstore.view.jsonpath_parser import (
    Constant,
    Field,
    Filter,
    Identifier,
    Node,
    Recursive,
    Slice,
    Text,
    Union,
    Wildcard,
)

_MAX_VALUES = 1_000_000
"""Values on the way of a path: `..` after `..` selects the same ones again and again."""

Step = Callable[[list[Any]], list[Any]]
"""From the values selected so far to the next ones."""


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


def bare(value: Any) -> Any:
    """A value without the wrapper that keeps its exact text."""
    return value.value if type(value) is RawJSON else value


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
    found = [one[name] for one in map(bare, values) if isinstance(one, dict) and name in one]
    if strict and not found:
        raise JsonPathFault(f"{name} is not found", [])
    return found


def _children(value: Any) -> Iterable[Any]:
    """Members, elements, or the bytes of a string."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list):
        return value
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else ()


def _wildcard(values: list[Any]) -> list[Any]:
    return [child for value in values for child in _children(bare(value))]


def _recursive(values: list[Any]) -> list[Any]:
    """Each value that has anything below it, and what is below, depth first."""
    found: list[Any] = []
    stack = list(reversed(values))
    while stack:
        value = bare(stack.pop())
        if isinstance(value, str):
            if value:
                found.append(value)
        elif isinstance(value, dict | list) and value:
            found.append(value)
            stack.extend(reversed(list(_children(value))))
        if len(found) > _MAX_VALUES:
            raise JsonPathFault(f"the path selects more than {_MAX_VALUES} values", [])
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
    for value in map(bare, values):
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
    return bare(candidates[0])


def _filter(left: Step, right: Step, sign: str, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in map(bare, values):
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


def node_step(node: Node, strict: bool) -> Step:
    """The step of one node; when strict, a member that is not there is an error."""
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
            return partial(_filter, path_step(node.left, strict), path_step(node.right, strict), node.operator)
        case Union(paths):
            return partial(_union, [path_step(path, strict) for path in paths])
        case Identifier(name):
            return partial(_unknown, name)


def path_step(nodes: Sequence[Node], strict: bool) -> Step:
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
            steps.append(node_step(nodes[index], strict))
            index += 1
    if len(steps) == 1:
        return steps[0]

    def every(values: list[Any]) -> list[Any]:
        for step in steps:
            values = step(values)
            if len(values) > _MAX_VALUES:
                raise JsonPathFault(f"the path selects more than {_MAX_VALUES} values", [])
        return values

    return every
