"""
kubectl's jsonpath, compiled: `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Knows how a template is run (`client-go/util/jsonpath/jsonpath.go`) and how results are printed; what a path selects is
`jsonpath_steps.py`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kstore.decode.json.go_json import dumps
from kstore.decode.json.number import Number
from kstore.decode.json.raw_json import RawJSON
from kstore.scalars.go_float import go_g
from kstore.view.json_text import to_json
from kstore.view.jsonpath_parser import (
    Action,
    Field,
    Filter,
    Identifier,
    JsonPathError,
    Recursive,
    Slice,
    Text,
    Wildcard,
    parse_template,
)
from kstore.view.jsonpath_paths import Looked, Path
from kstore.view.jsonpath_steps import JsonPathFault, Step, bare, node_step, path_step

__all__ = ["JsonPath", "JsonPathError", "JsonPathFault", "as_list"]

_INT64 = range(-(1 << 63), 1 << 63)
_MAX_LOOPS = 8
"""Ranges one within another; a `range` without its `end` runs what follows it twice, and so on for each."""
_MAX_RESULTS = 2_000_000
"""Values and actions of one template on one value: some seconds, and more than any list holds that fits in memory."""


class _Absent:
    """What stands for no value at all (an invalid `reflect.Value`), unlike a null."""


_ABSENT = _Absent()


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


def _program(actions: Sequence[Action], strict: bool, depth: int = 0) -> list[_Emit | _Loop]:
    """
    Actions as a tree: what follows `range` up to its `end` is the body of a loop.

    Raises:
        JsonPathError: loops nested deeper than they may be.
    """
    if depth > _MAX_LOOPS:
        raise JsonPathError(f"more than {_MAX_LOOPS} nested ranges", hint="end each {range …} with {end}")
    program: list[_Emit | _Loop] = []
    index = 0
    while index < len(actions):
        action = actions[index]
        index += 1
        if isinstance(action, Text):
            program.append(_Emit(node_step(action, strict), action))
        elif _is_word(action, "end"):
            program.append(_Emit(_stray_end, action))
        elif _is_word(action, "range"):
            path = tuple(node for node in action if node != Identifier("range"))
            end = _matching_end(actions, index)
            body = _program(actions[index:end], strict, depth + 1)
            program.append(_Loop(path_step(path, strict), path, body))
            # without an `end` Go goes on behind the `range`, outside the loop
            index = index if end is None else end + 1
        else:
            program.append(_Emit(path_step(action, strict), action))
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


def _looked_at(program: list[_Emit | _Loop], places: Iterable[Path]) -> list[Path]:
    """Where a program looks that begins at these places."""
    found: list[Path] = []
    for item in program:
        if not isinstance(item.action, Text):
            looked = Looked(item.action, places)
            # what a loop passes over must be there even when its body looks at nothing
            body = _looked_at(item.body, looked.ends) if isinstance(item, _Loop) else []
            found += [*looked.asides, *(body or looked.ends)]
    return found


class _Budget:
    """Counts what a template does with one value."""

    def __init__(self) -> None:
        self._left = _MAX_RESULTS

    def spend(self, results: list[Any]) -> None:
        """
        Count an action and what it selects.

        Raises:
            JsonPathFault: it is more than a template may select.
        """
        self._left -= 1 + len(results)
        if self._left < 0:
            raise JsonPathFault(f"the template selects more than {_MAX_RESULTS} values", [])


def _run(program: list[_Emit | _Loop], root: Any, budget: _Budget | None = None) -> Iterator[list[Any]]:
    """The results of each action, in order."""
    budget = budget or _Budget()
    for item in program:
        results = item.step([root])
        budget.spend(results)
        if isinstance(item, _Emit):
            yield results
            continue
        for value in results:
            yield from _run(item.body, _ABSENT if value is None else bare(value), budget)
        if not results:
            # Go walks the body once to find its end; what fails there fails here
            for _ in _run(item.body, _ABSENT, budget):
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
    value = bare(value)
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


def as_list(objects: Iterable[Any]) -> dict[str, Any]:
    """The List that kubectl makes of several objects, which a template sees as a whole."""
    return {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": list(objects)}


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

    @property
    def paths(self) -> list[Path]:
        """What of a value must be there for `find` and `render` to be right."""
        return _looked_at(self._program, [()])

    @property
    def item_paths(self) -> list[Path]:
        """What of each object must be there for `render_list` to be right."""
        items = ("items",)
        return [path[1:] for path in self.paths if path[:1] in ((), items)]

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

    def render_json(self, value: Any) -> str:
        """
        What each action selects as a JSON list (`-o jsonpath-as-json=`).

        Raises:
            JsonPathFault: as `find`.
        """
        return "".join(to_json([bare(result) for result in results]) for results in _run(self._program, value))

    def render_list(self, objects: Iterable[Any]) -> Iterator[str]:
        """
        The text of the template for a List of objects, in pieces as they come.

        A template that passes over `.items` once takes the objects one by one, in constant memory; others see
        the list whole.

        Raises:
            JsonPathFault: as `find`.
        """
        one = self._pass_over_items()
        if one is None:
            yield self.render(as_list(objects))
            return
        for item in self._program:
            if item is not one:
                yield "".join(map(to_text, item.step([])))
            elif isinstance(item, _Loop):
                yield from _each(item, objects)
            else:
                yield from _spaced(item, objects)

    def _pass_over_items(self) -> _Emit | _Loop | None:
        """The one action that is not text, if it passes over `.items` once."""
        passes = [item for item in self._program if not isinstance(item.action, Text)]
        return passes[0] if len(passes) == 1 and _over_items(passes[0].action) else None


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
            root = _ABSENT if value is None else bare(value)
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
