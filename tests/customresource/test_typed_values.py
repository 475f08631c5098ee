"""
Values that are not what their schema says; `tests/e2e/test_aged_definitions.py` asks the real servers.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.customresource.structural import Structural
from kstore.customresource.typed_values import fits

ELEMENT = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "zone": {"type": "string", "default": "a"}, "size": {"type": "integer"}},
}
TWO_KEYS = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "size"]}
SCHEMA = Structural.of(
    {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "weight": {"type": "number"},
            "text": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "open": {"type": "boolean"},
            "port": {"x-kubernetes-int-or-string": True},
            "list": {"type": "array", "items": {"type": "string"}},
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "zones": {"type": "array", "items": ELEMENT, "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name", "zone"]},
            "sizes": {"type": "array", "items": ELEMENT, **TWO_KEYS},
            "object": {"type": "object", "properties": {"a": {"type": "string"}}},
            "numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "inner": {"type": "object", "x-kubernetes-embedded-resource": True,
                      "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "integer"}}},
                                     "spec": {"type": "object"}}},
        },
    }
)  # fmt: skip


def says(value: dict[str, Any], *, one_key_is_enough: bool = False) -> bool:
    """Whether a value is what the schema says."""
    return fits(value, SCHEMA, one_key_is_enough=one_key_is_enough)


@pytest.mark.parametrize(
    "value",
    [
        {}, {"count": 1, "weight": 1.5, "text": "a", "open": True, "time": "x"}, {"count": 1.5}, {"time": 7},
        {"port": 1}, {"port": "a"}, {"port": True}, {"port": {}}, {"port": [1]},
        {"count": None, "text": None, "list": None, "object": None, "zones": None},
        {"list": ["a", None]}, {"set": ["a", "a"]}, {"zones": [{"name": "a"}, {"name": "a"}]},
        {"zones": [{"name": None}]}, {"sizes": [{"name": "a", "size": 1}]},
        {"object": {"a": "b"}}, {"numbers": {"a": 1}}, {"free": {"a": [1, {"b": None}]}}, {"unknown": {"a": 1}},
        {"inner": {"metadata": {"name": "a"}, "spec": {}}},
    ],
)  # fmt: skip
def test_what_fits(value: dict[str, Any]) -> None:
    """
    Null fits everywhere but in lists whose elements are told apart; numbers are numbers. What an embedded resource's
    metadata is its schema does not decide.
    """
    assert says(value)


@pytest.mark.parametrize(
    "value",
    [
        {"count": "1"}, {"count": True}, {"weight": "x"}, {"text": 1}, {"open": "true"}, {"text": ["a"]},
        {"list": {"a": "b"}}, {"list": "a"}, {"list": [1]}, {"object": "x"}, {"object": ["x"]}, {"object": {"a": 1}},
        {"numbers": {"a": "x"}}, {"free": "x"}, {"set": [None]}, {"set": [{"a": 1}]}, {"set": [["a"]]},
        {"zones": [None]}, {"zones": ["a"]}, {"zones": {"name": "a"}}, {"zones": [{"zone": "b"}]},
        {"zones": [{"name": 1}]}, {"zones": [{"name": "a", "size": "x"}]},
        {"inner": {"spec": "x"}},
    ],
)  # fmt: skip
def test_what_does_not(value: dict[str, Any]) -> None:
    """A value of another type, an element that lacks a key without a default or cannot be told apart."""
    assert not says(value)


def test_some_of_the_keys() -> None:
    """One key was not enough up to 1.33, and is since; none never is."""
    assert not says({"sizes": [{"name": "a"}]})
    assert says({"sizes": [{"name": "a"}]}, one_key_is_enough=True)
    assert not says({"sizes": [{"zone": "a"}]}, one_key_is_enough=True)
