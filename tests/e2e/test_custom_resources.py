"""
Custom resources of every schema, as clients may have left them: what `migrate` makes of them is what real servers do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.custom_resources import DEFINITIONS, GROUP, SPECS, Definition, objects
from tests.e2e.test_aged import stored
from tests.patience import until
from tools.cluster import ApiError, Client, Etcd

from kstore.cli.main import run
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

IDENTITY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
KEPT = {("eights", "status"): "the version that is served has no place for two of its fields, and a server drops these"}
"""What a migration does not do, and why: it loses nothing that the stored version holds."""


def place(definition: Definition, name: str) -> str:
    """Where an object is stored."""
    return f"/registry/{GROUP}/{definition.plural}/default/{name}"


def is_served(client: Client, definition: Definition) -> bool:
    """Whether the server answers for a custom resource by now."""
    try:
        client.request("GET", f"/apis/{GROUP}/{definition.updated}/namespaces/default/{definition.plural}")
    except ApiError:
        return False
    return True


class Updates:
    """Updates that ask for nothing, of the objects of one definition."""

    def __init__(self, client: Client, definition: Definition) -> None:
        self._client = client
        self._folder = f"/apis/{GROUP}/{definition.updated}/namespaces/default/{definition.plural}"

    def patch(self, name: str) -> bool:
        """The migrator's patch; whether the server takes it."""
        path = f"{self._folder}/{name}"
        try:
            found = json.loads(self._client.raw("GET", path, media="application/json", accept=IDENTITY))["metadata"]
            identity = json.dumps({"metadata": {one: found[one] for one in ("uid", "resourceVersion")}}).encode()
            self._client.raw("PATCH", path, identity, media="application/merge-patch+json", accept=IDENTITY)
        except ApiError:
            return False
        return True

    def put(self, name: str) -> None:
        """The object put back as it is read."""
        path = f"{self._folder}/{name}"
        self._client.raw("PUT", path, self._client.raw("GET", path, media="application/json"), media="application/json")


def without_managers(value: bytes) -> Any:
    """A stored object without managedFields, which get an entry when an update changes the object; numbers as text."""
    found = json.loads(value, parse_float=lambda text: f"float {text}", parse_int=lambda text: f"int {text}")
    found["metadata"].pop("managedFields", None)
    return found


def put_all(source: LiveSource, given: Mapping[str, bytes]) -> None:
    """Store all values, whatever is there."""
    for key, value in given.items():
        before = source.get(key.encode())
        assert source.commit([Put(key.encode(), value, before.mod_revision if before else 0)]).succeeded


def at_rest(client: Client, source: LiveSource, definitions: Iterable[Definition]) -> dict[str, bytes]:
    """What a server leaves of each object when patches that ask for nothing change it no more; not what it refuses."""
    left: dict[str, bytes] = {}
    for definition in definitions:
        updates = Updates(client, definition)
        for name, _ in objects(definition):
            revision = -1
            while updates.patch(name):
                record = source.get(place(definition, name).encode())
                assert record is not None
                if record.mod_revision == revision:
                    left[place(definition, name)] = record.value
                    break
                revision = record.mod_revision
    return left


def update_again(client: Client, definitions: Iterable[Definition], left: Mapping[str, bytes]) -> None:
    """Patch and put back each object of which a server has left something."""
    for definition in definitions:
        updates = Updates(client, definition)
        for name, _ in objects(definition):
            if place(definition, name) in left and updates.patch(name):
                updates.put(name)


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_what_a_server_makes_of_them(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """
    A server is asked for nothing until it writes nothing more; of the same objects a migration makes the same, and the
    server has nothing left to write.
    """
    with LiveSource([etcd_server.endpoint]) as source:
        for definition in DEFINITIONS:
            if definition.preserves:
                key = f"/registry/apiextensions.k8s.io/customresourcedefinitions/{definition.plural}.{GROUP}"
                assert source.commit(
                    [Put(key.encode(), json.dumps(definition.stored_manifest()).encode(), 0)]
                ).succeeded
    client = kube_apiserver(etcd_server, release=release).client()
    for definition in DEFINITIONS:
        if not definition.preserves:
            client.create(definition.manifest())
    given = {place(one, name): value for one in DEFINITIONS for name, value in objects(one)}
    for definition in DEFINITIONS:
        until(partial(is_served, client, definition))
    with LiveSource([etcd_server.endpoint]) as source:
        put_all(source, given)
        left = at_rest(client, source, DEFINITIONS)
        assert len(left) > len(DEFINITIONS) * len(SPECS)
        put_all(source, given)
    arguments = ["--store", etcd_server.endpoint, "migrate", "--to-release", release, "--yes", "--drop-unknown-fields"]
    assert run([*arguments, "--journal", str(tmp_path / "first")]) == 0
    before = stored(etcd_server)
    assert run([*arguments, "--journal", str(tmp_path / "second")]) == 0
    again = stored(etcd_server)
    assert {key for key in given if again[key] != before[key]} == set()
    kept = {place(one, name) for one in DEFINITIONS for plural, name in KEPT if plural == one.plural}
    different = {
        key: (before[key].value, value)
        for key, value in left.items()
        if key not in kept and without_managers(before[key].value) != without_managers(value)
    }
    assert different == {}
    update_again(client, DEFINITIONS, left)
    after = stored(etcd_server)
    moved = {key for key in left if after[key].mod_revision != before[key].mod_revision}
    assert moved == kept
