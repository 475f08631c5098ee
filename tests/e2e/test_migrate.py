"""
Migrations that real servers judge: what kstore wrote, a kube-apiserver finds nothing to change in.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import ApiError, Client, Etcd

from kstore.catalog.releases import newest
from kstore.cli.main import run
from kstore.codec import StorageCodec, StoredObject
from kstore.records import Record
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource

pytestmark = pytest.mark.shared

# Each write of an Event grants its lease anew; a PersistentVolumeClaim that nobody has bound decodes to something else
# than was stored at its creation. The server rewrites both on a cluster that nobody has migrated, too.
# Leases are what the server itself renews.
REWRITTEN_ANYWAY = {"events", "persistentvolumeclaims", "leases", "masterleases", "peerserverleases"}
# Which fields are owned together is a release's schema: an Ingress's port became atomic after 1.29, so a server that
# updates one writes `f:port` for `f:port: f:number` into managedFields, in a store that nobody has migrated as well.
OWNED_ANEW = {"ingress"}


@pytest.fixture
def serve(shared: Path, unpack, restore, start_etcd, tmp_path: Path) -> Callable[[str], Etcd]:
    """Restore one of the shared snapshots into a running etcd: `serve("old-versions")`."""

    def start(name: str) -> Etcd:
        snapshot = tmp_path / f"{name}.db"
        snapshot.write_bytes(unpack(shared / "snapshots" / f"{name}.db.zst"))
        return start_etcd(restore(snapshot))

    return start


def records(etcd: Etcd) -> dict[str, Record]:
    """Every key of a running etcd."""
    with LiveSource([etcd.endpoint]) as source:
        return {record.key.decode(): record for record in source.scan()}


def migrate(etcd: Etcd, journal: Path, *arguments: str) -> int:
    """Migrate a running etcd."""
    return run(["--store", etcd.endpoint, "migrate", "--yes", "--journal", str(journal), *arguments])


def patiently(client: Client, path: str) -> dict[str, Any]:
    """Ask until a storage that is being set up for a CRD is ready."""
    for _ in range(60):
        try:
            return client.request("GET", path)
        except ApiError as error:
            if error.status != 429:
                raise
            time.sleep(1)
    raise AssertionError(f"{path} was not ready in a minute")


def served(client: Client, prefix: str) -> list[dict[str, Any]]:
    """The resources of a group; none where an extension server that is not running would have to answer."""
    try:
        return patiently(client, prefix)["resources"]
    except ApiError as error:
        if error.status not in (404, 503):
            raise
        return []


def listed(client: Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of every resource that the server lists and updates: its path and content."""
    groups = client.request("GET", "/apis")["groups"]
    versions = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]
    for prefix in versions:
        for resource in served(client, prefix):
            if "/" in resource["name"] or not {"list", "update"} <= set(resource["verbs"]):
                continue
            for item in patiently(client, f"{prefix}/{resource['name']}")["items"]:
                metadata = item["metadata"]
                namespace = f"/namespaces/{metadata['namespace']}" if metadata.get("namespace") else ""
                item["apiVersion"] = prefix.removeprefix("/api/").removeprefix("/apis/")
                item["kind"] = resource["kind"]
                yield f"{prefix}{namespace}/{resource['name']}/{metadata['name']}", item


def rewritten(etcd: Etcd, client: Client) -> tuple[int, list[str]]:
    """
    How many objects were put back as they were read, and which keys the server wrote anew.

    An update may be refused by today's validation (422), or because the same object was put back under another group
    before (409): then nothing is written either.
    """
    before = records(etcd)
    count = 0
    for path, item in list(listed(client)):
        count += 1
        try:
            client.request("PUT", path, item)
        except ApiError as error:
            if error.status not in (409, 422):
                raise
    after = records(etcd)
    gone = {key for key, record in before.items() if record.lease and key not in after}  # its lease has expired
    moved = [key for key in before if key not in gone and after[key].mod_revision != before[key].mod_revision]
    return count, [key for key in moved if not written_anyway(key, before[key], after[key])]


