"""
What apiservers and kine note for themselves in a store is no object, and no command takes it for a damaged one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.records import Record
from kstore.source.export_directory import DirectorySource, DirectoryWriter
from kstore.source.interface import StoreStatus

from .conftest import Kstore

CONFIG_MAP = b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default","uid":"1"}}\n'
NAMESPACE = b'{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"default","uid":"2"},"spec":{},"status":{}}\n'
HEALTH = b'{"health":"true"}'


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A backup of a store that apiserver and kine have kept."""
    folder = tmp_path / "store"
    with DirectoryWriter(folder, StoreStatus("backup", "directory", 9), {}) as writer:
        for key, value in (
            (b"/registry/configmaps/default/a", CONFIG_MAP),
            (b"/registry/health", HEALTH),
            (b"/registry/namespaces/default", NAMESPACE),
            (b"compact_rev_key", b"4711"),
        ):
            writer.add(Record(key, value, 1, 1, 1))
    return str(folder)


@pytest.mark.parametrize(
    "command",
    [
        ["ls"],
        ["ls", "/registry", "-o", "name"],
        ["ls", "/", "-o", "json"],
        ["analyze"],
        ["check", "--only", "undecodable,no-resource"],
        ["migrate", "--to-release", "1.37", "--dry-run"],
    ],
)
def test_no_command_takes_it_for_damage(kstore: Kstore, store: str, command: list[str]) -> None:
    """Each question is answered whole, without a word about such keys."""
    ran = kstore("--store", store, *command)
    assert (ran.code, ran.err) == (0, "")
    assert "undecodable" not in ran.text


def test_a_backup_holds_them(kstore: Kstore, store: str, tmp_path: Path) -> None:
    """An export is complete: their bytes are in it, though no YAML can be."""
    copy = str(tmp_path / "copy")
    ran = kstore("--store", store, "export", copy)
    assert ran.code == 0
    assert "4 objects" in ran.err
    with DirectorySource(Path(copy)) as source:
        assert {record.key: record.value for record in source.scan() if b"/default" not in record.key} == {
            b"/registry/health": HEALTH,
            b"compact_rev_key": b"4711",
        }


def test_another_key_of_that_name_is_looked_at(kstore: Kstore, tmp_path: Path) -> None:
    """A key that ends in health and holds something else is what it is."""
    folder = tmp_path / "other"
    with DirectoryWriter(folder, StoreStatus("backup", "directory", 9), {}) as writer:
        writer.add(Record(b"/registry/configmaps/default/health", b'{"health":"false"}', 1, 1, 1))
    assert kstore("--store", str(folder), "ls").code == 3
