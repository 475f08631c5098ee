"""
A member's files made by hand: which of two databases its etcd would start from, entry by entry.

Files that an etcd wrote are in `test_member.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.source.snapshot.member import find_database

from .by_hand import database

NOTED = 70


@pytest.mark.parametrize(("own", "sent"), [(NOTED - 1, True), (NOTED, False), (NOTED + 1, False)])
def test_a_noted_snapshot(tmp_path: Path, own: int, sent: bool) -> None:
    """What the leader sent counts only where the member's own database has less (`RecoverSnapshotBackend`)."""
    database(tmp_path / "db", {b"consistent_index": own}, {})
    received = tmp_path / f"{NOTED:016x}.snap.db"
    received.touch()
    (tmp_path / f"{3:016x}-{NOTED:016x}.snap").touch()
    found = find_database(tmp_path)
    assert found.path == (received if sent else tmp_path / "db")
    assert ("etcd would start from" if sent else "etcd would not start from: db is read") in found.note
