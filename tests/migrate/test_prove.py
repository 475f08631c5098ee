"""
What a server that is a fake answers to dry runs, and what is made of it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.errors import WriteRefused
from kstore.migrate import prove
from kstore.migrate.apiserver import Apiserver, ApiserverRefused, storage_version_hash
from kstore.migrate.prove import Prover, Unproved
from kstore.naming import GroupVersion
from kstore.records import Delete, Put
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource

Object = dict[str, Any]
CODEC = Store(MemorySource(), Scheme(Release("1.37"))).codec
ROWS: dict[str, list[Object]] = {
    "v1": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
        {"name": "services", "kind": "Service", "namespaced": True},
    ],
    "apps/v1": [
        {
            "name": "deployments", "kind": "Deployment", "namespaced": True,
            "storageVersionHash": storage_version_hash("apps", "v1", "Deployment"),
        }
    ],
    "autoscaling/v2": [
        {
            "name": "horizontalpodautoscalers", "kind": "HorizontalPodAutoscaler", "namespaced": True,
            "storageVersionHash": storage_version_hash("autoscaling", "v1", "HorizontalPodAutoscaler"),
        }
    ],
}  # fmt: skip


class FakeServer(Apiserver):
    """Answers what `update` makes of the object that is stored, as a server does that converts well."""

    def __init__(self, source: MemorySource, update: Callable[[Object], Any]) -> None:
        self.address = "https://127.0.0.1:1"
        self.source = source
        self.update = update
        self.asked: list[tuple[str, Object]] = []

    def resources(self) -> list[tuple[str, Object]]:
        return [(self.prefix_of(_version(name)), row) for name, rows in ROWS.items() for row in rows]

    def resources_in(self, version: GroupVersion) -> dict[str, Object]:
        return {row["name"]: row for row in ROWS.get(str(version), [])}

    def exchange(self, method: str, path: str, body: Any = None, *, media: str = "", accept: str = "") -> bytes:
        assert (method, media) == ("PATCH", "application/merge-patch+json")
        assert path.endswith("?dryRun=All&fieldManager=kstore")
        self.asked.append((path, body))
        name = path.partition("?")[0].rpartition("/")[2]
        (record,) = [one for one in self.source.scan() if one.key.decode().endswith(f"/{name}")]
        if body["metadata"]["resourceVersion"] != str(record.mod_revision):
            raise ApiserverRefused("the object has been modified", status=409)
        served = CODEC.convert_object(record.value, _version(body["apiVersion"]))
        served["metadata"]["resourceVersion"] = str(record.mod_revision)
        answer = self.update(copy.deepcopy(served))
        if isinstance(answer, int):
            raise ApiserverRefused("so it is", status=answer)
        return CODEC.encode(answer, "protobuf")


def _version(text: str) -> GroupVersion:
    group, _, version = text.rpartition("/")
    return GroupVersion(group, version)


def _map(name: str, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
        "metadata": {"name": name, "namespace": "x", "uid": f"u-{name}", **metadata},
    }  # fmt: skip


def _source(**objects: Object) -> MemorySource:
    return MemorySource({
        f"/registry/{resource.replace('__', '/')}": CODEC.encode(obj, "protobuf") for resource, obj in objects.items()
    })  # fmt: skip


def _prove(server: FakeServer) -> tuple[Prover, list[Unproved]]:
    store = Store(server.source, CODEC.scheme)
    prover = Prover(server, store)
    return prover, list(prover.prove(store.under("/registry")))


def test_what_stays_as_it_is() -> None:
    """Nothing is found; the patch names the very object, and asks for nothing."""
    server = FakeServer(_source(configmaps__x__a=_map("a"), configmaps__x__b=_map("b")), lambda obj: obj)
    prover, findings = _prove(server)
    assert (prover.proof.objects, prover.proof.unchanged, findings) == (2, 2, [])
    path, patch = server.asked[0]
    assert path.startswith("/api/v1/namespaces/x/configmaps/a?")
    revision = str(server.source.live()[b"/registry/configmaps/x/a"].mod_revision)
    assert patch == {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"uid": "u-a", "resourceVersion": revision},
    }  # fmt: skip


def test_what_would_be_written() -> None:
    """The fields that the server changes; an answer's selfLink is none of them."""

    def update(obj: Object) -> Object:
        return {**obj, "metadata": {**obj["metadata"], "selfLink": "/x", "labels": {"new": "1"}}, "data": {"a": "c"}}

    server = FakeServer(_source(configmaps__x__a=_map("a")), update)
    prover, (finding,) = _prove(server)
    assert (finding.key, finding.outcome) == ("/registry/configmaps/x/a", "changed")
    assert set(finding.changes) == {"metadata.labels", "data.a"}
    assert prover.proof.outcomes == {"changed": 1}


def test_another_version_and_another_encoding() -> None:
    """What the server stores is told by discovery, also where it serves it in another version only."""
    scaler = {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h", "namespace": "x"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "maxReplicas": 3},
    }  # fmt: skip
    source = MemorySource({
        "/registry/horizontalpodautoscalers/x/h": CODEC.encode(scaler, "protobuf"),
        "/registry/configmaps/x/a": (json.dumps(_map("a")) + "\n").encode(),
    })  # fmt: skip
    _, findings = _prove(FakeServer(source, lambda obj: obj))
    changes = {one.key.rpartition("/")[2]: one.changes for one in findings}
    assert changes["a"] == ("encoding: json -> protobuf",)
    assert changes["h"][0] == "apiVersion: autoscaling/v2 -> autoscaling/v1"


