"""
Changing single objects: nothing untouched is lost.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.encryption.conftest import configuration, keyed
from tests.inspect.conftest import MemorySource, OpenStore, config_map

from kstore.codec import StoredObject
from kstore.decode.json.raw_json import RawJSON
from kstore.encryption.config import read_configuration
from kstore.errors import WriteRefused
from kstore.naming import GroupResource
from kstore.repair.edit import edited, restriction
from kstore.store import Store

SECRETS = GroupResource("", "secrets")
A = "/registry/configmaps/default/a"


def test_restricted_fields() -> None:
    """What the API would not let anybody change is said; other changes are not."""
    assert restriction("Deployment", "spec.selector.matchLabels.app") == "immutable in the API"
    assert restriction("Pod", "metadata.ownerReferences[uid=x].name") == "set by the server"
    assert restriction("Deployment", "spec.selectors") == restriction("Pod", "spec.activeDeadlineSeconds") == ""


def test_an_edit_stays_under_its_key(source: MemorySource, open_store: OpenStore) -> None:
    """An object that calls itself something else would be served under one name and written under another."""
    source.put(A, config_map("a", data={"k": "v"}))
    store = open_store()
    read = store.get(A.encode())
    assert isinstance(read, StoredObject)
    with pytest.raises(WriteRefused, match=r"metadata\.name"):
        edited(store.codec, read, config_map("b"))
    again = store.codec.decode(edited(store.codec, read, config_map("a", data={"k": "w"})))
    assert again.object["data"] == {"k": "w"}
    assert again.encoding == "json"


def test_an_edit_is_encrypted_as_any_write(source: MemorySource, open_store: OpenStore) -> None:
    """Whatever a Secret was stored as, with the first key of the configuration; what it does not name stays plain."""
    first, second = keyed("aesgcm", ("new", 2)), keyed("aesgcm", ("old", 1))
    old = read_configuration(configuration(("secrets", second)))
    both = read_configuration(configuration(("secrets", f"{first}, {second}, {{identity: {{}}}}")))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}}
    key, plain = b"/registry/secrets/default/s", json.dumps(secret).encode()
    source.put(A, config_map("a"))
    for stored in (plain, old.encrypt(key, plain, SECRETS)):
        source.put(key, stored)
        store = open_store(transformers=both)
        read, other = store.get(key), store.get(A.encode())
        assert isinstance(read, StoredObject)
        assert isinstance(other, StoredObject)
        value = edited(store.codec, read, {**read.object, "data": {"p": "cA=="}})
        assert value.startswith(b"k8s:enc:aesgcm:v1:new:")
        assert json.loads(both.open(key, value, SECRETS).plain)["data"] == {"p": "cA=="}
        assert edited(store.codec, other, config_map("a", data={"k": "w"})).startswith(b"{")
    source.put(key, plain)
    read = (store := open_store()).get(key)
    assert isinstance(read, StoredObject)
    assert edited(store.codec, read, read.object).startswith(b"{")


@pytest.mark.parametrize("path", ["apiVersion", "kind", "metadata.name", "metadata.namespace"])
@pytest.mark.parametrize("value", [None, "other"])
def test_what_an_object_is_cannot_be_taken_away(
    source: MemorySource, open_store: OpenStore, path: str, value: str | None
) -> None:
    """Changed or removed: the key says what it is."""
    source.put(A, config_map("a"))
    store = open_store()
    read = store.get(A.encode())
    assert isinstance(read, StoredObject)
    changed: dict[str, Any] = config_map("a")
    *above, last = path.split(".")
    where = changed[above[0]] if above else changed
    del where[last]
    if value is not None:
        where[last] = value
    with pytest.raises(WriteRefused, match=rf"{path} cannot be changed from") as refused:
        edited(store.codec, read, changed)
    assert ("kstore.migration()" in refused.value.hint) is (path == "apiVersion")
    assert (refused.value.hint == "delete it, and create another") is (path != "apiVersion")


ENTRY = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1"}


def managed(source: MemorySource, store: Store, fields: bytes) -> StoredObject:
    """A ConfigMap with two entries in its managedFields, as it is read."""
    obj = config_map("a")
    obj["metadata"]["managedFields"] = [{**ENTRY, "fieldsV1": RawJSON(fields)} for _ in range(2)]
    source.put(A, store.codec.encode(obj))
    read = store.get(A.encode())
    assert isinstance(read, StoredObject)
    return read


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("fields", [b'{"f:data" :{ },"n":1e2}', b'{"f:data":{"f:k":{}}}'])
def test_raw_json_that_was_not_touched(source: MemorySource, open_store: OpenStore, at: int, fields: bytes) -> None:
    """It comes back byte for byte, also within a list; what was changed is as it was changed to."""
    store = open_store()
    read = managed(source, store, fields)
    assert read.plain.count(fields) == 2
    same: dict[str, Any] = json.loads(json.dumps(read.object, default=lambda raw: raw.value))
    again = edited(store.codec, read, {**same, "data": {"k": "v"}})
    assert again.count(fields) == 2
    same["metadata"]["managedFields"][at]["fieldsV1"] = {"f:other": {}}
    changed = store.codec.decode(edited(store.codec, read, same)).object["metadata"]["managedFields"]
    assert [one["fieldsV1"].value for one in changed][at] == {"f:other": {}}
    assert changed[1 - at]["fieldsV1"].data == fields


def test_what_does_not_come_back(source: MemorySource, open_store: OpenStore) -> None:
    """An edit of an object of which something would be lost is refused, whatever is changed."""
    source.put(A, config_map("a", data={"k": "v"}))
    store = open_store()
    read = store.get(A.encode())
    assert isinstance(read, StoredObject)
    encode = store.codec.encode

    class Losing:
        """A codec that drops what it does not know."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store.codec, name)

        def encode(self, obj: dict[str, Any], *rest: Any) -> bytes:
            return encode({name: value for name, value in obj.items() if name != "data"}, *rest)

    with pytest.raises(WriteRefused, match="an edit would lose something"):
        edited(Losing(), read, {**read.object, "immutable": True})  # type: ignore[arg-type]


@pytest.mark.parametrize("left", [0, 1, 3])
def test_items_come_and_go_beside_raw_json(source: MemorySource, open_store: OpenStore, left: int) -> None:
    """A list that has become shorter or longer is written as it is now, the raw JSON of the first items as it was."""
    fields = b'{"f:data" :{ }}'
    store = open_store()
    read = managed(source, store, fields)
    changed: dict[str, Any] = json.loads(json.dumps(read.object, default=lambda raw: raw.value))
    entries = changed["metadata"]["managedFields"]
    changed["metadata"]["managedFields"] = [*entries, {**ENTRY, "manager": "new", "fieldsV1": {"f:new": {}}}][:left]
    value = edited(store.codec, read, changed)
    assert value.count(fields) == min(left, 2)
    found = store.codec.decode(value).object["metadata"].get("managedFields", [])
    assert [one["manager"] for one in found] == ["m", "m", "new"][:left]
