"""
The structs of apiextensions that are one of two things in JSON: a schema or a list, a schema or a boolean.

In the object's dict they stand as in JSON; on the wire and in Go they are structs of two fields.
(`apiextensions-apiserver/pkg/apis/apiextensions/v1/marshal.go`) The wire can hold what JSON cannot, and the apiserver
writes it back: a list with a schema beside it, a schema that is there and is not allowed.
"""

from __future__ import annotations

from typing import Any

from kstore.errors import DecodeError


class ListWithSchema(list[Any]):
    """A list that also holds a schema."""

    schema: Any

    @classmethod
    def of(cls, items: list[Any], schema: Any) -> list[Any]:
        """The list itself where there is no schema to hold."""
        if schema is None:
            return items
        made = cls(items)
        made.schema = schema
        return made


class DisallowedSchema(dict[str, Any]):
    """A schema whose struct says that nothing is allowed."""


def schemas_in(value: Any) -> list[Any]:
    """The schemas that a union holds, whichever it is."""
    items = value if isinstance(value, list) else [value]
    return [schema for schema in (*items, getattr(value, "schema", None)) if isinstance(schema, dict)]


def fold(name: str, parts: dict[str, Any]) -> Any:
    """What JSON has for a union, from the parts that Go has."""
    short = name.rpartition(".")[2]
    schema = parts.get("Schema")
    if short == "JSONSchemaPropsOrBool":
        if schema is None:
            return bool(parts.get("Allows"))
        return schema if parts.get("Allows") else DisallowedSchema(schema)
    items = parts.get("JSONSchemas" if short == "JSONSchemaPropsOrArray" else "Property")
    return ListWithSchema.of(items, schema) if items else schema


def unfold(name: str, value: Any) -> dict[str, Any]:
    """
    The parts that Go has for a union, from what JSON has.

    Raises:
        DecodeError: JSON has something else than the union allows.
    """
    short = name.rpartition(".")[2]
    if isinstance(value, dict):
        allows = {"Allows": not isinstance(value, DisallowedSchema)} if short == "JSONSchemaPropsOrBool" else {}
        return {**allows, "Schema": value}
    if short == "JSONSchemaPropsOrBool" and isinstance(value, bool):
        return {"Allows": value}
    if short != "JSONSchemaPropsOrBool" and isinstance(value, list):
        items = {"JSONSchemas" if short == "JSONSchemaPropsOrArray" else "Property": value}
        return {**items, "Schema": value.schema} if isinstance(value, ListWithSchema) else items
    if value is None:
        return {}
    raise DecodeError(f"a {type(value).__name__} where {short} was expected")
