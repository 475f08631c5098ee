"""`kstore delete`, `restore` and `edit` on a real etcd: a copy first, compare-and-swap, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tools.cluster import Etcd

from kstore.catalog.releases import newest
from kstore.cli.main import run
from kstore.codec import ObjectCodec
from kstore.decode.envelope import read_envelope, write_envelope
from kstore.records import Delete, Put, Record
from kstore.scheme.scheme import Scheme
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

KEY = "/registry/configmaps/shop/settings"
BAD = "/registry/pods/shop/bad"
pytestmark = pytest.mark.etcd


def stored(value: str = "blue", *, unknown: bool = True) -> bytes:
    """A ConfigMap in protobuf with managedFields and a field (number 99) that no release knows."""
    obj = {
        "kind": "ConfigMap", "apiVersion": "v1",
        "metadata": {"name": "settings", "namespace": "shop", "uid": "u-1", "managedFields": [
            {"manager": "m", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
             "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:z": {}, "f:a": {}}}}]},
        "data": {"colour": value},
    }  # fmt: skip
    value_bytes = ObjectCodec(Scheme(newest())).encode(obj)
    envelope = read_envelope(value_bytes)
    return write_envelope("v1", "ConfigMap", bytes(envelope.body) + (b"\x9a\x06\x03abc" if unknown else b""))


@pytest.fixture
def store(etcd_server: Etcd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WritableSource:
    """A store with two keys, and an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KSTORE_STORE", etcd_server.endpoint)
    source = open_source(etcd_server.endpoint)
    assert isinstance(source, WritableSource)
    source.commit([Put(KEY.encode(), stored(), 0)])
    source.commit([Put(BAD.encode(), b"k8s\x00\xff\xff", 0)])
    return source


def at(source: WritableSource, key: str = KEY) -> Record | None:
    """What lies under a key."""
    return source.get(key.encode())


def test_delete_keeps_a_copy(store: WritableSource, capsys: pytest.CaptureFixture[str]) -> None:
    """What no codec can read is deleted once somebody agreed, and can be put back byte for byte."""
    assert run(["delete", BAD]) == 4
    assert at(store, BAD) is not None
    assert run(["delete", BAD, "--dry-run"]) == 0
    assert BAD in capsys.readouterr().out
    assert run(["delete", BAD, "--yes", "--keep", "copy"]) == 0
    assert at(store, BAD) is None
    assert run(["restore", BAD, "--from", "copy", "--yes"]) == 0
    back = at(store, BAD)
    assert back is not None
    assert back.value == b"k8s\x00\xff\xff"


def test_delete_means_one_object(store: WritableSource) -> None:
    """Many are deleted with --all only; what is not there is an error."""
    assert run(["delete", "configmaps", "--yes"]) == 1
    assert run(["delete", "cm/shop/nobody", "--yes"]) == 1
    assert run(["delete", "configmaps", "-n", "other", "--all", "--yes"]) == 1
    assert at(store) is not None
    assert run(["delete", "/registry", "--all", "--yes"]) == 0
    assert list(store.scan()) == []


def test_a_file_is_never_written() -> None:
    """A snapshot is only read."""
    assert run(["--store", "demo", "delete", "deploy/shop/frontend", "--yes"]) == 4


def test_restore_from_history(store: WritableSource) -> None:
    """A deleted key comes back as it was last, with --from-rev as it was then."""
    first = at(store)
    assert first is not None
    second = store.commit([Put(KEY.encode(), stored("red"), first.mod_revision)]).revision
    store.commit([Delete(KEY.encode(), second)])
    assert run(["restore", "configmaps", "-n", "shop", "--from-history", "--yes"]) == 0
    back = at(store)
    assert back is not None
    assert back.value == stored("red")
    assert run(["restore", KEY, "--from-rev", str(first.mod_revision), "--yes"]) == 4, "something else lies there"
    assert run(["restore", KEY, "--from-rev", str(first.mod_revision), "--yes", "--overwrite"]) == 0
    back = at(store)
    assert back is not None
    assert back.value == stored()
    assert run(["restore", KEY, "--from-history"]) == 1, "it is not deleted any more"


def test_restore_as_manifests(store: WritableSource, capsys: pytest.CaptureFixture[str]) -> None:
    """For kubectl: what only the server sets is left out."""
    found = at(store)
    assert found is not None
    assert run(["restore", KEY, "--from-rev", str(found.mod_revision), "-o", "yaml"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("---\n")
    assert "colour: blue" in text
    assert not any(word in text for word in ("uid", "managedFields", "resourceVersion"))


def test_edit_touches_nothing_else(store: WritableSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor changes one field: unknown fields, managedFields and lease stay byte for byte."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/blue/pink/ "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("KUBE_EDITOR", str(editor))
    assert run(["edit", KEY]) == 4, "nobody agreed"
    assert run(["edit", KEY, "--yes"]) == 0
    found = at(store)
    assert found is not None
    assert found.value == stored("pink")
    assert run(["restore", KEY, "--from", str(next(tmp_path.glob("kstore-edited-*"))), "--overwrite", "--yes"]) == 0
    found = at(store)
    assert found is not None
    assert found.value == stored()


def test_edit_from_a_file(store: WritableSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What would lie under another's key is refused; odd changes are marked; no change writes nothing."""
    run(["get", KEY, "-o", "json"])
    obj = json.loads(capsys.readouterr().out)
    path = tmp_path / "changed.json"

    def edit(*more: str) -> int:
        path.write_text(json.dumps(obj))
        return run(["edit", KEY, "-f", str(path), *more])

    assert edit("--yes") == 0
    assert "no change" in capsys.readouterr().err
    obj["metadata"]["uid"] = "u-2"
    assert edit("--dry-run") == 0
    assert "(set by the server)" in capsys.readouterr().out
    obj["metadata"]["name"] = "other"
    assert edit("--yes") == 4
    assert run(["edit", BAD, "-f", str(path)]) == 3
