"""
The text of a configuration file.
"""

from __future__ import annotations

import traceback

import pytest

from kstore.encryption.config_text import load_text
from kstore.errors import EncryptionConfigError


def test_yaml_and_json_are_read() -> None:
    """Both notations give the same; of several documents the first counts; dates are strings."""
    expected = {"kind": "x", "list": [1, "two"], "day": "2024-01-31"}
    assert load_text(b"kind: x\nlist: [1, two]\nday: 2024-01-31\n---\nkind: other\n", "file") == expected
    assert load_text('{"kind": "x", "list": [1, "two"], "day": "2024-01-31"}', "file") == expected


def test_booleans_are_those_of_go_yaml() -> None:
    """A key that is called y is called true, and the apiserver would refuse it: better said before than after."""
    assert load_text(b'[y, N, yes, off, "n", nn]', "file") == [True, False, True, False, "n", "nn"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"a: 1\na: 2\n", "twice, or is no string at line 2, column 1"),
        (b"a: {b: 1, b: 2}", "twice, or is no string at line 1, column 11"),
        (b"? [a]\n: 1\n", "twice, or is no string"),
        (b"a: [hunter2", "is not YAML at line 1"),
        (b"a: *hunter2", "is not YAML at line 1, column 4"),
        (b"a: !!python/object:hunter2 {}", "is not YAML at line 1"),
        (b"\xff\xfeh", "is not UTF-8 at byte 0"),
        (b"a: hunter2\x00", "characters that YAML does not allow"),
        (b"[" * 5000, "is not YAML"),
    ],
)
def test_errors_say_where_and_quote_nothing(text: bytes, expected: str) -> None:
    """Line and column are named; no piece of the file is in the error or in what led to it."""
    with pytest.raises(EncryptionConfigError, match=expected) as caught:
        load_text(text, "file.yaml")
    assert caught.value.where == "file.yaml"
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown
    assert caught.value.__context__ is None
