"""
YAML as kubectl prints it, and read back.
"""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kstore.decode.json.raw_json import RawJSON
from kstore.decode.yaml_input import read_document
from kstore.view.yaml_text import to_yaml


def test_layout():
    """Keys are sorted, lists stand at their key's own column, empty collections inline."""
    assert to_yaml({"b": [{"z": 1, "x": [1, 2]}, []], "a": {}, "c": None, "d": [[1], [2]]}) == (
        "a: {}\nb:\n- x:\n  - 1\n  - 2\n  z: 1\n- []\nc: null\nd:\n- - 1\n- - 2\n"
    )


def test_strings_that_would_be_read_as_something_else_are_quoted():
    """What YAML 1.1 takes for a number, a truth value, a null or a date keeps its quotes; other text stands plain."""
    quoted = [
        "yes",
        "off",
        "1",
        "1e3",
        "0x1f",
        "null",
        "~",
        "2026-01-02",
        "1_000",
        "",
        "- a",
        "a: b",
        "#",
        " a",
        "y",
    ]
    for text in quoted:
        printed = to_yaml({"k": text})
        assert printed[3] in "'\"", printed
        assert read_document(printed) == {"k": text}
    for text in ["abc", "a-b", "1.2.3", "http://x", "a b", "10.0.0.1"]:
        assert to_yaml({"k": text}) == f"k: {text}\n"


def test_blocks():
    """Text of several lines is a block that keeps its last newline, or says that there is none."""
    assert to_yaml({"k": "a\nb\n"}) == "k: |\n  a\n  b\n"
    assert to_yaml({"k": "a\nb"}) == "k: |-\n  a\n  b\n"
    assert to_yaml({"k": "a\n\n"}) == "k: |+\n  a\n\n"


def test_raw_json_is_opened():
    """Raw JSON is printed as what it says."""
    assert to_yaml({"fieldsV1": RawJSON(b'{"f:b":{},"f:a":{}}')}) == "fieldsV1:\n  f:a: {}\n  f:b: {}\n"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(codec="utf-8"), max_size=90),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES.filter(lambda value: value is not None))
def test_what_is_printed_is_read_back(value):
    """Whatever is printed, kubectl's reader makes the same of it."""
    assert read_document(to_yaml(value)) == value


@given(st.dictionaries(st.text("abcxyz", min_size=1), st.text("abc xyz\n:-#", max_size=40), max_size=5))
def test_other_readers_agree(value):
    """Another YAML reader makes the same of it."""
    assert yaml.safe_load(to_yaml(value)) == value or "y" in str(value)


@pytest.mark.parametrize(
    "names",
    [
        ["a1", "a01"],
        ["a1", "a01", "a2", "a02", "a10"],
        ["a9", "a10"],
        ["A", "a"],
        ["a-b", "a.b", "ab"],
        ["a1b", "a01a"],
    ],
)
def test_members_in_the_order_of_their_numbers(names):
    """By the numbers in their names; of one number the one with fewer digits comes first."""
    for order in (names, names[::-1]):
        assert to_yaml(dict.fromkeys(order, 1)) == "".join(f"{name}: 1\n" for name in names)
