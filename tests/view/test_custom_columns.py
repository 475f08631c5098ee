"""
Columns that a person chose.
"""

from __future__ import annotations

import pytest

from kstore.errors import KstoreError
from kstore.view.custom_columns import custom_columns_text, go_value, parse_custom_columns

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
