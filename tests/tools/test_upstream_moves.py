"""
The ledger knows a function again whose package moved to another module.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import upstream

OLD, NEW = "apiextensions-apiserver/pkg/apis/zoo/v1/defaults.go", "apiextensions-api/pkg/apis/zoo/v1/defaults.go"


def row(path: str, name: str, hashes: dict[str, str]) -> upstream.Row:
    """A row of the ledger."""
    return {"function": f"{path} {name}", "hashes": hashes, "unneeded": "for this test"}


@pytest.mark.parametrize(("digest", "said"), [("aa", "moved"), ("bb", "moved and changed")])
def test_a_move_is_said_once(digest: str, said: str) -> None:
    """Not as one function that came and another that went."""
    ledger = [
        row(NEW, "SetDefaults_Cage", {"1.41": digest}),
        row(OLD, "SetDefaults_Cage", {"1.39-1.40": "aa"}),
        row(OLD, "SetDefaults_Bar", {"1.39-1.40": "cc"}),
        row(NEW, "SetDefaults_Door", {"1.41": "dd"}),
        row(NEW, "SetDefaults_Lock", {"1.40": "ee", "1.41": "ff"}),
        row(NEW, "SetDefaults_Roof", {"1.40-1.41": "ee"}),
    ]
    assert list(upstream.changes(ledger)) == [
        f"1.41 {said} from {OLD}: {NEW} SetDefaults_Cage (for this test)",
        f"1.41 gone: {OLD} SetDefaults_Bar (for this test)",
        f"1.41 new: {NEW} SetDefaults_Door (for this test)",
        f"1.41 changed: {NEW} SetDefaults_Lock (for this test)",
    ]


def test_a_reason_moves_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written by hand into the row of the function holds for it where it is now."""
    monkeypatch.setattr(upstream, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(upstream, "read_table", lambda name: [{"release": "1.41", "exact": True}])
    upstream.write([row(OLD, "SetDefaults_Cage", {"1.39-1.40": "aa"})])
    functions = [
        {"package": "k8s.io/apiextensions-api/pkg/apis/zoo/v1", "file": "defaults.go", "name": name, "hash": "aa"}
        for name in ("SetDefaults_Cage", "SetDefaults_Door")
    ]
    (tmp_path / "k8s-1.41.json").write_text(json.dumps({"functions": functions}))
    found = {one["function"]: one.get("unneeded") for one in upstream.fold(tmp_path)}
    assert found == {
        f"{OLD} SetDefaults_Cage": "for this test",
        f"{NEW} SetDefaults_Cage": "for this test",
        f"{NEW} SetDefaults_Door": None,
    }
