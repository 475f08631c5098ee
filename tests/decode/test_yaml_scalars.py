"""
What a plain scalar means to kubectl, and how a string must stand so that it is read back.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.decode import yaml_scalars
from kstore.decode.yaml_scalars import is_timestamp, resolve_plain


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("017", 15), ("08", 8.0), ("0o17", 15), ("0x1F", 31), ("-0b101", -5), ("1_000", 1000), ("0", 0), ("-0", 0),
        (str((1 << 64) - 1), (1 << 64) - 1), (str(1 << 64), float(1 << 64)), (f"+{1 << 63}", float(1 << 63)),
        (f"-{1 << 63}", -(1 << 63)), (f"-{(1 << 63) + 1}", float(-(1 << 63) - 1)), ("1e400", "1e400"),
        (".5", 0.5), ("5.", 5.0), ("1.2.3", "1.2.3"), ("+", "+"), ("0x", "0x"), ("1:20", "1:20"),
        ("2026-01-02", "2026-01-02"), ("yes", True), ("No", False), ("~", None), ("yeS", "yeS"),
    ],
)  # fmt: skip
def test_what_a_plain_scalar_means(text: str, meaning: Any) -> None:
    """Numbers in Go's bases and of at most 64 bits, else as floats; words of YAML 1.1; all else is text."""
    found = resolve_plain(text)
    assert (type(found), found) == (type(meaning), meaning)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("2026-02-28", True), ("2026-02-29", False), ("2024-02-29", True), ("1900-02-29", False), ("2000-02-29", True),
        ("2026-04-31", False), ("2026-13-01", False), ("2026-1-2", True), ("2026-01-02T03:04:05Z", True),
        ("2026-01-02T03:04:05", False), ("2026-01-02 03:04:05", True), ("2026-01-02 03:04:05Z", False),
        ("2026-01-02T24:00:00Z", False), ("2026-01-02T03:04:05+24:60", True), ("2026-01-02T03:04:05+25:00", False),
    ],
)  # fmt: skip
def test_times(text: str, is_one: bool) -> None:
    """Days that there are, in one of the four forms that go.yaml.in/yaml/v2 takes."""
    assert is_timestamp(text) is is_one


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("web", "web"), ("1:20", '"1:20"'), ("-1:59.5", '"-1:59.5"'), ("1:60", "1:60"), ("12", '"12"'),
        ("yes", '"yes"'),
        ("1.2.3", "1.2.3"), ("2026-01-02", '"2026-01-02"'), ("a: b", "'a: b'"), ("a:b", "a:b"), ("- a", "'- a'"),
        ("-a", "-a"), ("#a", "'#a'"), ("a#b", "a#b"), ("a #b", "'a #b'"), ("it's", "it's"), ("'a'", "'''a'''"),
        ("a\tb", '"a\\tb"'), ("", '""'), (" a", "' a'"),
    ],
)  # fmt: skip
def test_how_a_string_stands(text: str, stands: str) -> None:
    """Plain, if it is read back as this very text; numbers of base 60 are not."""
    assert yaml_scalars.scalar(text, 0, "  ") == f" {stands}\n"


@pytest.mark.parametrize(("length", "broken"), [(79, False), (80, False), (81, True), (90, True)])
def test_where_a_line_is_broken(length: int, broken: bool) -> None:
    """At the first space behind the eightieth column, in which the name and the space before the text count."""
    first = "x" * (length - 3)  # behind `a:` and a space
    text = f"{first} y"
    assert yaml_scalars.scalar(text, 2, "  ") == (f" {first}\n  y\n" if broken else f" {text}\n")
