"""
The questions of docs/sql.md, run as they are written, and counted in plain Python over `store.objects()`.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("duckdb")

from tests.sql.edge_objects import edge_source

import kstore
from kstore.source.interface import StoreStatus
from kstore.testing import MemorySource

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sql.md"
QUESTIONS = dict(re.findall(r"^### (.+?)\n.*?^```sql\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M))
Row = tuple[Any, ...]


@pytest.fixture(scope="module", params=["demo", "edges"])
def counted(request: pytest.FixtureRequest) -> Iterator[Counted]:
    """The demo store, and one that makes each question easy to answer wrongly."""
    with kstore.open("demo" if request.param == "demo" else edge_source(), release="1.37") as opened:
        yield Counted(opened)


class Counted:
    """
    The answers, counted without SQL.

    Args:
        store: the store.
    """

    def __init__(self, store: kstore.Store) -> None:
        self.store = store
        read = list(store.objects())
        self.objects: list[Any] = [one for one in read if isinstance(one, kstore.StoredObject)]
        self.unreadable: list[Any] = [one for one in read if isinstance(one, kstore.Undecodable)]
        self.resources = {one.resource + (f".{one.group}" if one.group else ""): one for one in store.resources()}

    def everything(self) -> list[Any]:
        """The objects, and what cannot be read."""
        return self.objects + self.unreadable

    def of(self, resource: str) -> list[Any]:
        """The objects of a built-in resource, which custom ones with its name are none of."""
        return [one for one in self.objects if plural(one) == resource and not one.resource.endswith(".example.com")]

    def pods(self, *path: str) -> Iterator[tuple[str, Any]]:
        """Every value at a path of the Pods' spec, lists spread out, with the namespace."""
        for one in self.of("pods"):
            for value in spread(one.object["spec"], path):
                yield one.namespace, value

    def history(self) -> Iterator[Any]:
        """Every revision that is held."""
        keys = {one.record.key.decode() for one in self.store._store.source.history_scan()}
        for key in sorted(keys):
            if key.startswith("/registry/"):
                yield from self.store.history(key)


def resource(one: Any) -> tuple[str, str]:
    """`deployments` and `apps`."""
    name, _, group = str(one.resource).partition(".")
    return name, group


def author(one: Any) -> str:
    """Who wrote a revision last; empty where nobody says so."""
    return last_manager(one) or "" if isinstance(one, kstore.StoredObject) else ""


def plural(one: Any) -> str:
    """`deployments` of `deployments.apps`."""
    return str(one.resource.partition(".")[0])


