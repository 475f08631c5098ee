"""The answers that offline tools of the field have got wrong, from a real etcd's snapshot and from stored bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease, installed
from tools.cluster import Etcd

from kstore.catalog.releases import newest
from kstore.codec import StorageCodec, StoredObject, Undecodable
from kstore.decode.envelope import write_envelope
from kstore.decode.yaml_input import read_documents
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database
from kstore.store import Store
from kstore.tree import tree

PREFIX = "/registry/ex.com/foos/default/"


def foo(name: str) -> str:
    """A small custom resource."""
    return f'{{"apiVersion":"ex.com/v1","kind":"Foo","metadata":{{"name":"{name}"}}}}'


@pytest.fixture(scope="module")
def codec() -> StorageCodec:
    """The codec of the newest release."""
    return StorageCodec(Scheme(newest()))


@pytest.fixture(scope="module")
def release() -> EtcdRelease:
    """An etcd with its tools."""
    if not installed():
        pytest.skip("no etcd with its tools is installed here")
    return installed()[max(installed())]


@pytest.fixture(scope="module")
def snapshot(release: EtcdRelease, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A store with a history: a changed three times, b deleted and put again, c deleted, d no object, e with a lease.
    """
    folder = tmp_path_factory.mktemp("answers")
    with Etcd(release.etcd, folder) as server:

        def ctl(*arguments: str) -> str:
            return release.ctl(server.endpoint, *arguments)

        for name in ("a1", "a2", "a3"):
            ctl("put", f"{PREFIX}a", foo(name))
        for name in ("OLD1", "OLD2", "OLD3"):
            ctl("put", f"{PREFIX}b", foo(name))
        ctl("del", f"{PREFIX}b")
        ctl("put", f"{PREFIX}b", foo("NEW1"))
        ctl("put", f"{PREFIX}c", foo("c"))
        ctl("del", f"{PREFIX}c")
        ctl("put", f"{PREFIX}d", "not-an-object")
        lease = ctl("lease", "grant", "3600").split()[1]
        ctl("put", f"{PREFIX}e", foo("e"), f"--lease={lease}")
        return release.save(server.endpoint, folder / "saved.db")


@pytest.fixture
def store(snapshot: Path, codec: StorageCodec) -> Iterator[Store]:
    """The snapshot, read as objects."""
    with SnapshotSource(snapshot) as source:
        yield Store(source, codec.scheme)


def names(store: Store) -> dict[str, str]:
    """The name within each object that can be read, by the end of its key."""
    reads = [read for read in store.under(PREFIX) if isinstance(read, StoredObject)]
    return {read.record.key.decode().removeprefix(PREFIX): read.object["metadata"]["name"] for read in reads}


@pytest.mark.etcd
def test_a_key_that_came_again(store: Store) -> None:
    """Of a key deleted and put again the new object counts, though its version began anew."""
    read = store.get(f"{PREFIX}b".encode())
    assert isinstance(read, StoredObject)
    assert (read.object["metadata"]["name"], read.record.version) == ("NEW1", 1)
    assert names(store)["b"] == "NEW1"


@pytest.mark.etcd
def test_a_deleted_key_is_gone(store: Store) -> None:
    """A deleted key has no object; its history ends with the deletion."""
    assert store.source.get(f"{PREFIX}c".encode()) is None
    assert [revision.deleted for revision in store.source.history(f"{PREFIX}c".encode())] == [False, True]


@pytest.mark.etcd
def test_the_newest_value(store: Store) -> None:
    """Every listing has the newest value of a key, not the oldest that is held."""
    assert names(store)["a"] == "a3"


@pytest.mark.etcd
def test_only_live_keys_are_listed(store: Store) -> None:
    """A list of keys is of those that are live."""
    assert [key.decode().removeprefix(PREFIX) for key in store.keys(PREFIX)] == ["a", "b", "d", "e"]


@pytest.mark.etcd
def test_counting_survives_what_cannot_be_read(store: Store) -> None:
    """Tombstones are not counted, and what is no object is counted as such."""
    assert [(branch.count, branch.undecodable) for branch in tree(store)] == [(4, 1)]
    read = store.get(f"{PREFIX}d".encode())
    assert isinstance(read, Undecodable)
    assert "not-an-o" in str(read.error)


@pytest.mark.etcd
def test_a_lease_survives_a_write(snapshot: Path, tmp_path: Path) -> None:
    """A key that is written anew keeps its lease."""
    with SnapshotSource(snapshot) as source:
        record = source.get(f"{PREFIX}e".encode())
        assert record
        assert record.lease
        put = Put(record.key, foo("changed").encode(), record.mod_revision, record.lease)
        write_database(source, [put], tmp_path / "written.db")
    with SnapshotSource(tmp_path / "written.db") as source:
        written = source.get(record.key)
        assert written
        assert written.lease == record.lease
        assert record.lease in source.leases()


def test_a_custom_resource_in_yaml_is_encoded(codec: StorageCodec) -> None:
    """A kind that no scheme knows is encoded all the same, as the JSON that the apiserver stores."""
    (document,) = read_documents("apiVersion: ex.com/v1\nkind: Foo\nmetadata: {name: a}\n")
    assert codec.encode(document, "json") == foo("a").encode() + b"\n"


def test_unknown_fields_survive(codec: StorageCodec) -> None:
    """A field that no release knows is still there after decoding and encoding, byte for byte."""
    body = b'\n\x0c\n\x01a\x12\x00\x1a\x03abc"\x00' + b"\x9a\x06\x05later"
    value = write_envelope("v1", "ConfigMap", body)
    decoded = codec.decode(value)
    assert codec.decode(codec.encode(decoded.object)).object == decoded.object
    assert b"later" in codec.encode(decoded.object)
