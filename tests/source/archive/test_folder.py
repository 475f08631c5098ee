"""Backup layouts of the distributions: the one store below a folder is found, whatever it is called."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from kstore.errors import NotADatabase, UsageError
from kstore.source.archive.folder import files_below, find_store
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked

LAYOUTS = {
    "kubeadm": "tmp/kubeadm-backup-etcd-2026-11-28-20-14-00/etcd/member/snap/db",
    "talos": "db.snapshot",
    "openshift": "assets/backup/snapshot_2026-11-28_201400.db",
    "rke2": "server/db/snapshots/on-demand-node-1-1764360840",
    "k3s data": "server/db/etcd/member/snap/db",
}


@pytest.fixture(scope="module")
def snapshot() -> bytes:
    """A snapshot."""
    return unpacked().read_bytes()


def count(folder: Path) -> int:
    """How many keys the store below a folder has."""
    with open_source(str(folder)) as source:
        assert str(folder) in source.notes[0]
        return source.count()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_where_the_distributions_put_it(layout: str, snapshot: bytes, tmp_path: Path) -> None:
    """A data directory or a snapshot, some folders deep, with manifests and certificates beside it."""
    path = tmp_path / LAYOUTS[layout]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(snapshot)
    (tmp_path / "kube-apiserver.yaml").write_text("kind: Pod\n" * 100)
    (path.parent / "notes.gz").write_bytes(gzip.compress(b"text" * 400))
    assert count(tmp_path) == 264


def test_kops(snapshot: bytes, tmp_path: Path) -> None:
    """etcd-manager's backup: a compressed database with a description beside it."""
    folder = tmp_path / "2026-11-28T20:14:00Z-000001"
    folder.mkdir()
    (folder / "etcd.backup.gz").write_bytes(gzip.compress(snapshot))
    (folder / "_etcd_backup.meta").write_text('{"etcdVersion": "3.6.5"}')
    assert count(tmp_path) == 264


def test_a_zip_alone(snapshot: bytes, tmp_path: Path) -> None:
    """K3s and RKE compress into a zip."""
    with zipfile.ZipFile(tmp_path / "etcd-snapshot-node-1764360840.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("etcd-snapshot-node-1764360840", snapshot)
    assert count(tmp_path) == 264


def test_openshift_s_encryption_configuration(snapshot: bytes, tmp_path: Path) -> None:
    """The path of the configuration that opens the snapshot's secrets is shown."""
    (tmp_path / "snapshot_2026-11-28_201400.db").write_bytes(snapshot)
    name = "static-pod-resources/kube-apiserver-pod-7/secrets/encryption-config/encryption-config"
    with tarfile.open(tmp_path / "static_kuberesources_2026-11-28_201400.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"{}"))
    with open_source(str(tmp_path)) as source:
        assert name in source.notes[0]
        assert "`encryption_config=`" in source.notes[0]


def test_several(snapshot: bytes, tmp_path: Path) -> None:
    """Of several backups none is guessed."""
    for day in ("1", "2", "3"):
        (tmp_path / f"etcd-{day}.db").write_bytes(snapshot)
    with pytest.raises(UsageError, match="3 stores") as caught:
        open_source(str(tmp_path))
    assert "etcd-3.db" in caught.value.hint


def test_none(tmp_path: Path) -> None:
    """A folder without a store is none."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "text").write_text("text")
    with pytest.raises(NotADatabase):
        open_source(str(tmp_path))


def test_manifests_beside_a_snapshot(tmp_path: Path) -> None:
    """OpenShift's archive of them is no store, so that one with a snapshot is the only one beside it."""
    with tarfile.open(tmp_path / "static_kuberesources_2026-11-28_201400.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("manifests"))
    with pytest.raises(NotADatabase):
        find_store(tmp_path)
    with tarfile.open(tmp_path / "snapshot.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("snapshot.db"))
    assert find_store(tmp_path)[0] == tmp_path / "snapshot.tar.gz"


def test_how_deep_is_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight folders in one another, and no further; and at so many files."""
    folder = tmp_path
    for depth in range(10):
        (folder / f"file-{depth}").write_bytes(b"x")
        folder = folder / "inner"
        folder.mkdir()
    assert [path.name for path in files_below(tmp_path)] == [f"file-{depth}" for depth in range(9)]
    monkeypatch.setattr("kstore.source.archive.folder.MOST", 3)
    assert [path.name for path in files_below(tmp_path)] == ["file-0", "file-1", "file-2"]
