"""
Unions of apiextensions: one of two things in JSON, and on the wire sometimes both.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from kstore.decode.unions import DisallowedSchema, ListWithSchema, fold, schemas_in, unfold
from kstore.errors import DecodeError

BOOL, ARRAY, TEXTS = (f"apiextensions.v1.JSONSchemaPropsOr{name}" for name in ("Bool", "Array", "StringArray"))
SCHEMA = {"type": "string"}


@pytest.mark.parametrize(
    ("name", "parts", "shown"),
    [
        (BOOL, {"Allows": True}, True),
        (BOOL, {"Allows": False}, False),
        (BOOL, {"Allows": True, "Schema": SCHEMA}, SCHEMA),
        (BOOL, {"Allows": False, "Schema": SCHEMA}, SCHEMA),
        (ARRAY, {"JSONSchemas": [SCHEMA, {}]}, [SCHEMA, {}]),
        (ARRAY, {"Schema": SCHEMA}, SCHEMA),
        (ARRAY, {"JSONSchemas": [{}], "Schema": SCHEMA}, [{}]),
        (TEXTS, {"Property": ["a"]}, ["a"]),
        (TEXTS, {"Property": ["a"], "Schema": SCHEMA}, ["a"]),
    ],
)
def test_parts_come_back(name: str, parts: dict[str, Any], shown: Any) -> None:
    """JSON shows one part; what it does not show is kept, through a copy as well."""
    value = fold(name, parts)
    assert value == shown
    assert unfold(name, deepcopy(value)) == parts


def test_plain_values_are_plain() -> None:
    """Only what JSON cannot hold is kept in types of its own."""
    assert type(fold(BOOL, {"Allows": True, "Schema": SCHEMA})) is dict
    assert type(fold(TEXTS, {"Property": ["a"]})) is list
    assert isinstance(fold(BOOL, {"Schema": SCHEMA}), DisallowedSchema)
    assert isinstance(fold(ARRAY, {"JSONSchemas": [{}], "Schema": {}}), ListWithSchema)


def test_json_allows_what_it_has_a_schema_for() -> None:
    """As Go's UnmarshalJSON: a schema is allowed."""
    assert unfold(BOOL, SCHEMA) == {"Allows": True, "Schema": SCHEMA}


def test_all_schemas_are_found() -> None:
    """Those of a list and the one beside it; texts and booleans are none."""
    assert schemas_in(fold(ARRAY, {"JSONSchemas": [{"type": "a"}], "Schema": SCHEMA})) == [{"type": "a"}, SCHEMA]
    assert schemas_in(fold(TEXTS, {"Property": ["a"], "Schema": SCHEMA})) == [SCHEMA]
    assert schemas_in(SCHEMA) == [SCHEMA]
    assert schemas_in(True) == []


def test_other_values_are_refused() -> None:
    """A value of neither kind says so."""
    with pytest.raises(DecodeError, match="a str where JSONSchemaPropsOrBool was expected"):
        unfold(BOOL, "yes")
    with pytest.raises(DecodeError, match="a bool where"):
        unfold(ARRAY, True)
