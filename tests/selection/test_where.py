"""
Objects selected by an expression.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.codec import StoredObject
from kstore.decode.json.raw_json import RawJSON
from kstore.encryption.prefix import EncryptionHeader
from kstore.errors import UsageError
from kstore.naming import gvk
from kstore.records import Record

pytest.importorskip("cel")

from kstore.selection.where import Where


def stored(**members: Any) -> StoredObject:
    """An object in a store."""
    obj = {"kind": "Thing", "apiVersion": "example.com/v1", "metadata": {"name": "a"}, **members}
    return StoredObject(Record(b"/registry/a", b"12345", 1, 7, 1), gvk("example.com/v1", "Thing"), "json", obj)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("spec.replicas > 1", True),
        ("object.spec.replicas == 2 && self.kind == 'Thing'", True),
        ("metadata.name.startsWith('b')", False),
        ("has(spec.paused)", False),
        ("spec.paused", False),
        ("status.ready", False),
        ("stored.size == 5 && stored.revision == 7 && stored.encoding == 'json'", True),
        ("stored.encrypted", False),
        ("spec.raw.a[0] == 1", True),
        ("spec.list.exists(x, x == 'b')", True),
    ],
)
def test_expressions(expression: str, expected: bool) -> None:
    """Members of the object by name, the object as a whole, and how it is stored; what is absent is no match."""
    obj = stored(spec={"replicas": 2, "raw": RawJSON(b'{"a": [1]}'), "list": ["a", "b"]})
    assert Where(expression).matches(obj) is expected


@pytest.mark.parametrize("encrypted", [True, False])
def test_whether_it_is_encrypted(encrypted: bool) -> None:
    """By whichever key, the one that is written with now too."""
    header = EncryptionHeader("aesgcm", "one") if encrypted else None
    assert Where("stored.encrypted").matches(stored()._replace(encryption_header=header)) is encrypted


def test_faults_are_remembered() -> None:
    """What cannot be judged is no match, and says why; so does what is no truth value."""
    for expression in ("spec.replicas + 'a' == 'b'", "spec.replicas", "nothing > 1"):
        where = Where(expression)
        assert not where.matches(stored(spec={"replicas": 2}))
        assert where.fault
    assert Where("spec.replicas == 2").fault == ""


def test_what_is_no_expression() -> None:
    """It is refused at once, with the place."""
    with pytest.raises(UsageError, match="1:6"):
        Where("spec.")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("||".join(["spec.a == 1"] * 20_000), "characters"),
        ("1" + " + 1" * 5_000 + " > 0", "more than 1000 operators"),
        ("spec" + ".a" * 5_000, "more than 1000 operators"),
        ("spec" + "[0]" * 5_000, "more than 1000 operators"),
        ("spec.a" + ".map(x, x)" * 2_000 + " == []", "more than 1000 operators"),
        ("-" * 5_000 + "1 < 0", "more than 1000 operators"),
        ("spec.a.all(x, " * 4 + "true" + ")" * 4, "more than 3 comprehensions"),
        ("spec.a.exists(x, x.map(y, y.filter(z, z . all (w, true))).size() > 0)", "more than 3 comprehensions"),
        ("size(" * 900 + "[]" + ")" * 900 + " == 0", "no CEL expression"),
    ],
)
def test_what_would_end_the_process_is_refused(expression: str, words: str) -> None:
    """What the library cannot evaluate without running out of stack, or not in any time, is a usage error."""
    with pytest.raises(UsageError, match=words):
        Where(expression)


def test_what_is_large_and_harmless() -> None:
    """A long list of names, text that looks like operators, and comprehensions side by side are taken."""
    names = ", ".join(f"'name-{number}'" for number in range(5_000))
    assert not Where(f"metadata.name in [{names}]").matches(stored())
    assert not Where(f"metadata.name == '{'.map(' * 5_000}'").matches(stored())
    assert not Where(f'metadata.name == "{"(" * 5_000}"').matches(stored())
    assert Where(" && ".join(["spec.a.all(x, x > 0)"] * 100)).matches(stored(spec={"a": [1]}))
    assert Where("1" + " + 1" * 900 + " == 901").matches(stored())
