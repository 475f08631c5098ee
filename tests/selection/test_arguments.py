"""
What arguments mean: which keys, in which namespace, and which target has all of another in it.
"""

from __future__ import annotations

import pytest

from kstore.catalog.releases import newest
from kstore.errors import UsageError
from kstore.scheme.scheme import Scheme
from kstore.selection.arguments import Target, named
from kstore.selection.criteria import Criteria
from kstore.selection.selection import Selection
from kstore.store import Store
from kstore.testing import MemorySource

PODS, WEB = b"/registry/pods", b"/registry/pods/shop/web"


@pytest.fixture
def store() -> Store:
    """Two Pods of one name, in two namespaces, and a Namespace."""
    keys = ["/registry/namespaces/shop", "/registry/pods/shop/web", "/registry/pods/stage/web"]
    return Store(MemorySource(dict.fromkeys(keys, b"value")), Scheme(newest()))


@pytest.mark.parametrize(
    "what", [("shop/web",), ("pods/shop/web",), ("pods", "shop/web"), ("/registry/pods/shop/web",)]
)
@pytest.mark.parametrize("namespace", ["", "shop"])
def test_a_namespace_that_is_said_twice(store: Store, what: tuple[str, ...], namespace: str) -> None:
    """The namespace that stands in the name may be asked for as well."""
    assert [target.key for target in named(store, Criteria(what, namespace=namespace))] == [WEB]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (("shop/web",), "no resource 'shop'"),
        (("pods/shop/web",), "pods/shop/web is in namespace shop, not in stage"),
        (("pods", "shop/web"), "shop/web lies in namespace shop, not in stage"),
        (("/registry/pods/shop/web",), "is in namespace shop, not in stage"),
    ],
)
def test_another_namespace_than_the_name_says(store: Store, what: tuple[str, ...], said: str) -> None:
    """It is refused, though both namespaces have a Pod of that name: neither is what was asked for."""
    with pytest.raises(UsageError, match=said):
        named(store, Criteria(what, namespace="stage"))


@pytest.mark.parametrize("namespace", ["", "shop", "stage"])
def test_a_whole_key_of_no_known_resource(namespace: str) -> None:
    """It is meant whatever namespace is asked for, because nothing tells which part of it is one."""
    key = b"/registry/leftover/shop/web"
    store = Store(MemorySource({key: b"value", key + b"/sub": b"value"}), Scheme(newest()))
    for selection in (Selection.listed, Selection.either):
        chosen = selection(store, Criteria((key.decode(),), namespace=namespace))
        assert key in list(chosen.keys())
        assert key in [one.key for one in chosen.records()]


@pytest.mark.parametrize(("name", "namespace", "key"), [("web", "stage", "stage/web"), ("web", "", "default/web")])
def test_a_name_alone(store: Store, name: str, namespace: str, key: str) -> None:
    """It is looked for in the namespace that is asked for, else in `default`."""
    for what in ((f"pods/{name}",), ("pods", name)):
        (found,) = named(store, Criteria(what, namespace=namespace))
        assert found.key == f"/registry/pods/{key}".encode()


@pytest.mark.parametrize("text", ["shop/", "/web", "a/shop/web"])
def test_what_is_no_name_of_a_pod(store: Store, text: str) -> None:
    """`NAME` or `NAMESPACE/NAME`, and nothing else."""
    with pytest.raises(UsageError, match="is not a name of pods"):
        named(store, Criteria(("pods", text)))


def test_a_name_that_several_resources_have() -> None:
    """None of them is meant more than another: all are named, whatever their order."""
    keys = ["/registry/pods/shop/web", "/registry/services/specs/shop/web", "/registry/pods/shop/db"]
    store = Store(MemorySource(dict.fromkeys(keys, b"value")), Scheme(newest()))
    with pytest.raises(UsageError, match="shop/web may be any of pods/shop/web, services/shop/web"):
        named(store, Criteria(("shop/web",)))
    assert [one.key for one in named(store, Criteria(("shop/db",)))] == [b"/registry/pods/shop/db"]


def exactly(key: bytes, said: str = "") -> Target:
    """One key, and none below it."""
    return Target(key, itself=True, below=False, said=said)


def both(key: bytes) -> Target:
    """A key, and those below it."""
    return Target(key, itself=True)


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        (Target(b""), exactly(WEB)),
        (Target(b""), Target(PODS)),
        (Target(PODS), Target(PODS)),
        (Target(PODS), Target(PODS, namespace="shop")),
        (Target(PODS), exactly(WEB)),
        (Target(PODS), both(WEB)),
        (both(WEB), exactly(WEB)),
        (both(WEB), Target(WEB)),
        (exactly(WEB), exactly(WEB)),
        (Target(PODS, namespace="shop"), Target(PODS, namespace="shop")),
        (Target(PODS, namespace="shop"), exactly(WEB, "shop")),
        (Target(b"", namespace="shop"), Target(b"/registry/pods/shop", said="shop")),
    ],
)
def test_what_includes_another(larger: Target, smaller: Target) -> None:
    """All that the smaller one means is meant by the larger."""
    assert larger.includes(smaller)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (exactly(WEB), both(WEB)),
        (exactly(WEB), Target(WEB)),
        (exactly(WEB), exactly(WEB + b"2")),
        (Target(WEB), exactly(WEB)),
        (Target(WEB), both(WEB)),
        (Target(PODS), Target(b"")),
        (Target(PODS), exactly(b"/registry/podtemplates/shop/web")),
        (Target(PODS), Target(b"/registry/podtemplates")),
        (Target(PODS, namespace="shop"), Target(PODS)),
        (Target(PODS, namespace="shop"), Target(PODS, namespace="stage")),
        (Target(PODS, namespace="shop"), exactly(b"/registry/pods/stage/web", "stage")),
        (Target(b"/registry", namespace="shop"), exactly(b"/registry/of-no-resource")),
    ],
)
def test_what_does_not_include_another(one: Target, other: Target) -> None:
    """Something that the other one means is not meant by it, so both must be read."""
    assert not one.includes(other)


@pytest.mark.parametrize(
    "what", ["pods", "pods/shop", "pods/shop/web", "/registry/pods/shop", "/registry/pods/shop/web"]
)
def test_what_is_meant_twice_is_read_once(store: Store, what: str) -> None:
    """All of a namespace has its Pods in it, in whichever order both are given and however they are named."""
    for texts in (("/", what), (what, "/")):
        for selection in (Selection.listed, Selection.either):
            found = selection(store, Criteria(texts, namespace="shop"))
            assert [record.key for record in found.records()] == [WEB]


@pytest.mark.parametrize(
    ("what", "prefix"),
    [
        (("pods",), "/registry/pods"),
        (("pods/shop", "pods/stage"), "/registry/pods/s"),
        (("pods/stage/web", "pods/shop/web"), "/registry/pods/s"),
        (("pods", "namespaces"), "/registry/"),
        (("pods/shop/web",), "/registry/pods/shop/web"),
    ],
)
def test_what_all_keys_begin_with(store: Store, what: tuple[str, ...], prefix: str) -> None:
    """Of several arguments what they have in common, so that a watch of it misses none of them."""
    assert Selection.either(store, Criteria(what)).prefix == prefix.encode()
