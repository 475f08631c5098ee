"""
Sets of fields as servers write them; what real ones make of merged managers is in tests/e2e/aged_objects.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kstore.decode.json.raw_json import RawJSON
from kstore.scheme.field_sets import settled, union, written
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
        ({"v:0": {}}, {"v:-0": {}}, {"v:-0": {}}),
        ({"v:0": {"f:a": {}}}, {"v:-0": {"f:b": {}}}, {"v:0": {"f:a": {}, "f:b": {}}}),
        ({"v:0": {}}, {"v:-0": {"f:b": {}}}, {"v:-0": {".": {}, "f:b": {}}}),
    ],
)
def test_union(left: dict[str, Any], right: dict[str, Any], both: dict[str, Any]) -> None:
    """A field that is owned itself, and one of which a part is, are told apart."""
    assert union(left, right) == both


@pytest.mark.parametrize(
    "text",
    [
        '{"f:data":{"f:a":{},"f:b":{}}}',
        '{"f:a b":{},"v:\\"x y\\"":{}}',
        '{"f:l":{".":{},"k:{\\"a\\":9}":{},"k:{\\"a\\":10}":{}}}',
        '{"f:l":{"k:{\\"a\\":\\"a\\"}":{".":{},"f:x":{}},"k:{\\"a\\":\\"a!\\"}":{}}}',
        '{"f:<a>&":{},"f:\u00e9":{}}',
    ],
)
def test_what_a_server_wrote_is_the_very_same(text: str) -> None:
    """Nothing is made anew where nothing changes."""
    kept = RawJSON(text.encode())
    assert settled(kept) is kept
    found = json.loads(text)
    assert settled(found) is found


WRITTEN = [
    ('{"f:data":{"f:b":{},"f:a":{}}}', '{"f:data":{"f:a":{},"f:b":{}}}'),
    ('{"f:b": {}, "f:a":\n{".": {}}}', '{"f:a":{},"f:b":{}}'),
    ('{".":{},"f:data":{}}', '{"f:data":{}}'),
    ('{"f:a":{},"f:a":{"f:b":{}}}', '{"f:a":{".":{},"f:b":{}}}'),
    ('{"f:a":{"f:b":{}},"f:a":{"f:c":{}}}', '{"f:a":{"f:c":{}}}'),
    ('{"f:a":{"f:b":{}},"f:x":{},"f:a":{}}', '{"f:a":{".":{},"f:b":{}},"f:x":{}}'),
    ('{"f:a":{".":1,"f:b":null}}', '{"f:a":{".":{},"f:b":{}}}'),
    ('{"f:a":{"x:y":[1]},"x:z":{}}', '{"f:a":{}}'),
    ('{"x:z":{}}', "{}"),
    ("null", "{}"),
    ('{"f:l":{"k:{ \\"b\\": 1.0, \\"a\\":2}":{}}}', '{"f:l":{"k:{\\"a\\":2,\\"b\\":1}":{}}}'),
    ('{"f:l":{"k:{\\"a\\":10}":{},"k:{\\"a\\":9}":{}}}', '{"f:l":{"k:{\\"a\\":9}":{},"k:{\\"a\\":10}":{}}}'),
    ('{"f:l":{"k:{\\"a\\":\\"a!\\"}":{},"k:{\\"a\\":\\"a\\"}":{}}}',
     '{"f:l":{"k:{\\"a\\":\\"a\\"}":{},"k:{\\"a\\":\\"a!\\"}":{}}}'),
    ('{"f:l":{"k:{\\"a\\":9007199254740993}":{}}}', '{"f:l":{"k:{\\"a\\":9007199254740992}":{}}}'),
    ('{"f:l":{"k:{\\"a\\":\\"<\\"}":{},"k:null":{}}}', '{"f:l":{"k:{}":{},"k:{\\"a\\":\\"\\\\u003c\\"}":{}}}'),
    ('{"f:l":{"v:1e-9":{},"v:10":{},"v:9":{},"v:1.0":{},"v:1":{}}}',
     '{"f:l":{"v:1e-09":{},"v:1":{},"v:9":{},"v:10":{}}}'),
    ('{"f:l":{"v:{\\"b\\":[2, 1],\\"a\\":null}":{}}}', '{"f:l":{"v:{\\"a\\":null,\\"b\\":[2,1]}":{}}}'),
    ('{"f:l":{"i:10":{},"i:+9":{},"i:007":{}}}', '{"f:l":{"i:7":{},"i:9":{},"i:10":{}}}'),
    ('{"f:l":{"v:0":{},"v:-0":{}}}', '{"f:l":{"v:0":{}}}'),
    ('{"f:l":{"v:-0":{},"v:0.0":{},"v:1":{}}}', '{"f:l":{"v:-0":{},"v:1":{}}}'),
    ('{"f:l":{"v:0":{},"v:-0":{"f:a":{}}}}', '{"f:l":{"v:-0":{".":{},"f:a":{}}}}'),
    ('{"f:l":{"v:-0":{"f:a":{}},"v:0":{}}}', '{"f:l":{"v:-0":{".":{},"f:a":{}}}}'),
    ('{"f:l":{"v:-0":{"f:a":{}},"v:0":{"f:b":{}}}}', '{"f:l":{"v:-0":{"f:b":{}}}}'),
    ('{"f:l":{"k:{\\"a\\":1,\\"b\\":-0}":{},"k:{\\"b\\":0,\\"a\\":1}":{}}}',
     '{"f:l":{"k:{\\"a\\":1,\\"b\\":-0}":{}}}'),
    ('{"f:l":{"v:[{\\"a\\":0}]":{},"v:[{\\"a\\":-0e5}]":{}}}', '{"f:l":{"v:[{\\"a\\":0}]":{}}}'),
    ('{"f:l":{"v:0":{},"v:\\"-0\\"":{},"v:\\"0\\"":{},"v:false":{},"v:null":{}}}',
     '{"f:l":{"v:0":{},"v:\\"-0\\"":{},"v:\\"0\\"":{},"v:false":{},"v:null":{}}}'),
    ('{"f:l":{"k:{\\"a\\":1,\\"a\\":2}":{},"k:{\\"a\\":2}":{}}}',
     '{"f:l":{"k:{\\"a\\":1,\\"a\\":2}":{},"k:{\\"a\\":2}":{}}}'),
    ('{"f:l":{"v:{\\"b\\":1}":{},"v:{\\"a\\":1,\\"b\\":2}":{},"v:{}":{},"v:{\\"a\\":1}":{}}}',
     '{"f:l":{"v:{}":{},"v:{\\"a\\":1}":{},"v:{\\"a\\":1,\\"b\\":2}":{},"v:{\\"b\\":1}":{}}}'),
    ('{"f:\\u0001\\b":{},"f:\\u00e9\\ud800":{}}', '{"f:\\u0001\\u0008":{},"f:\u00e9\ufffd":{}}'),
]  # fmt: skip
"""As they are stored, and as real servers of 1.29.6 and 1.37.2 write them."""


@pytest.mark.parametrize(("stored", "found"), WRITTEN)
def test_what_others_wrote(stored: str, found: str) -> None:
    """In order, each once, without what is of an unknown sort; numbers and space within a name anew."""
    assert settled(RawJSON(stored.encode())) == RawJSON(found.encode())
    assert settled(RawJSON(found.encode())) == RawJSON(found.encode())


def test_a_set_of_a_custom_object() -> None:
    """It is a dict there, whose order is nobody's; what it says is told the same way."""
    assert settled({"f:b": {".": {}, "f:c": {}}, "x:y": {}, "f:a": None}) == {"f:a": {}, "f:b": {".": {}, "f:c": {}}}
    assert settled({"f:a": 1}) is None


UNREADABLE = (
    '{"f:a":1}', '{"f:a":[]}', "[]", '{"fa":{}}', '{"f":{}}', '{"":{}}', '{"k:{":{}}', '{"k:\\"a\\"":{}}', '{"v:":{}}',
    '{"i:x":{}}', '{"i: 7":{}}', '{"i:1_0":{}}', '{"v:1e400":{}}', '{"k:{\\"a\\"}":{}}',
)  # fmt: skip


@pytest.mark.parametrize("text", [*UNREADABLE, '{"f:a":'])
def test_what_a_server_cannot_read(text: str) -> None:
    """Of an object that has one such set a server drops all managedFields."""
    assert settled(RawJSON(text.encode())) is None
    entries = [entry("one", 1, b'{"f:a":{}}'), entry("two", 2, text.encode())]
    assert settled_entries(entries, lambda _: True) == []


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
