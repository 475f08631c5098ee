"""
The columns and cells of custom resources: a CRD's `additionalPrinterColumns`.

Ports `apiextensions-apiserver/pkg/registry/customresource/tableconvertor` and
`apiextensions-apiserver/pkg/apiserver/helpers.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kstore.decode.json.number import as_whole
from kstore.scalars.times import parse_time
from kstore.view.columns.ages import since
from kstore.view.columns.printer import Column, Printer, default_columns
from kstore.view.columns.reading import Object, items, name_of, number, part, text
from kstore.view.jsonpath import JsonPath, JsonPathError, JsonPathFault, to_text

_AGE_PATH = ".metadata.creationTimestamp"
_INVALID = "<invalid>"
_INT64 = range(-(1 << 63), 1 << 63)


def _definitions(crd: Mapping[str, Any], version: str) -> list[Any]:
    """The printer columns of a version; v1beta1 may have one set for all versions."""
    spec = part(crd, "spec")
    own: Object = next((v for v in items(spec, "versions") if v.get("name") == version), {})
    return items(own, "additionalPrinterColumns") or items(spec, "additionalPrinterColumns")


def _integer(value: Any, now: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # what does not fit an int64 becomes the smallest, as Go's conversion on amd64 has it
    return whole if (whole := int(value)) in _INT64 else _INT64.start


def _number(value: Any, now: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return as_whole(float(value))  # as in the server's JSON


def _boolean(value: Any, now: int) -> Any:
    return value if isinstance(value, bool) else None


def _date(value: Any, now: int) -> Any:
    """`metav1.Time.UnmarshalQueryParameter`: empty and "null" are the zero time."""
    if not isinstance(value, str):
        return None
    if value in ("", "null"):
        return since(None, now)
    try:
        parse_time(value)
    except ValueError:
        return _INVALID
    return since(value, now)


def _string(value: Any, now: int) -> Any:
    return "<no value>" if value is None else to_text(value)


_CONVERTERS: dict[str, Callable[[Any, int], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "string": _string,
}


def _cell(path: JsonPath, convert: Callable[[Any, int], Any] | None, obj: Object, now: int) -> Any:
    """The first result of a column's path in the column's type, or None."""
    try:
        results = path.find(obj)
    except JsonPathFault:
        return None
    if not results or not results[0]:
        return None
    value = results[0][0]
    if convert is None or (value is None and convert is not _string):
        return None
    return convert(value, now)


def custom_printer(crd: Mapping[str, Any], version: str) -> Printer:
    """
    How the server prints a version of a custom kind.

    As in the server, the first column whose path cannot be read ends the columns, and one without columns of its own
    shows its age.
    """
    name, creation = default_columns()
    columns = [name]
    readers: list[tuple[JsonPath, Callable[[Any, int], Any] | None]] = []
    for column in _definitions(crd, version) or [
        {"name": "Age", "type": "date", "description": creation.description, "jsonPath": _AGE_PATH}
    ]:
        source = text(column, "jsonPath") or text(column, "JSONPath")
        try:
            path = JsonPath(f"{{{source}}}")
        except JsonPathError:
            break
        described = text(column, "description")
        kind = text(column, "type")
        columns.append(
            Column(
                text(column, "name"),
                kind,
                text(column, "format"),
                described or f"Custom resource definition column (in JSONPath format): {source}",
                number(column, "priority"),
            )
        )
        readers.append((path, _CONVERTERS.get(kind)))

    def cells(obj: Object, now: int) -> list[Any]:
        return [name_of(obj), *(_cell(path, convert, obj, now) for path, convert in readers)]

    return Printer(tuple(columns), cells)
