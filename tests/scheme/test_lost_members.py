"""
What a conversion lost is named by its path; what says nothing is no loss.
"""

from __future__ import annotations

from kstore.scheme.lost_members import lost_members


def test_paths_of_what_is_gone():
    """Members, elements and members of elements, each once, at the highest place where nothing is left."""
    before = {"spec": {"gone": {"deep": 1}, "kept": [{"a": 1, "b": 0}, {"a": 2}], "zero": 0, "same": "x"}}
    after = {"spec": {"kept": [{"a": 1}], "same": "y", "more": 1}}
    assert list(lost_members(before, after)) == ["spec.gone", "spec.kept[0].b", "spec.kept[1]", "spec.zero"]


def test_what_is_empty_is_not_lost():
    """An empty member says no more than none."""
    assert list(lost_members({"a": None, "b": {}, "c": [], "d": "", "e": {"f": {}}}, {"e": {"f": None}})) == []
    assert list(lost_members({"a": {"b": 1}}, {"a": {}})) == ["a"]
