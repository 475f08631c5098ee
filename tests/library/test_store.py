"""
Each method of a store, against what the command of the same name prints.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kstore
from kstore.errors import Compacted
from kstore.records import Record
from kstore.source.location.address import open_source
from kstore.testing import MemorySource

Answer = Callable[..., Any]


@pytest.mark.large
@pytest.mark.parametrize(
    ("keywords", "options"),
    [
        ({"what": "deployments"}, ["deployments"]),
        ({"what": "deploy", "stored_version": "*beta*"}, ["deploy", "--stored-version", "*beta*"]),
        ({"what": "pods,services", "namespace": "shop"}, ["pods,services", "-n", "shop"]),
        ({"what": "pods", "selector": "app"}, ["pods", "-l", "app"]),
        (
            {"what": "pods", "field_selector": "spec.nodeName!=n"},
            ["pods", "--field-selector", "spec.nodeName!=n"],
        ),
        ({"what": "deployments.apps/shop"}, ["deployments.apps/shop"]),
        ({"what": "/registry/configmaps"}, ["/registry/configmaps"]),
        ({}, []),
    ],
)
def test_objects(store: kstore.Store, answer: Answer, keywords: dict[str, str], options: list[str]) -> None:
    """The keys that `ls` lists; twice the same."""
    listing = store.objects(**keywords)  # type: ignore[arg-type]
    keys = [one.key for one in listing]
    assert keys == [one.key for one in listing]
    selects = any(option.startswith("-") for option in options)
    if not selects:
        assert keys == answer("ls", *options, "-o", "keys").split()
    else:
        names = answer("ls", *options, "-o", "name").split()
        assert names
        assert [key.rpartition("/")[2] for key in keys] == [name.rpartition("/")[2] for name in names]


@pytest.mark.large
@pytest.mark.parametrize("name", ["pods/default/webserver", "deployments/shop/cart", "/registry/namespaces/shop"])
def test_get(store: kstore.Store, answer: Answer, name: str) -> None:
    """An object in its stored version and in another, as `get` prints it."""
    shown = ("--show-managed-fields", "--show-secrets")
    found = store.get(name)
    assert found.object == answer("get", name, "-o", "json", *shown)
    assert found.json() == json_text(answer("get", name, "-o", "jsonpath={@}", *shown), found.json())
    assert found.yaml() == answer("get", name, "-o", "yaml", *shown)
    if found.kind == "Deployment":
        converted = found.as_version("apps/v1")
        assert converted.object == answer("get", name, "--as", "apps/v1", "-o", "json", *shown)
        assert converted.yaml() == answer("get", name, "--as", "apps/v1", "-o", "yaml", *shown)


def json_text(printed: str, text: str) -> str:
    """The text, which must say the same as what was printed."""
    assert json.loads(printed) == json.loads(text)
    return text


def test_where_and_how_it_is_stored(store: kstore.Store) -> None:
    """The key and the value say it."""
    found = store.get("deployments/cart", "shop")
    assert (found.key, found.resource) == ("/registry/deployments/shop/cart", "deployments.apps")
    assert (found.kind, found.namespace, found.name) == ("Deployment", "shop", "cart")
    assert found.size == len(found.value)
    assert found.encoding in ("protobuf", "json")
    assert found.encryption == ""
    assert found.object["metadata"]["resourceVersion"] == str(found.revision)
    assert store.get(found.key).value == found.value


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("pods/default/nobody", kstore.NotFound, "not-found"),
        ("gadgets/default/one", kstore.UnknownResource, "unknown-resource"),
        ("pods", kstore.UsageError, "usage"),
    ],
)
def test_what_is_not_there(store: kstore.Store, name: str, error: type[kstore.KstoreError], code: str) -> None:
    """Each has its class and its code."""
    with pytest.raises(error) as raised:
        store.get(name)
    assert raised.value.code == code


def test_versions_that_cannot_be(store: kstore.Store) -> None:
    """A Deployment is no Pod of another version."""
    with pytest.raises(kstore.NotConvertible, match="batch/v1"):
        store.get("deployments/shop/cart").as_version("batch/v1")


def test_history_and_revisions(store: kstore.Store, answer: Answer) -> None:
    """The revisions that `history` prints; at each the store has just that object."""
    printed = answer("history", "deployments/shop/cart", "-o", "json", "--show-secrets")["revisions"]
    found = list(store.history("deployments/shop/cart"))
    assert [(one.revision, one.change) for one in found] == [(one["revision"], one["change"]) for one in printed]
    assert [[each.path for each in one.differences] for one in found] == [
        [each["path"] for each in one["differences"]] for one in printed
    ]
    for one in found:
        assert isinstance(one.item, kstore.StoredObject)
        assert store.at(one.revision).get(one.key).value == one.item.value
    with pytest.raises(kstore.NotFound):
        list(store.history("deployments/shop/nobody"))


def test_resources(store: kstore.Store, answer: Answer) -> None:
    """Those of `resources`, with where their objects are and in which version they are stored."""
    printed = answer("resources", "--all", "-o", "json")["resources"]
    assert [(one.group, one.resource, one.storage_version) for one in store.resources()] == [
        (one["group"], one["resource"], one["storageVersion"]) for one in printed
    ]
    assert next(one for one in store.resources() if one.kind == "Node").prefix == "/registry/minions/"


@pytest.mark.large
def test_tree_and_analysis(store: kstore.Store, answer: Answer) -> None:
    """What `ls` and `analyze` count."""
    counts = {one.path: (one.count, one.size) for one in store.tree()}
    assert sum(count for count, _ in counts.values()) == len(list(store))
    assert store.analyze().total.live_bytes == answer("analyze", "-o", "json")["total"]["liveBytes"]


@pytest.mark.large
@pytest.mark.parametrize("release", ["1.31", "1.37"])
def test_check(store: kstore.Store, answer: Answer, release: str) -> None:
    """The findings of `check`, for the store's release and for another."""
    printed = answer("check", "--target-release", release, "-o", "json")["findings"]
    found = store.check(target_release=release)
    assert found.release == release
    assert [(one.rule.id, one.subject, one.count) for one in found] == [
        (one["id"], one["subject"], one["count"]) for one in printed
    ]


