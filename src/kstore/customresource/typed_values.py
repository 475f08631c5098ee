"""
Whether a custom resource is what its schema says, as far as a server must know it to say who owns what.

Ported from `structured-merge-diff/typed/{validate,helpers}.go` and kube-openapi's `pkg/schemaconv`. Where a value is of
another type, or an element of a list lacks the keys that tell it apart, a server gives up on all managedFields of the
object. Whether it takes the object at all is another question: from 1.30 on it lets wrong values be that were wrong
before.
"""

from __future__ import annotations

from typing import Any

from kstore.customresource.structural import Structural

_TEXT_FORMATS = ("", "byte")
"""Formats of strings that are held to be strings; others are any scalar."""


def fits(value: Any, schema: Structural | None, *, one_key_is_enough: bool) -> bool:
    """
    Whether a value and all below it are of the types of a schema.

    Args:
        value: plain JSON.
        schema: None where nothing is described.
        one_key_is_enough: whether an element may lack some of its keys, if it has one.
    """
    if schema is None or value is None:
        return True
    if isinstance(value, dict):
        return schema.type in ("", "object") and all(
            fits(item, schema.member(name), one_key_is_enough=one_key_is_enough)
            for name, item in value.items()
            if not (schema.embedded and name == "metadata")
        )
    if isinstance(value, list):
        return schema.type in ("", "array") and all(
            _is_element(item, schema, one_key_is_enough)
            and fits(item, schema.items, one_key_is_enough=one_key_is_enough)
            for item in value
        )
    return _is_scalar(value, schema)


def _is_scalar(value: Any, schema: Structural) -> bool:
    match schema.type:
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "number":
            return not isinstance(value, bool | str)
        case "string":
            return isinstance(value, str) or schema.format not in _TEXT_FORMATS
        case "":
            return True
    return False


def _is_element(item: Any, schema: Structural, one_key_is_enough: bool) -> bool:
    """Whether an element can be told apart from others, in a list whose elements are."""
    if schema.whole or schema.type != "array":
        return True
    if not schema.keys:  # a set
        return item is not None and not isinstance(item, dict | list)
    if not isinstance(item, dict):
        return False
    has = [name in item or _has_default(schema.items, name) for name in schema.keys]
    return any(has) if one_key_is_enough else all(has)


def _has_default(element: Structural | None, name: str) -> bool:
    member = element.member(name) if element else None
    return member is not None and member.default is not None
