"""
Snapshots that real apiservers wrote: every object re-encodes to the bytes it had, old versions become what 1.37 stores.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.cli.main import run
from kstore.codec import StorageCodec, StoredObject
from kstore.encryption.config import load_configuration
from kstore.naming import parse_group_version
from kstore.scheme.scheme import Scheme
from kstore.source.location.address import open_source
from kstore.store import Store

pytestmark = pytest.mark.shared

Unpacked = Callable[[str], Path]


@pytest.fixture(scope="module")
def unpacked(shared: Path, unpack: Callable[[Path], bytes], tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """A shared snapshot as a file of its own."""
    folder = tmp_path_factory.mktemp("snapshots")

    def file(name: str) -> Path:
        path = folder / f"{name}.db"
        if not path.exists():
            path.write_bytes(unpack(shared / "snapshots" / f"{name}.db.zst"))
        return path

    return file


def expectations(shared: Path, unpack: Callable[[Path], bytes]) -> dict[str, dict[str, Any]]:
    """What a 1.37 apiserver makes of each key of old-versions."""
    lines = unpack(shared / "snapshots" / "old-versions.expect.jsonl.zst").splitlines()
    return {row["key"]: row for row in map(json.loads, lines)}


def objects(path: Path, release: str, configuration: Path | None = None) -> Iterator[tuple[StorageCodec, StoredObject]]:
    """The objects of a snapshot; every one must be readable."""
    transformers = load_configuration(str(configuration)) if configuration else None
    with open_source(str(path)) as source:
        codec = Store(source, Scheme(Release(release)), transformers).codec
        for record in source.scan(b"/"):
            read = codec.read(record)
            assert isinstance(read, StoredObject), (record.key, read.error)
            yield codec, read


@pytest.mark.large
@pytest.mark.parametrize(
    ("name", "release", "encrypted", "count"),
    [
        ("cluster-1.37", "1.37", False, 612),
        ("cluster-1.29", "1.29", False, 279),
        ("json-encrypted-1.37", "1.37", True, 319),
        ("old-versions", "1.37", False, 613),
        ("wardle", "1.37", False, 3),
    ],
)
def test_every_object_comes_back(
    name: str, release: str, encrypted: bool, count: int, shared: Path, unpacked: Unpacked
) -> None:
    """Decoded and encoded in its own version and encoding, an object has the very bytes it had."""
    configuration = shared / "snapshots" / f"{name}.encryption.yaml" if encrypted else None
    seen = 0
    for codec, read in objects(unpacked(name), release, configuration):
        assert codec.encode(read.object, read.encoding) == read.plain, read.record.key
        seen += 1
    assert count == seen


@pytest.mark.slow
def test_old_versions_convert(shared: Path, unpack: Callable[[Path], bytes], unpacked: Unpacked) -> None:
    """Every built-in object becomes, in protobuf and in JSON, exactly what a 1.37 apiserver would write."""
    expected = expectations(shared, unpack)
    for codec, read in objects(unpacked("old-versions"), "1.37"):
        row = expected[read.record.key.decode()]
        if row["target"] is None:
            continue  # a custom resource
        target = parse_group_version(row["target"])
        assert read.gvk.api_version == row["stored"]
        assert codec.scheme.storage_version(read.gvk) == target
        assert codec.convert(read.plain, target) == base64.b64decode(row["protobuf"]), row["key"]
        assert codec.convert(read.plain, target, media_type="json") == row["json"].encode(), row["key"]


@pytest.mark.slow
def test_old_versions_migrate(
    shared: Path,
    unpack: Callable[[Path], bytes],
    unpacked: Unpacked,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Migrated whole, the store holds exactly those bytes, and nothing else was touched."""
    expected = expectations(shared, unpack)
    before, after = unpacked("old-versions"), tmp_path / "migrated.db"
    assert run(["--store", str(before), "migrate", "--to-release", "1.37", "--yes", "--output", str(after)]) == 0
    capsys.readouterr()
    with open_source(str(before)) as source:
        stored = {record.key: record.value for record in source.scan()}
    with open_source(str(after)) as source:
        migrated = {record.key: record.value for record in source.scan()}
    assert stored.keys() == migrated.keys()
    for key, row in expected.items():
        value = migrated[key.encode()]
        if row["target"] is None:
            assert stored[key.encode()] == value
        else:
            wanted = base64.b64decode(row["protobuf"]) if row["media"] == "protobuf" else row["json"].encode()
            assert wanted == value, key
            assert row["changes"] == (stored[key.encode()] != value), key


@pytest.mark.slow
@pytest.mark.parametrize("release", ["1.29", "1.37"])
@pytest.mark.parametrize("name", ["cluster-1.29", "cluster-1.37", "old-versions", "wardle", "json-encrypted-1.37"])
def test_what_check_advises(
    name: str, release: str, shared: Path, unpacked: Unpacked, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every object of a cluster is in use: nothing is advised that deletes one, or drops a part of it."""
    given = ["--store", str(unpacked(name))]
    if name.startswith("json-encrypted"):
        given += ["--encryption-provider-config", str(shared / "snapshots" / f"{name}.encryption.yaml")]
    assert run([*given, "check", "--target-release", release, "-o", "json"]) in (0, 5)
    for finding in json.loads(capsys.readouterr().out)["findings"]:
        for word in ("kstore delete", "--drop-unknown-fields", "--force", "--assume-version"):
            assert word not in finding["command"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "release"), [("old-versions", "1.37"), ("cluster-1.29", "1.37"), ("cluster-1.37", "1.29")]
)
def test_the_advised_migration_loses_nothing(
    name: str, release: str, unpacked: Unpacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """As it is pasted: every key is there afterwards, and readable; no finding advises a migration any more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KSTORE_STORE", str(unpacked(name)))

    def found() -> list[dict[str, Any]]:
        capsys.readouterr()
        run(["check", "--target-release", release, "-o", "json"])
        rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
        return rows

    (command,) = {one["command"] for one in found() if one["command"].startswith("kstore migrate")}
    assert run([*command.split()[1:], "--yes"]) in (0, 3)
    with open_source(str(unpacked(name))) as old, open_source(command.split()[-1]) as new:
        assert [record.key for record in old.scan()] == [record.key for record in new.scan()]
    monkeypatch.setenv("KSTORE_STORE", command.split()[-1])
    left = found()
    assert not {one["id"] for one in left} & {"undecodable", "removed-version", "other-version", "deprecated-version"}
    assert not [one for one in left if one["command"].startswith("kstore migrate")]
