"""
Changing single objects: nothing untouched is lost.
"""

from __future__ import annotations

import pytest
from tests.inspect.conftest import MemorySource, OpenStore, config_map

from kstore.codec import StoredObject
from kstore.errors import WriteRefused
from kstore.repair.edit import edited, restriction

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
