"""
From revision to revision: what changed, who did it, and what was deleted.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.encryption.conftest import configuration, keyed

from kstore.encryption.config import load_configuration
from kstore.inspect.changes import Changes
from kstore.inspect.comparison import Side, compare
from kstore.inspect.crds import custom_usages

from .conftest import MemorySource, OpenStore, config_map
from .test_checks import CRD, foo

A, B = "/registry/configmaps/default/a", "/registry/configmaps/default/b"


def test_steps_of_a_key(source: MemorySource, open_store: OpenStore) -> None:
    """Creation, change and deletion, and a new object of the same name; each with its author."""
    source.put(A, config_map("a", manager="one", time="2026-01-01T00:00:00Z", data={"k": "v"}))
    source.put(A, config_map("a", manager="two", time="2026-01-02T00:00:00Z", data={"k": "w"}))
    source.delete(A)
    source.put(A, config_map("a", data={"k": "x"}))
    steps = list(Changes(open_store()).steps(source.history(A.encode())))
    assert [step.what for step in steps] == ["created", "changed", "deleted", "created"]
    assert [(one.path, one.old, one.new) for one in steps[1].differences] == [("data.k", "v", "w")]
    assert [str(one) for one in steps[1].authors] == ["two"]
    assert steps[1].time == "2026-01-02T00:00:00Z"
    assert steps[3].differences == ()
    assert steps[2].kind == "ConfigMap"


def test_a_second_change_within_a_second(source: MemorySource, open_store: OpenStore) -> None:
    """An entry that is as it was before still names who wrote last."""
    for value in "vw":
        source.put(A, config_map("a", manager="one", time="2026-01-01T00:00:00Z", data={"k": value}))
    steps = list(Changes(open_store()).steps(source.history(A.encode())))
    assert [str(one) for one in steps[1].authors] == ["one"]


def test_an_undecodable_revision(source: MemorySource, open_store: OpenStore) -> None:
    """What cannot be decoded is a step like another, with its reason."""
    source.put(A, config_map("a"))
    source.put(A, b"\x00nothing")
    step = list(Changes(open_store()).steps(source.history(A.encode())))[1]
    assert step.as_document()["error"]["code"] == "unknown-encoding"


def test_two_revisions_compared(source: MemorySource, open_store: OpenStore) -> None:
    """What came, went and changed between two revisions, in key order."""
    first = source.put(A, config_map("a", data={"k": "v"}))
    source.put("/registry/secrets/default/s", {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}})
    source.put(A, config_map("a", data={"k": "w"}))
    source.put(B, config_map("b"))
    store = open_store()
    found = list(compare(Side(store, first), Side(store)))
    assert [(one.key, one.what) for one in found] == [
        (A, "changed"), (B, "added"), ("/registry/secrets/default/s", "added"),
    ]  # fmt: skip
    back = list(compare(Side(store), Side(store, first)))
    assert [one.what for one in back] == ["changed", "removed", "removed"]


def test_the_same_object_stored_otherwise(source: MemorySource, open_store: OpenStore) -> None:
    """Another version and encoding of the same object is no change of the object."""
    key = "/registry/deployments/default/d"
    old = {"kind": "Deployment", "apiVersion": "apps/v1beta1", "metadata": {"name": "d", "namespace": "default"}}
    first = source.put(key, old)
    store = open_store()
    from kstore.naming import GroupVersion

    source.put(key, store.codec.convert(source.live()[key.encode()].value, GroupVersion("apps", "v1")))
    found = list(compare(Side(store, first), Side(store)))
    assert [(one.what, one.note) for one in found] == [("stored-otherwise", "apps/v1beta1 → apps/v1, json → protobuf")]
    assert next(iter(compare(Side(store, first), Side(store), as_stored=True))).what == "changed"


def test_the_same_object_encrypted_otherwise(source: MemorySource, open_store: OpenStore, tmp_path: Path) -> None:
    """Another key, or none, is another form of the same object."""
    order = ("one", 1), ("two", 2)
    for name, keys in (("old", order), ("new", order[::-1])):
        (tmp_path / name).write_text(configuration(("configmaps", f"{keyed('aesgcm', *keys)}, {{identity: {{}}}}")))
    with load_configuration(tmp_path / "old") as old, load_configuration(tmp_path / "new") as new:
        value = json.dumps(config_map("a")).encode()
        stored = [value, *(open_store(transformers=each).codec.encrypt(A.encode(), value) for each in (old, new))]
        plain, first, _ = (source.put(A, each) for each in stored)
        store = open_store(transformers=new)
        notes = [next(compare(Side(store, before), Side(store))).note for before in (plain, first)]
    assert notes == ["plain → aesgcm two", "aesgcm one → aesgcm two"]


def test_crds_against_what_is_stored(source: MemorySource, open_store: OpenStore) -> None:
    """Versions that are stored and not listed, and listed and not stored."""
    source.put("/registry/apiextensions.k8s.io/customresourcedefinitions/foos.example.com", CRD)
    source.put("/registry/example.com/foos/default/a", foo("a", "v1beta1"))
    source.put("/registry/example.com/foos/default/b", foo("b", "v1"))
    usage = next(custom_usages(open_store()))
    assert usage.really == {"v1beta1": 1, "v1": 1}
    assert (usage.unlisted, usage.idle, usage.outdated) == (("v1beta1",), ("v1alpha1",), 1)
