"""
Many objects as one text.
"""

from __future__ import annotations

import json

import pytest
import yaml

from kstore.decode.json.number import Number
from kstore.decode.json.raw_json import RawJSON
from kstore.view.documents import json_lines, json_list, names, yaml_list
from kstore.view.hex_text import hex_dump
from kstore.view.json_text import to_json, to_json_line

OBJECTS = [
    {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}},
    {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "b"}, "spec": {"x": [1, {"y": 2}]}},
]


def test_lists_are_what_kubectl_prints():
    """A List of the objects in YAML and in JSON, streamed; an empty one too."""
    expected = {"apiVersion": "v1", "items": OBJECTS, "kind": "List", "metadata": {"resourceVersion": ""}}
    assert yaml.safe_load("".join(yaml_list(OBJECTS))) == expected
    assert json.loads("".join(json_list(OBJECTS))) == expected
    assert json.loads("".join(json_list([])))["items"] == []
    assert yaml.safe_load("".join(yaml_list([])))["items"] == []


def test_lines_and_names():
    """A line an object in its own order; names carry the group."""
    assert "".join(json_lines(OBJECTS[:1])) == '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}\n'
    assert list(names(OBJECTS)) == ["pod/a\n", "deployment.apps/b\n"]


def test_json_is_indented_by_four_with_sorted_keys():
    """As kubectl -o json prints: four spaces, members sorted; numbers of any size."""
    assert to_json({"b": 1, "a": {"c": []}}) == '{\n    "a": {\n        "c": []\n    },\n    "b": 1\n}\n'
    assert to_json_line({"b": 1 << 70, "f": Number(1.5)}) == f'{{"b":{1 << 70},"f":1.5}}\n'


@pytest.mark.parametrize(("text", "printed"), [("31.0", "31"), ("-0.5", "-0.5"), ("1e3", "1000"), ("1e21", "1e+21")])
def test_numbers_are_spelled_as_go_does(text: str, printed: str) -> None:
    """As kubectl prints a float64 that a server sent it: 31, not 31.0; of read JSON, of raw JSON, beside huge ones."""
    raw = RawJSON(f'{{"x":{text}}}'.encode())
    expected = f'{{"a":{printed},"r":{{"x":{printed}}}}}\n'
    assert to_json_line({"a": Number(text), "r": raw}) == expected
    huge = {"a": Number(text), "r": raw, "z": 1 << 70}
    assert to_json_line(huge) == expected.replace("}}\n", f'}},"z":{1 << 70}}}\n')
    assert json.loads(to_json({"a": Number("nan")})) == {"a": None}


def test_hex_dump():
    """Sixteen bytes a line with what is printable, the length last."""
    lines = "".join(hex_dump(b"k8s\0" + bytes(range(16)))).splitlines()
    assert lines[0].startswith("00000000")
    assert "k8s." in lines[0]
    assert lines[-1].strip() == "00000014"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (b'{"f:spec":{".":{},"k:{\\"name\\":\\"web\\"}":{}}}', None),
        (b'{"a":"<&>"}', None),
        (b'{"a": 1}', '{"a":1}'),
        (b'{"a":"\\u003c"}', '{"a":"<"}'),
        (b'{"a":1,"a":2}', '{"a":2}'),
        (b'{"a":1.0,"b":1e2}', '{"a":1,"b":100}'),
        (b"1.0", "1"),
        (b"1.5", None),
        (b"{", '{"$invalidJSON":"{"}'),
        (b'{"a":"%b"}' % (b"x" * 20_000), None),
    ],
)
def test_raw_json_on_a_line(text: bytes, printed: str | None) -> None:
    """Raw JSON is printed as what it says, in Go's numbers; what would come out the same is copied."""
    assert to_json_line({"r": RawJSON(text)}) == f'{{"r":{printed or text.decode()}}}\n'