def test_what_is_refused() -> None:
    """The server's reason is told, and the others go on."""
    server = FakeServer(
        _source(configmaps__x__a=_map("a"), configmaps__x__b=_map("b")),
        lambda obj: 422 if obj["metadata"]["name"] == "a" else obj,
    )
    prover, (finding,) = _prove(server)
    assert (finding.outcome, finding.message) == ("refused", "so it is")
    assert prover.proof.unchanged == 1


def test_what_was_written_meanwhile_is_asked_about_as_it_is_now() -> None:
    """A conflict is no finding: the object is read and sent again; what was deleted is counted."""
    source = _source(configmaps__x__a=_map("a"), configmaps__x__b=_map("b"))
    store = Store(source, CODEC.scheme)
    reads = list(store.under("/registry"))
    first, second = (read.record for read in reads)
    value = CODEC.encode(_map("a", labels={"new": "1"}), "protobuf")
    source.commit([Put(first.key, value, first.mod_revision)])
    server = FakeServer(source, lambda obj: 404 if obj["metadata"]["name"] == "b" else obj)
    source.commit([Delete(second.key, second.mod_revision)])
    source.commit([Put(b"/registry/configmaps/y/b", second.value, 0)])  # so that the fake has something to refuse
    prover = Prover(server, store)
    assert list(prover.prove(reads)) == []
    assert (prover.proof.objects, prover.proof.unchanged, prover.proof.gone) == (2, 1, 1)


@pytest.mark.parametrize("status", [404, 409])
def test_what_was_created_anew_meanwhile(status: int) -> None:
    """It was gone, or another, when it was asked about: it is there again, and is asked about as it is now."""
    source = _source(configmaps__x__a=_map("a"))
    store = Store(source, CODEC.scheme)
    (read,) = store.under("/registry")

    class Renewing(FakeServer):
        """Refuses the first patch, by when others have created the object anew."""

        def exchange(self, *asked: Any, **named: Any) -> bytes:
            if self.source.live()[read.record.key].mod_revision == read.record.mod_revision:
                self.source.delete(read.record.key)
                self.source.put(read.record.key, CODEC.encode(_map("a"), "protobuf"))
                raise ApiserverRefused("so it is", status=status)
            return super().exchange(*asked, **named)

    prover = Prover(Renewing(source, lambda obj: obj), store)
    assert list(prover.prove([read])) == []
    assert (prover.proof.objects, prover.proof.unchanged, prover.proof.gone) == (1, 1, 0)


@pytest.mark.parametrize(("status", "again"), [(429, True), (503, True), (504, True), (500, False), (403, False)])
@pytest.mark.parametrize("times", [1, 4, 5])
def test_a_server_that_has_no_time(monkeypatch: pytest.MonkeyPatch, status: int, again: bool, times: int) -> None:
    """It is asked again a few times, ever later; any other refusal is its last word."""
    waited: list[float] = []
    monkeypatch.setattr(prove, "time", SimpleNamespace(sleep=waited.append))
    left = iter(range(times))
    source = _source(configmaps__x__a=_map("a"))
    server = FakeServer(source, lambda obj: obj if next(left, None) is None else status)
    _, findings = _prove(server)
    assert [one.outcome for one in findings] == ([] if again and times < 5 else ["refused"])
    assert waited == ([0.1, 0.2, 0.4, 0.8][:times] if again else [])


def test_a_policy_that_reads_do_not_show() -> None:
    """A Service of type ExternalName is answered without the policy that is stored, and that an update leaves."""
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "x", "uid": "u"},
        "spec": {"type": "ExternalName", "externalName": "example.com", "internalTrafficPolicy": "Cluster"},
    }  # fmt: skip
    source = _source(services__specs__x__a=service)
    before = _prove(FakeServer(source, lambda obj: obj))[1]

    def hide(obj: Object) -> Object:
        obj["spec"].pop("internalTrafficPolicy", None)
        return obj

    assert _prove(FakeServer(source, hide))[1] == before
    changes = {path for one in before for path in one.changes}
    assert not any("internalTrafficPolicy" in path for path in changes)


def test_what_no_update_reaches() -> None:
    """Objects that no API serves are counted by resource; what cannot be read is found, and not sent."""
    source = MemorySource({
        "/registry/masterleases/10.0.0.1": CODEC.encode({"apiVersion": "v1", "kind": "Endpoints", "metadata": {}}),
        "/registry/sky.example.com/kites/x/a": b'{"apiVersion":"sky.example.com/v1","kind":"Kite","metadata":{}}',
        "/registry/configmaps/x/a": b"k8s\x00rubbish",
    })  # fmt: skip
    server = FakeServer(source, lambda obj: obj)
    prover, (finding,) = _prove(server)
    assert prover.proof.unserved == {"masterleases": 1, "Kite": 1}
    assert (finding.key, finding.outcome) == ("/registry/configmaps/x/a", "unreadable")
    assert server.asked == []


def test_an_update_that_would_remove_the_object() -> None:
    """What is being deleted, and held by nothing, goes at any update; with a finalizer it stays."""
    gone = {"deletionTimestamp": "2020-01-01T00:00:00Z"}
    held = {**gone, "finalizers": ["example.com/hold"]}
    server = FakeServer(
        _source(configmaps__x__a=_map("a", **gone), configmaps__x__b=_map("b", **held)), lambda obj: obj
    )
    _, (finding,) = _prove(server)
    assert finding.key.endswith("/a")
    assert "being deleted" in finding.changes[0]


def test_a_server_that_writes_is_stopped() -> None:
    """An answer with another resourceVersion is no dry run's: nothing more is sent."""

    def update(obj: Object) -> Object:
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": "99"}}

    with pytest.raises(WriteRefused, match="may have written"):
        _prove(FakeServer(_source(configmaps__x__a=_map("a")), update))
