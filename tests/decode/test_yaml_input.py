"""
YAML that a person wrote.
"""

from __future__ import annotations

import pytest

from kstore.decode.yaml_input import read_document, read_documents
from kstore.errors import KstoreError


def test_what_plain_scalars_mean():
    """YAML 1.1 as kubectl reads it: yes is true, 0o14 is text, 014 is twelve, dates stay text."""
    text = "a: yes\nb: 014\nc: 1e3\nd: 2026-01-02\ne: ~\nf: '1'\ng: 0x10\n"
    assert read_document(text) == {
        "a": True,
        "b": 12,
        "c": 1000,
        "d": "2026-01-02",
        "e": None,
        "f": "1",
        "g": 16,
    }


def test_anchors_and_merges():
    """Aliases are copies, merge keys fill in what is not there."""
    assert read_document("x: &a {b: 1, c: 2}\nz:\n  <<: *a\n  c: 3\n") == {"x": {"b": 1, "c": 2}, "z": {"b": 1, "c": 3}}


def test_several_documents():
    """Empty documents are left out; JSON is YAML too."""
    assert list(read_documents('---\na: 1\n---\n# nothing\n---\n{"b": [2]}\n')) == [{"a": 1}, {"b": [2]}]


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: [", "a: *b\n", "\ta: 1\n", "a: 1\n---\nb: 2\n", "a: &a [*a]\n", "%YAML 9.9\n---\n@"]
)
def test_what_is_refused(text):
    """Names that come twice, unknown aliases, tabs, two documents where one is wanted: one error each, no traceback."""
    with pytest.raises(KstoreError):
        read_document(text)


def test_a_billion_laughs():
    """Aliases of aliases are not unfolded without end."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(KstoreError):
        read_document("\n".join(lines))
