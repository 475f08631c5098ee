"""
Columns of a row, computed without a database.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.sql.conftest import asked_of

from kstore.sql.columns import OBJECTS, Row
from kstore.testing import MemorySource

KEY = "/registry/configmaps/shop/a"
VALUES = {column.name: column.value for column in OBJECTS}


def row(*entries: tuple[str, str]) -> Row:
    """A ConfigMap that these managers have written, each at its time."""
    source = MemorySource()
    fields = [
        {"manager": manager, "operation": "Update", "time": time, "fieldsType": "FieldsV1", "fieldsV1": {}}
        for manager, time in entries
    ]
    metadata: dict[str, Any] = {"name": "a", "namespace": "shop", "managedFields": fields}
    source.put(KEY, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    asked = asked_of(source)
    (record,) = source.scan()
    return Row(asked, asked.store.codec.read(record), record)


@pytest.mark.parametrize(
    ("entries", "managers", "last"),
    [
        ((("a", "2026-01-01T00:00:00Z"), ("b", "2026-01-02T00:00:00Z")), ["a", "b"], "b"),
        ((("b", "2026-01-02T00:00:00Z"), ("a", "2026-01-01T00:00:00Z")), ["b", "a"], "b"),
        ((("b", "2026-01-02T00:00:00Z"), ("a", "2026-01-01T00:00:00Z"), ("b", "2025-01-01T00:00:00Z")),
         ["b", "a"], "b"),
        ((), [], None),
    ],
)  # fmt: skip
def test_who_wrote_last(entries: tuple[tuple[str, str], ...], managers: list[str], last: str | None) -> None:
    """The manager whose entry is the newest, wherever it stands; each is named once."""
    found = row(*entries)
    assert (VALUES["managers"](found), VALUES["last_manager"](found)) == (managers, last)