def test_diff(store: kstore.Store, answer: Answer) -> None:
    """What `diff` finds between two revisions."""
    newest = max(one.revision for one in store)
    printed = answer("diff", f"@{newest - 5}", "@", "-o", "json")["differences"]
    found = list(store.at(newest - 5).diff(store))
    assert printed
    assert [(one.key, one.what) for one in found] == [(one["key"], one["change"]) for one in printed]
    (first, *_) = found
    only = list(store.at(newest - 5).diff(store, first.key))
    assert [one.key for one in only] == [first.key]


@pytest.mark.large
def test_a_notebook_shows_no_values(store: kstore.Store) -> None:
    """Where things are, escaped, and never what is in them."""
    secrets = store.objects("secrets")
    page = secrets._repr_html_()
    assert page.count("<tr>") == len(list(secrets)) + 1
    assert "<table>" in kstore.migration(store, to="apps/v1").plan()._repr_html_()
    assert "<table>" in store.check()._repr_html_()
    values = [value for one in secrets if isinstance(one, kstore.StoredObject) for value in one.object["data"].values()]
    assert values
    assert not any(value in page for value in values if len(value) > 6)


def test_closing_twice() -> None:
    """It does no harm, and a store of another revision closes nothing."""
    with kstore.open("demo") as store:
        past = store.at(300)
        past.close()
        assert store.get("pods/default/webserver").name == "webserver"
    store.close()


def test_half_a_certificate() -> None:
    """It is refused before anything is opened."""
    with pytest.raises(kstore.UsageError, match="together"):
        kstore.open("https://127.0.0.1:1", cert="client.crt")


def test_a_source_of_ones_own() -> None:
    """It is read like any other store, and left open."""
    with open_source("demo") as source:
        with kstore.open(source) as store:
            assert store.get("pods/default/webserver").kind == "Pod"
        assert source.get(b"/registry/namespaces/shop") is not None


class CompactedUnderScan(MemorySource):
    """Of each scan the first record comes, and then its revision is gone; unless it goes on at a newer one."""

    goes_on = False

    def across_compactions(self) -> CompactedUnderScan:
        found = copy.copy(self)
        found.goes_on = True
        return found

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        for number, record in enumerate(super().scan(prefix, revision=revision, start=start)):
            if number and not self.goes_on:
                raise Compacted("revision 2 has been compacted")
            yield record


def test_a_compaction_meanwhile() -> None:
    """What asks about a whole store goes on, as the commands do; a listing is of one revision, or fails."""
    pods = {
        f"/registry/pods/default/{name}": {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name.replace("c", "d"), "namespace": "default"},
        }
        for name in ("a", "b", "c")
    }  # fmt: skip
    with kstore.open(CompactedUnderScan(pods)) as store:
        assert store.analyze().total.objects == 3
        assert {one.rule.id for one in store.check()} == {"misplaced"}
        with pytest.raises(Compacted):
            list(store.objects("pods"))


@pytest.mark.parametrize(
    ("key", "namespace"),
    [
        ("/registry/pods/other/a", "other"),
        ("/registry/loose", "shop"),
        ("/registry/left.example.com/things/shop/a", "shop"),
    ],
)
def test_the_namespace_of_an_object(key: str, namespace: str) -> None:
    """The one that its key says, else its own; likewise what cannot be read, as far as its key goes."""
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}}
    for value in (obj, b"k8s\x00\xff"):
        with kstore.open(MemorySource({key: value})) as store:
            (found,) = store
            assert found.namespace == ("" if key == "/registry/loose" and value is not obj else namespace)


@pytest.mark.parametrize(
    ("what", "namespace", "keys"),
    [
        ("", "", ["pods/shop/a", "pods/stage/a", "services/specs/shop/a"]),
        ("", "shop", ["pods/shop/a", "services/specs/shop/a"]),
        ("pods", "", ["pods/shop/a", "pods/stage/a"]),
        ("pods", "stage", ["pods/stage/a"]),
        ("", "nowhere", []),
    ],
)
def test_what_differs_of_a_part(what: str, namespace: str, keys: list[str]) -> None:
    """Of a resource, of a namespace, or of both."""
    values = {}
    for path, kind in (("pods/shop", "Pod"), ("pods/stage", "Pod"), ("services/specs/shop", "Service")):
        metadata = {"name": "a", "namespace": path.rpartition("/")[2]}
        values[f"/registry/{path}/a"] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    other = {"/registry/nodes/n": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}}
    with kstore.open(MemorySource(other)) as before, kstore.open(MemorySource(values | other)) as after:
        found = [one.key.removeprefix("/registry/") for one in before.diff(after, what, namespace)]
    assert found == keys