def spread(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The values at a path, through lists."""
    if isinstance(value, list):
        for item in value:
            yield from spread(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from spread(value[path[0]], path[1:])


def entries(one: Any) -> list[dict[str, Any]]:
    """metadata.managedFields."""
    return list(one.object["metadata"].get("managedFields") or [])


def last_manager(one: Any) -> str | None:
    """The manager of the newest entry."""
    newest = max(entries(one), key=lambda entry: str(entry.get("time") or ""), default=None)
    return newest["manager"] if newest else None


def created(one: Any) -> datetime:
    """metadata.creationTimestamp."""
    return datetime.fromisoformat(one.object["metadata"]["creationTimestamp"]).astimezone(ZoneInfo("UTC"))


def grouped(pairs: Iterator[tuple[Any, int]] | list[tuple[Any, int]]) -> dict[Any, list[int]]:
    """Numbers by key."""
    found: dict[Any, list[int]] = defaultdict(list)
    for key, number in pairs:
        found[key].append(number)
    return found


_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_VOLUMES = (("secret", "secretName"), ("azureFile", "secretName"), ("projected", "sources", "secret", "name"),
            ("csi", "nodePublishSecretRef", "name"))  # fmt: skip


def unused(counted: Counted, resource: str, in_pods: tuple[tuple[str, ...], ...],
           in_containers: tuple[tuple[str, ...], ...]) -> list[Row]:  # fmt: skip
    """What of a resource no Pod names at any of the paths, those of every kind of container among them."""
    paths = [*in_pods, *((kind, *path) for kind in _CONTAINERS for path in in_containers)]
    used = {place for path in paths for place in counted.pods(*path)}
    names = [(one.namespace, one.name) for one in counted.everything() if one.resource == resource]
    return [name for name in names if name not in used]


def registry(image: str) -> str:
    """The host of an image's name."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


ANSWERS: dict[str, Callable[[Counted], list[Row]]] = {}


def answers(question: str) -> Callable[[Callable[[Counted], list[Row]]], Callable[[Counted], list[Row]]]:
    """Declare how a question is counted."""

    def note(function: Callable[[Counted], list[Row]]) -> Callable[[Counted], list[Row]]:
        ANSWERS[question] = function
        return function

    return note


@answers("Which versions are objects stored in, by cluster?")
def _versions(c: Counted) -> list[Row]:
    location = c.store._store.source.status().location
    versions = [one.stored_version for one in c.objects] + [None] * len(c.unreadable)
    return [(location, *pair) for pair in Counter(versions).items()]


@answers("What fills the store?")
def _fills(c: Counted) -> list[Row]:
    sizes = grouped([(resource(one), one.size) for one in c.everything()])
    return [(*name, len(found), sum(found), max(found)) for name, found in sizes.items()]


@answers("Which namespaces hold most?")
def _namespaces(c: Counted) -> list[Row]:
    sizes = grouped([(one.namespace, one.size) for one in c.everything() if one.namespace])
    return [(name, len(found), sum(found)) for name, found in sizes.items()]


@answers("Which are the ten largest objects?")
def _largest(c: Counted) -> list[Row]:
    return sorted(((one.key, one.size) for one in c.everything()), key=lambda row: (-row[1], row[0]))[:10]


@answers("What is not stored in the version that the release stores?")
def _stale(c: Counted) -> list[Row]:
    pairs = ((one, c.resources[one.resource].storage_version) for one in c.objects)
    found = Counter((plural(one), one.stored_version, wanted) for one, wanted in pairs
                    if wanted and one.stored_version != wanted)  # fmt: skip
    return [(*key, count) for key, count in found.items()]


@answers("What of the confidential resources is not encrypted at rest?")
def _plain(c: Counted) -> list[Row]:
    names = [one.resource for one in c.everything() if not one.encryption]
    return [(name, names.count(name)) for name in ("configmaps", "secrets") if name in names]


@answers("Which registries do images come from?")
def _registries(c: Counted) -> list[Row]:
    return list(Counter(registry(image) for kind in _CONTAINERS for _, image in c.pods(kind, "image")).items())


@answers("Which images of Deployments have no fixed tag?")
def _tags(c: Counted) -> list[Row]:
    found = []
    for one in c.of("deployments"):
        for kind in _CONTAINERS:
            for image in spread(one.object["spec"], ("template", "spec", kind, "image")):
                last = image.rpartition("/")[2]
                if ":" not in last or image.endswith(":latest"):
                    found.append((one.namespace, one.name, image))
    return found


@answers("How many Pods are on each node?")
def _nodes(c: Counted) -> list[Row]:
    return list(Counter(one.object["spec"].get("nodeName") for one in c.of("pods")).items())


@answers("Which Pods have a container without a memory limit?")
def _limits(c: Counted) -> list[Row]:
    return [
        (one.namespace, one.name)
        for one in c.of("pods")
        if any(
            not each.get("resources", {}).get("limits", {}).get("memory") for each in one.object["spec"]["containers"]
        )
    ]


@answers("What phase are Pods in?")
def _phases(c: Counted) -> list[Row]:
    return list(Counter(one.object.get("status", {}).get("phase", "none") for one in c.of("pods")).items())


@answers("Which Secrets does no Pod use?")
def _secrets(c: Counted) -> list[Row]:
    in_pods = (("imagePullSecrets", "name"), *(("volumes", *path) for path in _VOLUMES))
    return unused(
        c, "secrets", in_pods, (("envFrom", "secretRef", "name"), ("env", "valueFrom", "secretKeyRef", "name"))
    )


@answers("Which ConfigMaps does no Pod use?")
def _configmaps(c: Counted) -> list[Row]:
    in_pods = (("volumes", "configMap", "name"), ("volumes", "projected", "sources", "configMap", "name"))
    in_containers = (("envFrom", "configMapRef", "name"), ("env", "valueFrom", "configMapKeyRef", "name"))
    return unused(c, "configmaps", in_pods, in_containers)


@answers("Who wrote most bytes?")
def _bytes(c: Counted) -> list[Row]:
    sizes = grouped([(manager, one.size) for one in c.objects if (manager := last_manager(one))])
    return [(name, len(found), sum(found)) for name, found in sizes.items()]


@answers("Whose hand is in which resources?")
def _hands(c: Counted) -> list[Row]:
    found = Counter(
        (name, *resource(one)) for one in c.objects for name in {entry["manager"] for entry in entries(one)}
    )
    return [(*key, count) for key, count in found.items()]


@answers("Which controller changes most, revision by revision?")
def _churn(c: Counted) -> list[Row]:
    found = Counter((author(one.item), *resource(one.item)) for one in c.history() if one.item)
    return [(*key, count) for key, count in found.items()]


@answers("Which keys have most revisions?")
def _revisions(c: Counted) -> list[Row]:
    sizes = grouped([(one.key, one.item.size if one.item else 0) for one in c.history()])
    rows = [(key, len(found), sum(found)) for key, found in sizes.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:10]


@answers("What was deleted?")
def _deleted(c: Counted) -> list[Row]:
    return [(one.key, one.revision) for one in c.history() if one.change == "deleted"]


@answers("Which custom resources are older than their CRD?")
def _older(c: Counted) -> list[Row]:
    crds = {(one.object["spec"]["names"]["plural"], one.object["spec"]["group"]): created(one)
            for one in c.of("customresourcedefinitions")}  # fmt: skip
    found = []
    for one in c.objects:
        name, _, group = one.resource.partition(".")
        if (name, group) in crds and created(one) < crds[name, group]:
            found.append((one.key, created(one), crds[name, group]))
    return found


@answers("Who is cluster-admin?")
def _admins(c: Counted) -> list[Row]:
    return [
        (one.name, subject["kind"], subject["name"])
        for one in c.of("clusterrolebindings")
        if one.object["roleRef"]["name"] == "cluster-admin"
        for subject in one.object.get("subjects") or []
    ]


@answers("Which roles allow everything?")
def _everything(c: Counted) -> list[Row]:
    return [
        (one.name,)
        for one in c.of("clusterroles")
        if any(
            all("*" in rule.get(name, ()) for name in ("verbs", "apiGroups", "resources"))
            for rule in one.object.get("rules") or []
        )
    ]


@answers("Which Services select nothing?")
def _selectors(c: Counted) -> list[Row]:
    return [
        (one.namespace, one.name, one.object["spec"].get("type"))
        for one in c.of("services")
        if not one.object["spec"].get("selector")
    ]


@answers("What waits to be deleted, and for whom?")
def _waiting(c: Counted) -> list[Row]:
    return [
        (
            one.key,
            metadata["deletionTimestamp"],
            json.dumps(held, separators=(",", ":")) if (held := metadata.get("finalizers")) else None,
        )
        for one in c.objects
        if (metadata := one.object["metadata"]).get("deletionTimestamp")
    ]


@answers("Which kinds own what?")
def _owners(c: Counted) -> list[Row]:
    found = Counter((owner["kind"], one.kind) for one in c.objects
                    for owner in one.object["metadata"].get("ownerReferences") or [])  # fmt: skip
    return [(*key, count) for key, count in found.items()]


@answers("Which Deployments run a single replica?")
def _single(c: Counted) -> list[Row]:
    return [(one.namespace, one.name) for one in c.of("deployments") if one.object["spec"].get("replicas") == 1]


def test_there_are_twenty_five() -> None:
    """Every question of the page is counted, and none beside."""
    assert set(QUESTIONS) == set(ANSWERS)
    assert len(QUESTIONS) == 25


@pytest.mark.large
@pytest.mark.parametrize("question", ANSWERS)
def test_a_question(question: str, counted: Counted) -> None:
    """SQL says what plain Python counts."""
    asked = counted.store.sql(QUESTIONS[question]).fetchall()
    assert sorted(map(repr, asked)) == sorted(map(repr, ANSWERS[question](counted)))


def test_two_stores_stay_apart() -> None:
    """What a Pod of one store mounts is not in use in another."""
    unused = QUESTIONS["Which Secrets does no Pod use?"]
    with kstore.open(edge_source()) as one, kstore.open(_Elsewhere(without_pods())) as other:
        both = one.sql(unused, others=[other]).fetchall()
        assert sorted(both) == sorted(one.sql(unused).fetchall() + other.sql(unused).fetchall())


def without_pods() -> dict[bytes, bytes]:
    """What the store of edge cases holds beside its Pods."""
    live = edge_source().live()
    return {key: record.value for key, record in live.items() if not key.startswith(b"/registry/pods/")}


class _Elsewhere(MemorySource):
    """A store in memory at another address."""

    def status(self) -> StoreStatus:
        """As of the others, but for the address."""
        return replace(super().status(), location="elsewhere")
