"""
The fields of a type: of a built-in one as Go has them, of a custom one as its schema says.

Knows field paths as kubectl writes them (`spec.containers`); no descriptions of built-in fields, which the catalog
does not hold. Which type a resource has is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kstore.catalog.json_layout import emits_always, layout
from kstore.catalog.loader import Catalog
from kstore.catalog.types import Field, TypeRef
from kstore.errors import UsageError
from kstore.view.describe.page import Table


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One field of a type."""

    name: str
    type: str
    number: int = 0
    """The protobuf field number; 0 where the type has none."""
    notes: tuple[str, ...] = ()
    """What else is known: defaults, merge keys, whether a zero value is written."""
    description: str = ""
    inner: Any = None
    """By which its own fields are found: a TypeRef, or a schema."""


class TypeFields:
    """The fields of built-in types."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def fields(self, inner: Any) -> list[ExplainedField]:
        """The fields of a type; of a list or map, those of its elements."""
        ref: TypeRef = inner
        while ref.element is not None and ref.form in ("list", "map"):
            ref = ref.element
        if ref.form not in ("struct", "union"):
            return []
        return [self._field(name, field) for name, field in layout(self._catalog, ref.name).members.items()]

    def _field(self, name: str, field: Field) -> ExplainedField:
        notes = []
        if field.default is not None:
            notes.append(f"default {field.default}")
        if field.merge_key:
            notes.append(f"merged by {field.merge_key}")
        if emits_always(field):
            notes.append("always written")
        return ExplainedField(name, _short(field.type), field.number, tuple(notes), inner=field.type)


def _short(ref: TypeRef) -> str:
    """A type without its package: `[]Container`, `map[string]Quantity`."""
    if ref.element is not None:
        inner = _short(ref.element)
        return f"map[string]{inner}" if ref.form == "map" else f"[]{inner}"
    return ref.name.rpartition(".")[2]


class SchemaFields:
    """The fields of an OpenAPI v3 schema, as CustomResourceDefinitions have it."""

    def fields(self, inner: Any) -> list[ExplainedField]:
        """The properties of a schema; of an array or a map, those of its elements."""
        schema = _element(inner)
        required = schema.get("required") or ()
        return [
            self._field(name, one, required=name in required) for name, one in (schema.get("properties") or {}).items()
        ]

    def _field(self, name: str, schema: Mapping[str, Any], *, required: bool) -> ExplainedField:
        notes = ["required"] if required else []
        if "default" in schema:
            notes.append(f"default {schema['default']}")
        if schema.get("enum"):
            notes.append(f"one of {', '.join(map(str, schema['enum']))}")
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            notes.append("unknown fields kept")
        return ExplainedField(
            name, _schema_type(schema), 0, tuple(notes), str(schema.get("description") or ""), inner=schema
        )


def _element(schema: Any) -> Mapping[str, Any]:
    """What an array or a map holds, else the schema itself."""
    while isinstance(schema, Mapping):
        inner = schema.get("items") or schema.get("additionalProperties")
        if not isinstance(inner, Mapping):
            return schema
        schema = inner
    return {}


def _schema_type(schema: Mapping[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "IntOrString"
    inner = schema.get("items") if schema.get("type") == "array" else schema.get("additionalProperties")
    if isinstance(inner, Mapping):
        return f"{'[]' if schema.get('type') == 'array' else 'map[string]'}{_schema_type(inner)}"
    return str(schema.get("type") or "object")


Source = TypeFields | SchemaFields


def field_at(source: Source, root: ExplainedField, path: list[str]) -> ExplainedField:
    """
    The field at a path below a type.

    Raises:
        UsageError: there is none; the hint names those that there are.
    """
    found = root
    for depth, name in enumerate(path):
        fields = {field.name: field for field in source.fields(found.inner)}
        if name not in fields:
            where = ".".join([root.name, *path[:depth]])
            known = ", ".join(fields) or "no fields"
            raise UsageError(f"{where} has no field {name!r}", hint=f"it has {known}")
        found = fields[name]
    return found


def explain_text(source: Source, found: ExplainedField, head: Mapping[str, str], *, depth: int) -> Iterator[str]:
    """
    Yield the page of a field: what it is, and its own fields as a table.

    Args:
        source: where the fields come from.
        found: which field.
        head: labels and values for the top of the page.
        depth: how many levels of fields are shown, those below others indented.
    """
    width = max(map(len, head)) + 1
    for label, value in head.items():
        yield f"{f'{label}:':<{width}} {value}\n"
    if found.description:
        yield f"\n{found.description}\n"
    rows = list(_rows(source, found, depth, "", ()))
    if rows:
        yield "\n"
        yield from _table(rows, numbers=isinstance(source, TypeFields))


def _rows(
    source: Source, found: ExplainedField, depth: int, indent: str, above: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    for field in source.fields(found.inner):
        notes = ", ".join(field.notes)
        description = field.description.partition("\n")[0]
        yield (
            f"{indent}{field.name}",
            field.type,
            str(field.number or ""),
            ". ".join(filter(None, (notes, description))),
        )
        if depth > 1 and field.type not in above:
            yield from _rows(source, field, depth - 1, f"{indent}  ", (*above, field.type))


def _table(rows: list[tuple[str, ...]], *, numbers: bool) -> Iterator[str]:
    table = Table(("Field", "Type", "Number", "Notes") if numbers else ("Field", "Type", "Notes"), [])
    chosen = rows if numbers else [(name, kind, notes) for name, kind, _, notes in rows]
    lines = [tuple(header.upper() for header in table.headers), *chosen]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.headers))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip() + "\n"


def explain_json(source: Source, found: ExplainedField, *, depth: int, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """A field and its own fields as a document, `depth` levels of them."""
    fields = [] if found.type in above else source.fields(found.inner)
    document: dict[str, Any] = {"name": found.name, "type": found.type}
    if found.number:
        document["number"] = found.number
    if found.notes:
        document["notes"] = list(found.notes)
    if found.description:
        document["description"] = found.description
    if depth:
        inner = (*above, found.type)
        members = [explain_json(source, field, depth=depth - 1, above=inner) for field in fields]
        if members:
            document["fields"] = members
    return document
