"""
Sets of fields as servers write them; what real ones make of merged managers is in tests/e2e/aged_objects.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.decode.json.raw_json import RawJSON
from kstore.scheme.field_sets import tidied, union, written
from kstore.scheme.managed_fields import settled_entries


def test_the_order_of_elements() -> None:
    """Itself, fields, keys, values, places; values as `value.Compare` has them, numbers by their size."""
    names = [".", "f:A", "f:a", "f:ab", 'k:{"name":"a"}', 'k:{"name":"b","port":2}', 'k:{"name":"b","port":10}',
             "v:2", "v:10", 'v:"a"', "v:true", "i:2", "i:10"]  # fmt: skip
    found = written({name: {} for name in reversed(names)})
    places = [found.data.index(text) for text in (b'".":', b'"f:A"', b'"f:ab"', b'\\"port\\":2', b'\\"port\\":10')]
    places += [found.data.index(text) for text in (b'"v:2"', b'"v:10"', b'"v:\\"a', b'"v:true"', b'"i:2"', b'"i:10"')]
    assert places == sorted(places)
    assert b" " not in found.data


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        ({"f:a": {}}, {"f:b": {}}, {"f:a": {}, "f:b": {}}),
        ({"f:a": {}}, {"f:a": {}}, {"f:a": {}}),
        ({"f:a": {}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}),
        ({"f:a": {"f:b": {}}}, {"f:a": {}}, {"f:a": {".": {}, "f:b": {}}}),
        ({"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:c": {}}}, {"f:a": {".": {}, "f:b": {}, "f:c": {}}}),
    ],
)
def test_union(left: dict[str, Any], right: dict[str, Any], both: dict[str, Any]) -> None:
    """A field that is owned itself, and one of which a part is, are told apart."""
    assert union(left, right) == both


def test_space_goes() -> None:
    """What has none is the very same; space within a name is not meant."""
    kept = RawJSON(b'{"f:a b":{},"v:\\"x y\\"":{}}')
    assert tidied(kept) is kept
    assert tidied(RawJSON(b'{"f:b": {}, "f:a":\n{".": {}}}')) == RawJSON(b'{"f:a":{},"f:b":{}}')


def entry(manager: str, second: int, fields: bytes, **more: str) -> dict[str, Any]:
    return {
        "manager": manager, "operation": "Update", "apiVersion": "v1", "time": f"2020-01-01T00:00:{second:02}Z",
        "fieldsType": "FieldsV1", "fieldsV1": RawJSON(fields), **more,
    }  # fmt: skip


def test_the_oldest_are_merged() -> None:
    """Of twelve managers three become one, with the last one's time; the only one of its version stays."""
    entries = [entry(f"m{at}", at, b'{"f:data":{"f:%d":{}}}' % at) for at in range(10)]
    entries += [entry("other", 0, b'{"f:a":{}}', apiVersion="v1beta1"), entry("twelfth", 30, b'{"f:a":{}}')]
    found = settled_entries(entries, lambda _: True)
    assert [one["manager"] for one in found] == [
        "other",
        "ancient-changes",
        *(f"m{at}" for at in range(3, 10)),
        "twelfth",
    ]
    assert found[1] == {
        "manager": "ancient-changes", "operation": "Update", "apiVersion": "v1", "time": "2020-01-01T00:00:02Z",
        "fieldsType": "FieldsV1", "fieldsV1": RawJSON(b'{"f:data":{"f:0":{},"f:1":{},"f:2":{}}}'),
    }  # fmt: skip
    assert settled_entries(found, lambda _: True) == found
