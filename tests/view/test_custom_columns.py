"""
Columns that a person chose.
"""

from __future__ import annotations

import pytest

from kstore.errors import KstoreError
from kstore.view.custom_columns import custom_columns_text, go_value, parse_columns_file, parse_custom_columns

OBJECTS = [
    {"metadata": {"name": "b"}, "spec": {"memory": "1Gi", "ports": [80, 443]}},
    {"metadata": {"name": "a"}, "spec": {"memory": "512Mi"}},
    {"metadata": {"name": "c"}},
]


def text(spec: str) -> str:
    return "".join(custom_columns_text(parse_custom_columns(spec), OBJECTS))


def test_columns():
    """A header and a path each; what is not there is <none>, several values are joined by commas."""
    assert text("NAME:.metadata.name,PORTS:{.spec.ports[*]}") == (
        "NAME   PORTS\nb      80,443\na      <none>\nc      <none>\n"
    )


@pytest.mark.parametrize("spec", ["", "NAME", "NAME:{.a"])
def test_broken_columns(spec):
    """A column without a path is refused."""
    with pytest.raises(KstoreError):
        text(spec)


def test_values_as_go_prints_them():
    """Maps, lists and nulls in fmt.Sprint's form."""
    assert go_value({"a": 1, "b": ["x", None]}) == "map[a:1 b:[x <nil>]]"
    assert go_value({"b": {"d": True, "c": 1.5}, "a": None}) == "map[a:<nil> b:map[c:1.5 d:true]]"


def test_columns_of_a_file():
    """Headers, and below each its path: as many of one as of the other."""
    (name, memory) = parse_columns_file("NAME   MEMORY\n.metadata.name {.spec.memory}\nmore\n")
    assert (name.header, name.cell(OBJECTS[0])) == ("NAME", "b")
    assert (memory.header, memory.cell(OBJECTS[1])) == ("MEMORY", "512Mi")
    for broken in ("", "NAME", "NAME MEMORY\n.metadata.name", "NAME\n.metadata.name .spec.memory"):
        with pytest.raises(KstoreError, match="do not match"):
            parse_columns_file(broken)