def written_anyway(key: str, before: Record, after: Record) -> bool:
    """Whether a server writes this on a cluster that nobody has migrated, too."""
    resource = key.split("/")[2]
    return resource in REWRITTEN_ANYWAY or (resource in OWNED_ANEW and without_owners(before) == without_owners(after))


def without_owners(record: Record) -> dict[str, Any]:
    """What is stored, but for managedFields."""
    read = StorageCodec(Scheme(newest())).read(record)
    assert isinstance(read, StoredObject), record.key
    metadata = {name: value for name, value in read.object["metadata"].items() if name != "managedFields"}
    return {**read.object, "metadata": metadata}


def test_old_versions_become_what_1_37_stores(serve, shared, unpack, kube_apiserver, tmp_path):
    """Every object becomes exactly what the real codec expects, unchanged ones are not written, and a real
    kube-apiserver lists everything and has nothing to write when each object is put back."""
    etcd = serve("old-versions")
    before = records(etcd)
    assert migrate(etcd, tmp_path / "journal", "--to-release", "1.37") == 0
    after = records(etcd)
    assert after.keys() == before.keys()
    for line in unpack(shared / "snapshots" / "old-versions.expect.jsonl.zst").splitlines():
        expected = json.loads(line)
        old, new = before[expected["key"]], after[expected["key"]]
        if "changes" in expected:
            value = expected["json"].encode() if expected["media"] == "json" else base64.b64decode(expected["protobuf"])
            assert new.value == value, expected["key"]
            assert (new.mod_revision != old.mod_revision) == expected["changes"], expected["key"]
        assert (new.lease, new.create_revision) == (old.lease, old.create_revision), expected["key"]
    assert run(["--store", etcd.endpoint, "migrate", "verify", str(tmp_path / "journal")]) == 0
    count, found = rewritten(etcd, kube_apiserver(etcd, runtime_config="api/all=true").client())
    assert count > 500
    assert found == []


def test_rollback_brings_back_the_very_bytes(serve, tmp_path):
    """After a rollback every key holds what it held, under the lease that it had."""
    etcd = serve("old-versions")
    before = records(etcd)
    assert migrate(etcd, tmp_path / "journal", "--to-release", "1.37") == 0
    assert run(["--store", etcd.endpoint, "migrate", "rollback", str(tmp_path / "journal"), "--yes"]) == 0
    after = records(etcd)
    assert {key: (one.value, one.lease) for key, one in after.items()} == {
        key: (one.value, one.lease) for key, one in before.items()
    }


@pytest.mark.parametrize(("snapshot", "release"), [("cluster-1.29", "1.37"), ("cluster-1.37", "1.29")])
def test_up_and_down_between_releases(serve, kube_apiserver, tmp_path, snapshot, release):
    """A real cluster of one release becomes what the other stores, and the other's server reads all of it, and has
    nothing to write."""
    etcd = serve(snapshot)
    code = migrate(etcd, tmp_path / "journal", "--to-release", release, "--drop-unknown-fields")
    count, found = rewritten(etcd, kube_apiserver(etcd, release=release).client())
    assert count > 100
    assert found == []
    assert code == (0 if release == "1.37" else 3), "1.29 stores fewer kinds"


def test_deployments_are_listed_after_the_main_job(serve, kube_apiserver, tmp_path):
    """After `migrate --to apps/v1` a real kube-apiserver lists the Deployments, all of them."""
    etcd = serve("old-versions")
    assert migrate(etcd, tmp_path / "journal", "--to", "apps/v1") == 0
    stored = [key for key in records(etcd) if key.startswith("/registry/deployments/")]
    client = kube_apiserver(etcd).client()
    assert len(client.request("GET", "/apis/apps/v1/deployments")["items"]) == len(stored)
