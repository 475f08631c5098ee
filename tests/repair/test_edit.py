"""
Changing single objects: nothing untouched is lost.
"""

from __future__ import annotations

import json

import pytest
from tests.encryption.conftest import configuration, keyed
from tests.inspect.conftest import MemorySource, OpenStore, config_map

from kstore.codec import StoredObject
from kstore.encryption.config import read_configuration
from kstore.errors import WriteRefused
from kstore.naming import GroupResource
from kstore.repair.edit import edited, restriction

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
