"""
What is taken of a conversion webhook's answer, and what is refused.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.customresource.webhook_answer import checked
from kstore.errors import NotConvertible

METADATA: dict[str, Any] = {"name": "a", "namespace": "n", "uid": "u", "generation": 3}


def boat(version: str, **metadata: Any) -> dict[str, Any]:
    """An object."""
    return {"apiVersion": f"example.com/{version}", "kind": "Boat", "metadata": {**METADATA, **metadata}}


def answered(answer: Any, **before: Any) -> dict[str, Any]:
    """The metadata of what is taken, of an object whose metadata was like this before."""
    found: dict[str, Any] = checked(boat("v1", **before), answer, "example.com/v2")["metadata"]
    return found


def test_only_labels_and_annotations_are_taken() -> None:
    """All else of the metadata is as it was, whatever the webhook says of it; what it leaves out is gone."""
    found = answered(boat("v2", labels={"b": "2"}, generation=9, finalizers=["x"]), labels={"a": "1"}, annotations={})
    assert found == {**METADATA, "labels": {"b": "2"}}


@pytest.mark.parametrize("member", ["labels", "annotations"])
def test_what_was_there_before_is_not_judged(member: str) -> None:
    """A name that no server would take any more is refused only where it is new."""
    odd = {"-a-": "x"}
    assert answered(boat("v2", **{member: odd}), **{member: odd})[member] == odd
    with pytest.raises(NotConvertible, match="no qualified name"):
        answered(boat("v2", **{member: odd}))


@pytest.mark.parametrize(
    ("member", "found", "said"),
    [
        ("labels", {"a" * 63: "v", f"{'p' * 253}/a": "v.-_9", "b": ""}, ""),
        ("annotations", {"UPPER.example.com/A": "any text: ü"}, ""),
        ("labels", {"a" * 64: ""}, "no qualified name"),
        ("labels", {f"{'p' * 254}/a": ""}, "no qualified name"),
        ("labels", {"/a": ""}, "no qualified name"),
        ("labels", {"a": "v" * 64}, "no valid value"),
        ("labels", {"a": "-v"}, "no valid value"),
        ("annotations", {"a": "x" * (256 << 10)}, "annotations of 262145 bytes"),
        ("annotations", {"a": "x" * ((256 << 10) - 1)}, ""),
        ("labels", {"a": 1}, "are no strings"),
        ("labels", ["a"], "are no strings"),
    ],
)
def test_what_is_new(member: str, found: Any, said: str) -> None:
    """Keys and values as apimachinery validates them; annotations up to 256 KiB."""
    if said:
        with pytest.raises(NotConvertible, match=said):
            answered(boat("v2", **{member: found}))
    else:
        assert answered(boat("v2", **{member: found}))[member] == found


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (boat("v3"), "apiVersion 'example.com/v3', expected 'example.com/v2'"),
        ({**boat("v2"), "kind": "Ship"}, "kind 'Ship'"),
        ({**boat("v2"), "metadata": []}, "without metadata"),
        (boat("v2", uid="other"), "changed metadata.uid"),
        (boat("v2", namespace=None), "changed metadata.namespace"),
        ("text", "no object"),
    ],
)
def test_another_object(answer: Any, said: str) -> None:
    """It is refused: what is written must be the same object."""
    with pytest.raises(NotConvertible, match=said):
        answered(answer)
