"""
Objects of any age, migrated: a real server's update that asks for nothing changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.aged_objects import Aged, all_aged
from tools.cluster import ApiError, Client, Etcd

from kstore.catalog.releases import Release, newest
from kstore.cli.main import run
from kstore.object_codec import ObjectCodec
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource

LEASED_ANEW = "/registry/events/"
"""Each write of an Event grants its lease anew, and is one even where its bytes stay."""


def store(etcd: Etcd, objects: list[Aged], release: str = newest().name) -> None:
    """Write the objects as their servers did, over what is there; their types are those of a release."""
    codec = ObjectCodec(Scheme(Release(release)))
    with LiveSource([etcd.endpoint]) as source:
        held = {record.key: record.mod_revision for record in source.scan()}
        for aged in objects:
            key = aged.key.encode()
            value = codec.encode(aged.object, aged.media_type)
            assert source.commit([Put(key, value, held.get(key, 0))]).succeeded


def stored(etcd: Etcd) -> dict[str, Any]:
    """What is at each key."""
    with LiveSource([etcd.endpoint]) as source:
        return {record.key.decode(): record for record in source.scan()}


def migrate(etcd: Etcd, release: str, journal: Path) -> int:
    """Migrate everything to what a release stores."""
    return run(
        ["--store", etcd.endpoint, "migrate", "--to-release", release, "--yes", "--journal", str(journal),
         "--drop-unknown-fields"]
    )  # fmt: skip


def update_unchanged(client: Client, aged: Aged) -> list[str]:
    """An empty merge patch, and the object put back as it is read; what the server refuses, which writes nothing."""
    path = client.path_of({**aged.object, "apiVersion": aged.updated_as or aged.object["apiVersion"]})
    refused = []
    found = client.request("GET", path)
    identity = {name: found["metadata"][name] for name in ("uid", "resourceVersion")}
    try:
        client.request("PATCH", path, {"metadata": identity}, media="application/merge-patch+json")
        client.request("PUT", path, client.request("GET", path))
    except ApiError as error:
        refused.append(f"{aged.key}: {error}")
    return refused


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_nothing_is_left_for_the_server(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """After a migration neither a second one nor a server that is asked for nothing writes any object."""
    objects = all_aged()
    store(etcd_server, objects)
    assert migrate(etcd_server, release, tmp_path / "first") == 0
    before = stored(etcd_server)
    assert migrate(etcd_server, release, tmp_path / "second") == 0
    assert stored(etcd_server) == before
    client = kube_apiserver(etcd_server, release=release).client()
    refused = [fault for aged in objects for fault in update_unchanged(client, aged)]
    assert refused == []
    after = stored(etcd_server)
    moved = {
        aged.key for aged in objects
        if (after[aged.key].value != before[aged.key].value if aged.key.startswith(LEASED_ANEW)
            else after[aged.key].mod_revision != before[aged.key].mod_revision)
    }  # fmt: skip
    codec = ObjectCodec(Scheme(newest()))
    assert {key: (codec.decode(before[key].value).object, codec.decode(after[key].value).object) for key in moved} == {}
