"""
`-o custom-columns=NAME:.metadata.name,…`: columns that a person chose.

Ports `kubectl/pkg/cmd/get/customcolumn.go`, and the sorting of `kubectl/pkg/cmd/get/sorter.go` that shares its paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from kstore.decode.json.raw_json import RawJSON
from kstore.printable import escaped
from kstore.scalars.go_float import go_g
from kstore.view.jsonpath import JsonPath, JsonPathError
from kstore.view.tab_writer import BLOCK, TabWriter

_RELAXED = re.compile(r"\{\.?([^{}]+)\}\Z|\.?([^{}]+)\Z")
_HINT = "write NAME:.metadata.name,IMAGE:.spec.containers[*].image"


def relaxed_path(expression: str) -> str:
    """
    A path with or without braces and leading dot, as a template (`RelaxedJSONPathExpression`).

    Raises:
        JsonPathError: there is more than one path in it.
    """
    if not expression:
        return ""
    match = _RELAXED.match(expression)
    if match is None:
        raise JsonPathError(f"{expression!r} is not one path", hint="write .metadata.name or {.metadata.name}")
    return f"{{.{match[1] or match[2]}}}"


def go_value(value: Any) -> str:
    """A value as Go's `fmt.Sprint` prints an unstructured one: `map[a:1 b:[x y]]`, `<nil>`."""
    if type(value) is RawJSON:
        value = value.value
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_value(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_value, value))}]"
    return go_g(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class CustomColumn:
    """A header and where its cells come from."""

    header: str
    path: JsonPath

    def cell(self, obj: Any) -> str:
        """
        All that the path selects in an object, or `<none>`.

        Raises:
            JsonPathFault: the path cannot be followed in this object.
        """
        results = self.path.find(obj)
        values = [go_value(value) for found in results for value in found]
        if not results or not results[0]:
            values.insert(0, "<none>")
        return escaped(",".join(values))


def parse_custom_columns(spec: str) -> tuple[CustomColumn, ...]:
    """
    Read the columns of `-o custom-columns=`.

    Raises:
        JsonPathError: a column without header or path, or a path that cannot be read.
    """
    if not spec:
        raise JsonPathError("custom-columns format specified but no custom columns given", hint=_HINT)
    columns = []
    for part in spec.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise JsonPathError(f"{part!r} is not <header>:<json-path-expr>", hint=_HINT)
        columns.append(CustomColumn(header, JsonPath(relaxed_path(path))))
    return tuple(columns)


def parse_columns_file(text: str) -> tuple[CustomColumn, ...]:
    """
    Read the two lines of `-o custom-columns-file=`: headers, and below each its path.

    Raises:
        JsonPathError: a line is missing, or they are not of one length.
    """
    lines = [line.split() for line in [*text.splitlines(), "", ""]]
    headers, paths = lines[0], lines[1]
    if not headers or len(headers) != len(paths):
        raise JsonPathError(
            f"{len(headers)} headers and {len(paths)} paths do not match", hint="one of each in two lines"
        )
    return tuple(CustomColumn(h, JsonPath(relaxed_path(p))) for h, p in zip(headers, paths, strict=True))


def custom_columns_text(
    columns: tuple[CustomColumn, ...],
    objects: Iterable[Any],
    *,
    headers: bool = True,
    block: int | None = BLOCK,
) -> Iterator[str]:
    """
    Objects as a table of chosen columns, in pieces of whole lines; the headers stand even over no rows.

    Args:
        columns: what is shown.
        objects: the objects, in order.
        headers: whether the first line names the columns.
        block: rows that are measured together; None measures all before the first is shown, as kubectl does.

    Raises:
        JsonPathFault: a path cannot be followed in an object.
    """
    header = ["\t".join(column.header for column in columns)] if headers else []
    lines = chain(header, ("\t".join([column.cell(obj) for column in columns]) for obj in objects))
    writer = TabWriter()
    if block is None:
        whole = "\n".join(lines)
        if whole:
            yield writer.lay_out(whole) + "\n"
    else:
        yield from writer.stream(lines, block)
