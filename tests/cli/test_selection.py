"""
What is selected from the demo store is what its objects say, and what cannot be meant is refused; every output and
command is in `test_selection_table.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest
from tests.cli.conftest import Kstore

from kstore.catalog.releases import newest
from kstore.codec import StoredObject
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.store import Store

Test = Callable[[StoredObject], bool]


def metadata(read: StoredObject) -> dict[str, Any]:
    """An object's metadata."""
    return read.object.get("metadata") or {}


SELECTIONS: dict[str, tuple[tuple[str, ...], Test]] = {
    "namespace": (("-n", "shop"), lambda read: metadata(read).get("namespace") == "shop"),
    "another namespace": (("-n", "default"), lambda read: metadata(read).get("namespace") == "default"),
    "labels": (("-l", "app=frontend"), lambda read: (metadata(read).get("labels") or {}).get("app") == "frontend"),
    "a label": (("-l", "app"), lambda read: "app" in (metadata(read).get("labels") or {})),
    "fields": (("--field-selector", "metadata.name=cart"), lambda read: metadata(read).get("name") == "cart"),
    "stored version": (
        ("--stored-version", "rbac*/v1beta1"),
        lambda read: fnmatchcase(read.gvk.api_version, "rbac*/v1beta1"),
    ),
    "cel": (("--where", "stored.size > 2000"), lambda read: len(read.record.value) > 2000),
    "two": (
        ("-n", "shop", "--where", "stored.encoding == 'json'"),
        lambda read: metadata(read).get("namespace") == "shop" and read.encoding == "json",
    ),
}


@pytest.fixture(scope="module")
def objects() -> list[StoredObject]:
    """All objects of the demo store, decoded in full."""
    with open_demo() as source:
        store = Store(source, Scheme(newest()))
        return [read for read in map(store.codec.read, source.scan(b"/registry/")) if isinstance(read, StoredObject)]


@pytest.mark.large
@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("what", [(), ("/",)])
def test_keys(demo: Kstore, objects: list[StoredObject], name: str, what: tuple[str, ...]) -> None:
    """The keys that `ls` prints are those of the objects that meet the condition."""
    options, test = SELECTIONS[name]
    wanted = sorted(read.record.key.decode() for read in objects if test(read))
    assert wanted
    assert sorted(demo("ls", *what, *options, "-o", "keys").text.splitlines()) == wanted


@pytest.mark.parametrize(
    "arguments",
    [
        ("pods", "--field-selector", "spec.nodeNam=a"),
        ("crontabs", "--field-selector", "spec.nope=a"),
        ("pods", "--where", "spec.containers.exists(c, c.imag == 'x')"),
        ("deploy", "--where", "stored.versio == 'v1'"),
        ("pods", "-n", "a", "-n", "b"),
        ("pods", "-A", "-n", "a"),
        ("nodes", "-n", "a"),
        ("/registry/pods/default", "-n", "shop"),
    ],
)
@pytest.mark.parametrize("output", ["table", "keys"])
def test_what_cannot_be_meant(demo: Kstore, arguments: tuple[str, ...], output: str) -> None:
    """A field that a type does not have, and options that contradict each other, are usage errors."""
    ran = demo("ls", *arguments, "-o", output)
    assert (ran.code, ran.out) == (2, b"")


def test_small_wrong_answers(demo: Kstore, kstore: Kstore) -> None:
    """What is not there is said, and never an empty answer with exit code 0."""
    assert demo("crds", "nope").code == 1
    assert demo("ls", "/registry/podz").code == 1
    assert demo("--etcd-prefix", "/foo", "ls").code == 2
    assert demo("--store", "demo", "ls", "--store", "other.db").code == 2
    assert kstore("--store", "demo", "--store", "other.db", "ls").code == 2
    both = ("deploy/shop/cart", "deploy/shop/frontend")
    assert demo("get", *both, "-o", "raw").code == 2
    listed = demo("get", *both, "-o", "json").out
    assert len(kstore("encode", "-o", "base64", stdin=listed).text.splitlines()) == 2
    for missing in (("befor.db", "after.db"), ("demo", "afer.db"), ("dir/befor.db", "demo")):
        ran = demo("diff", *missing)
        assert (ran.code, "no such file" in ran.err) == (1, True), ran.err
