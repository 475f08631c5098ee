"""
`kstore move` on real etcds and on a file, and what the commands for journals make of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.encryption.conftest import configuration, keyed
from tools.cluster import Etcd

from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database

LEASE = 4711


def obj(kind: str, name: str, **more: Any) -> bytes:
    """An object, as an apiserver with JSON storage keeps it."""
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "d"}, **more}).encode()


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two configurations, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    found = []
    for name, first in (("old", 1), ("new", 5)):
        path = tmp_path / f"{name}.yaml"
        path.write_text(configuration(("secrets", keyed("aesgcm", (name, first)))))
        found.append(str(path))
    return found[0], found[1]


@pytest.fixture
def tenants(etcd_server: Etcd, kstore: Kstore, keys: tuple[str, str]) -> WritableSource:
    """Two tenants in one etcd; the first has an encrypted Secret and a leased Event."""
    source = open_source(etcd_server.endpoint)
    assert isinstance(source, WritableSource)
    source.grant_lease(LEASE, 3600)
    for tenant in ("a", "b"):
        source.commit([
            Put(f"/{tenant}/namespaces/d".encode(), obj("Namespace", "d"), 0),
            Put(f"/{tenant}/secrets/d/s".encode(), obj("Secret", "s", data={"p": "cA=="}), 0),
            Put(f"/{tenant}/events/d/e".encode(), obj("Event", "e"), 0, LEASE),
        ])  # fmt: skip
    options = ("--store", etcd_server.endpoint, "--etcd-prefix", "/a")
    assert kstore(*options, "encrypt", "--yes", "--encryption-provider-config", keys[0]).code == 0
    return source


@pytest.mark.etcd
def test_below_another_prefix(
    kstore: Kstore, tenants: WritableSource, etcd_server: Etcd, keys: tuple[str, str], tmp_path: Path
) -> None:
    """Planned, asked, written, listed with the new keys, proved with none given, rolled back to nothing."""
    here = ("--store", etcd_server.endpoint, "--etcd-prefix", "/a", "--encryption-provider-config", keys[0])
    command = (*here, "move", "--to-prefix", "/c", "--to-encryption-provider-config", keys[1], "--journal", "j")
    assert "3 keys to be copied" in kstore(*command, "--dry-run").text
    assert kstore(*command).code == 4, "nobody agreed"
    assert tenants.first(b"/c/") is None
    ran = kstore(*command, "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert {name: ran.json[name] for name in ("copied", "encrypted", "skipped")} == {
        "copied": 3, "encrypted": 1, "skipped": 0,
    }  # fmt: skip
    event = tenants.get(b"/c/events/d/e")
    assert event is not None
    assert event.lease == LEASE
    there = ("--store", etcd_server.endpoint, "--etcd-prefix", "/c", "--encryption-provider-config", keys[1])
    assert kstore(*there, "get", "secrets/d/s", "-o", "json").json["data"] == {"p": "cA=="}
    assert kstore("migrate", "verify", "j").code == 0
    assert "/c" in kstore("migrate", "status", "j").text
    assert kstore(*command, "--yes", "--journal", "j2").code == 4, "something is stored there now"
    assert kstore("migrate", "rollback", "j", "--yes").code == 0
    assert tenants.first(b"/c/") is None
    assert tenants.count(b"/a/") == 3
    ran = kstore("migrate", "resume", "j")
    assert ran.code == 4
    assert "kstore move --to-prefix /c" in ran.err


@pytest.mark.etcd
def test_into_another_etcd(
    kstore: Kstore, tenants: WritableSource, etcd_server: Etcd, start_etcd: Callable[..., Etcd], keys: tuple[str, str]
) -> None:
    """Its leases are granted there, and a change of the original is found by verify."""
    other = start_etcd()
    here = ("--store", etcd_server.endpoint, "--etcd-prefix", "/b")
    ran = kstore(*here, "move", "--to-prefix", "/registry", "--to-store", other.endpoint, "--yes", "--journal", "j")
    assert ran.code == 0, ran.err
    with open_source(other.endpoint) as target:
        assert target.leases() == {LEASE: 3600}
        assert [one.key for one in target.scan()] == [
            b"/registry/events/d/e", b"/registry/namespaces/d", b"/registry/secrets/d/s",
        ]  # fmt: skip
    assert kstore("migrate", "verify", "j").code == 0
    record = tenants.get(b"/b/namespaces/d")
    assert record is not None
    tenants.commit([Put(record.key, obj("Namespace", "d", spec={}), record.mod_revision)])
    found = kstore("migrate", "verify", "j", "-o", "json")
    assert found.code == 5
    assert [(one["key"], one["code"]) for one in found.json["objects_found"]] == [
        ("/registry/namespaces/d", "changed"),
    ]  # fmt: skip


def test_within_a_file(demo: Kstore, kstore: Kstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new database has both clusters; without one, or with a store besides, it is refused."""
    monkeypatch.chdir(tmp_path)
    assert demo("move", "--to-prefix", "/b", "--yes").code == 4
    assert demo("move", "--to-prefix", "/b", "--output", "x.db", "--to-store", "http://127.0.0.1:1").code == 2
    assert demo("move", "--yes").code == 2
    assert demo("--rev", "250", "move", "--to-prefix", "/b", "--yes", "--output", "x.db").code == 2
    ran = demo("move", "--to-prefix", "/b", "--yes", "--output", "both.db")
    assert ran.code == 0, ran.err
    assert kstore("migrate", "verify", "both.db").code == 0
    clusters = kstore("--store", "both.db", "prefixes", "-o", "json").json["clusters"]
    assert [one.pop("prefixes") for one in clusters] == [["/b"], ["/registry"]]
    assert clusters[0] == clusters[1]
    assert clusters[0]["objects"] == sum(1 for _ in demo("ls", "/", "-o", "keys").text.splitlines())


def test_within_a_file_onto_others(kstore: Kstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something is stored below the new prefix, be it of another name, nothing is written."""
    monkeypatch.chdir(tmp_path)
    with open_source("demo") as source:
        assert isinstance(source, SnapshotSource)
        write_database(source, [Put(b"/b/of/others", b"1", 0)], tmp_path / "both.db")
    moving = ("--store", "both.db", "--etcd-prefix", "/registry", "move", "--yes", "--output", "new.db")
    ran = kstore(*moving, "--to-prefix", "/b")
    assert ran.code == 4
    assert "something is stored below /b already: /b/of/others" in ran.err
    assert not list(tmp_path.glob("*new.db*"))
    assert kstore(*moving, "--to-prefix", "/c").code == 0
