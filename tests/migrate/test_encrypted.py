"""
Migrations of values that are encrypted at rest, of a database file and with the commands as people run them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from tools.cluster import Etcd

from kstore.cli.main import run
from kstore.codec import StorageCodec
from kstore.encryption.prefix import is_encrypted
from kstore.records import Put, Record
from kstore.source.etcd.live import LiveSource
from kstore.source.snapshot.source import SnapshotSource

from .conftest import key

pytestmark = pytest.mark.etcd

RANGE = b"/registry/ranges/servicenodeports"
CONFIGURATION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: ['*.*']
  providers: [{{aesgcm: {{keys: [{{name: {name}, secret: {secret}}}]}}}}, {{identity: {{}}}}]
"""


@pytest.fixture
def etcd(start_etcd: Callable[..., Etcd], deployment: Callable[..., bytes], codec: StorageCodec) -> Etcd:
    """Old Deployments, and the allocations of node ports, all of them plain."""
    etcd = start_etcd()
    allocation = {"apiVersion": "v1", "kind": "RangeAllocation", "metadata": {}, "range": "30000-32767", "data": ""}
    values = {RANGE: codec.encode(allocation), **{key(name): deployment(name) for name in ("one", "two")}}
    with LiveSource([etcd.endpoint]) as source:
        assert source.commit([Put(name, value, 0) for name, value in values.items()]).succeeded
    return etcd


@pytest.fixture
def configuration(tmp_path: Path) -> str:
    """Everything is encrypted."""
    path = tmp_path / "encryption.yaml"
    path.write_text(CONFIGURATION.format(name="one", secret=base64.b64encode(bytes(range(32))).decode()))
    return str(path)


def encrypted(records: list[Record]) -> set[bytes]:
    return {record.key for record in records if is_encrypted(record.value)}


def test_a_running_store_is_encrypted_and_migrated(etcd: Etcd, configuration: str, tmp_path: Path):
    """Encrypted and then converted, both are proved by `verify`; what no API serves stays plain, since the control
    plane reads it without keys."""
    store = ["--store", etcd.endpoint, "--encryption-provider-config", configuration]
    for number, arguments in enumerate((["encrypt"], ["migrate", "--to", "apps/v1"])):
        journal = str(tmp_path / f"{number}.journal")
        assert run([*store, *arguments, "--yes", "--journal", journal]) == 0
        assert run([*store, "migrate", "verify", journal]) == 0
        with LiveSource([etcd.endpoint]) as source:
            assert encrypted(list(source.scan())) == {key("one"), key("two")}
    assert run(["--store", etcd.endpoint, "migrate", "verify", journal]) == 5, "without the keys nothing is proved"


def test_a_file_is_encrypted_and_migrated(
    etcd: Etcd, configuration: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    """The same of a file; verified from another directory, too, and what follows is no rollback."""
    monkeypatch.chdir(tmp_path)
    # what is in a data directory is a database, too
    etcd.stop()
    Path("backup.db").write_bytes((etcd.data / "member" / "snap" / "db").read_bytes())
    keys = ["--encryption-provider-config", configuration]
    assert run([*keys, "--store", "backup.db", "encrypt", "--yes", "--output", "encrypted.db"]) == 0
    assert run([*keys, "--store", "encrypted.db", "migrate", "--to", "apps/v1", "--yes", "--output", "new.db"]) == 0
    said = capsys.readouterr().err
    assert "kstore migrate verify new.db" in said
    assert "rollback" not in said
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("encrypted.db", "new.db"):
        assert run([*keys, "migrate", "verify", str(tmp_path / name)]) == 0
        with SnapshotSource(tmp_path / name) as source:
            assert encrypted(list(source.scan())) == {key("one"), key("two")}
    assert run(["migrate", "resume", str(tmp_path / "new.db")]) == 2, "it is whole"
