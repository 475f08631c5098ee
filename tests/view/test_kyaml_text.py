"""
KYAML, held against what kubectl 1.37.2 printed for the same objects (`-o kyaml`), and against a reader of YAML.
"""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kstore.view.kyaml_text import kyaml_list, to_kyaml

PRINTED = """---
{
  apiVersion: "v1",
  data: {
    "1e3": "number",
    "2001-01-01": "date",
    a.b-c/d: "plain",
    fold: "\\
       first\\n\\
      \\  second\\n\\
      ",
    "no": "word",
    "tab\\there": "x\ty",
  },
  kind: "ConfigMap",
  lists: [{
    a: 1,
  }, {}],
  mixed: [
    1.5,
    {
      b: null,
    },
    [],
    true,
  ],
}
"""


def test_as_kubectl_prints_it() -> None:
    """Sorted members, quoted texts, folded lines; lists of maps stand beside their bracket."""
    obj = {
        "kind": "ConfigMap", "apiVersion": "v1",
        "data": {"fold": "first\n  second\n", "no": "word", "1e3": "number", "2001-01-01": "date",
                 "a.b-c/d": "plain", "tab\there": "x\ty"},
        "lists": [{"a": 1}, {}], "mixed": [1.5, {"b": None}, [], True],
    }  # fmt: skip
    assert to_kyaml(obj) == PRINTED


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_list(count: int) -> None:
    """A v1 List, also of none, that a reader of YAML takes."""
    objects = [{"kind": "Pod", "metadata": {"name": f"p{number}"}} for number in range(count)]
    text = "".join(kyaml_list(objects))
    assert yaml.safe_load(text)["items"] == objects
    assert ("items: []," if not count else "items: [{") in text


texts = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=20)


@given(st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda one: st.lists(one) | st.dictionaries(
    texts.filter(bool), one, max_size=3), max_leaves=8))  # fmt: skip
def test_it_is_yaml(value: object) -> None:
    """Whatever is printed, a reader of YAML gives back."""
    assert yaml.safe_load(to_kyaml(value)) == value


AMBIGUOUS = (
    "yes", "T", "0x1f", "0b11", "017", "1_000", "12:30", ".inf", "nan", "-a", "a-", "", "a b", "2001-1-1 10:10:10",
)  # fmt: skip


@pytest.mark.parametrize("key", AMBIGUOUS)
def test_ambiguous_names(key: str) -> None:
    """A name that YAML may take for something else is quoted."""
    assert f'"{key}": 1' in to_kyaml({key: 1})


@pytest.mark.parametrize("key", ["a", "spec.x", "a/b", "_x", "é", "x1", "0x", "2001-13-01"])
def test_plain_names(key: str) -> None:
    """Other names stand as they are."""
    assert f"  {key}: 1" in to_kyaml({key: 1})
