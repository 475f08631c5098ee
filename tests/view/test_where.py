"""
Objects selected by an expression.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.codec import StoredObject
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import UsageError
from kstore.naming import gvk
from kstore.records import Record

pytest.importorskip("cel")

from kstore.view.where import Where


def stored(**members: Any) -> StoredObject:
    """An object in a store."""
    obj = {"kind": "Thing", "apiVersion": "example.com/v1", "metadata": {"name": "a"}, **members}
    return StoredObject(Record(b"/registry/a", b"12345", 1, 7, 1), gvk("example.com/v1", "Thing"), "json", obj)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("spec.replicas > 1", True),
        ("object.spec.replicas == 2 && self.kind == 'Thing'", True),
        ("metadata.name.startsWith('b')", False),
        ("has(spec.paused)", False),
        ("spec.paused", False),
        ("status.ready", False),
        ("stored.size == 5 && stored.revision == 7 && stored.encoding == 'json'", True),
        ("stored.encrypted", False),
        ("spec.raw.a[0] == 1", True),
        ("spec.list.exists(x, x == 'b')", True),
    ],
)
def test_expressions(expression: str, expected: bool) -> None:
    """Members of the object by name, the object as a whole, and how it is stored; what is absent is no match."""
    obj = stored(spec={"replicas": 2, "raw": RawJSON(b'{"a": [1]}'), "list": ["a", "b"]})
    assert Where(expression).matches(obj) is expected


def test_faults_are_remembered() -> None:
    """What cannot be judged is no match, and says why; so does what is no truth value."""
    for expression in ("spec.replicas + 'a' == 'b'", "spec.replicas", "nothing > 1"):
        where = Where(expression)
        assert not where.matches(stored(spec={"replicas": 2}))
        assert where.fault
    assert Where("spec.replicas == 2").fault == ""


def test_what_is_no_expression() -> None:
    """It is refused at once, with the place."""
    with pytest.raises(UsageError, match="1:6"):
        Where("spec.")
