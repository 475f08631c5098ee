"""
The structs of apiextensions that are one of two things in JSON: a schema or a list, a schema or a boolean.

In the object's dict they stand as in JSON; on the wire and in Go they are structs of two fields.
(`apiextensions-apiserver/pkg/apis/apiextensions/v1/marshal.go`)
"""

from __future__ import annotations

from typing import Any

from kstore.errors import DecodeError


def fold(name: str, parts: dict[str, Any]) -> Any:
    """What JSON has for a union, from the parts that Go has."""
    short = name.rpartition(".")[2]
    schema = parts.get("Schema")
    if short == "JSONSchemaPropsOrBool":
        return bool(parts.get("Allows")) if schema is None else schema
    return parts.get("JSONSchemas" if short == "JSONSchemaPropsOrArray" else "Property") or schema


def unfold(name: str, value: Any) -> dict[str, Any]:
    """
    The parts that Go has for a union, from what JSON has.

    Raises:
        DecodeError: JSON has something else than the union allows.
    """
    short = name.rpartition(".")[2]
    if isinstance(value, dict):
        return {"Allows": True, "Schema": value} if short == "JSONSchemaPropsOrBool" else {"Schema": value}
    if short == "JSONSchemaPropsOrBool" and isinstance(value, bool):
        return {"Allows": value}
    if short == "JSONSchemaPropsOrArray" and isinstance(value, list):
        return {"JSONSchemas": value}
    if short == "JSONSchemaPropsOrStringArray" and isinstance(value, list):
        return {"Property": value}
    if value is None:
        return {}
    raise DecodeError(f"a {type(value).__name__} where {short} was expected")
