"""
The fields of a custom type, as its schema says.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.errors import UsageError
from kstore.view.explain import ExplainedField, SchemaFields, explain_json, explain_text, field_at

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "default": 3},
        "mode": {"type": "string", "enum": ["on", "off"], "description": "How it burns.\nNot read on."},
        "ports": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number"],
                "properties": {"number": {"x-kubernetes-int-or-string": True}},
            },
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
SOURCE = SchemaFields()
ROOT = ExplainedField("Lamp", "object", inner=SCHEMA)


def test_what_a_schema_says_of_its_fields() -> None:
    """Types with lists and maps of them; what is required, defaults, and which values there are."""
    assert [(one.name, one.type, one.notes) for one in SOURCE.fields(SCHEMA)] == [
        ("size", "integer", ("required", "default 3")),
        ("mode", "string", ("one of on, off",)),
        ("ports", "[]object", ()),
        ("labels", "map[string]string", ()),
        ("free", "object", ("unknown fields kept",)),
    ]
    assert [one.notes for one in SOURCE.fields(field_at(SOURCE, ROOT, ["ports"]).inner)] == [("required",)]


def test_a_field_that_there_is_not() -> None:
    """Those that there are, at the place where the path breaks off."""
    with pytest.raises(UsageError, match=r"Lamp\.ports has no field 'name'") as caught:
        field_at(SOURCE, ROOT, ["ports", "name", "x"])
    assert caught.value.hint == "it has number"
    with pytest.raises(UsageError) as caught:
        field_at(SOURCE, ROOT, ["size", "x"])
    assert caught.value.hint == "it has no fields"


@pytest.mark.parametrize(("depth", "inner"), [(1, False), (2, True)])
def test_how_many_levels_are_shown(depth: int, inner: bool) -> None:
    """So many, those below others indented; of a description its first line."""
    lines = "".join(explain_text(SOURCE, ROOT, {"KIND": "Lamp"}, depth=depth)).splitlines()
    assert lines[0] == "KIND: Lamp"
    assert lines[2].split() == ["FIELD", "TYPE", "NOTES"]
    assert any(line.endswith("one of on, off. How it burns.") for line in lines)
    assert any(line.startswith("  number") for line in lines) is inner
    document = explain_json(SOURCE, ROOT, depth=depth)
    ports = next(one for one in document["fields"] if one["name"] == "ports")
    assert ("fields" in ports) is inner
