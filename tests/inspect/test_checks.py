"""
Each check finds what it is for, and nothing in a store that has none of it.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.encryption.conftest import configuration, keyed

from kstore.catalog.releases import Release
from kstore.cli.main import run
from kstore.encryption.config import load_configuration
from kstore.inspect.checks import CHECKS, run_checks
from kstore.inspect.findings import Finding, as_document, as_junit, as_sarif
from kstore.inspect.survey import Survey
from kstore.records import Put

from .conftest import MemorySource, OpenStore, config_map

CRD = {
    "kind": "CustomResourceDefinition",
    "apiVersion": "apiextensions.k8s.io/v1",
    "metadata": {"name": "foos.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"plural": "foos", "kind": "Foo"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True}, {"name": "v1beta1", "served": True}],
    },
    "status": {"storedVersions": ["v1", "v1alpha1"]},
}


def namespace(name: str, **more: Any) -> dict[str, Any]:
    """A namespace."""
    return {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name, **more}}


def foo(name: str, version: str) -> dict[str, Any]:
    """A custom object."""
    return {"kind": "Foo", "apiVersion": f"example.com/{version}", "metadata": {"name": name, "namespace": "default"}}


def checked(open_store: OpenStore, release: str = "1.37") -> dict[str, Finding]:
    """What is found, by the check's id."""
    found = run_checks(Survey(open_store(release), Release(release)))
    return {one.rule.id: one for one in found}


@pytest.fixture
def whole(source: MemorySource) -> MemorySource:
    """A store in which nothing is wrong."""
    source.put("/registry/namespaces/default", namespace("default"))
    source.put("/registry/configmaps/default/a", config_map("a"))
    return source


def test_nothing_wrong(whole: MemorySource, open_store: OpenStore) -> None:
    """A store in order gives no finding."""
    assert checked(open_store) == {}


@pytest.mark.parametrize(
    ("name", "key", "value", "detail"),
    [
        ("undecodable", "/registry/pods/default/bad", b"k8s\x00\xff", ""),
        ("sealed", "/registry/secrets/default/s", b"k8s:enc:aescbc:v1:key1:" + b"x" * 32, ""),
        ("no-namespace", "/registry/configmaps/gone/a", config_map("a", "gone"), ""),
        ("no-resource", "/registry/gone.io/ts/default/t", {"kind": "T", "apiVersion": "g.io/v1"}, "g.io/v1 T"),
        ("misplaced", "/registry/configmaps/default/b", config_map("a"), "its metadata says default/a"),
        (
            "misplaced", "/registry/clusterroles/default/view",
            {"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "view"}},
            "its metadata says view",
        ),
        (
            "object-stuck", "/registry/configmaps/default/b",
            {"kind": "ConfigMap", "apiVersion": "v1",
             "metadata": {"name": "b", "namespace": "default", "finalizers": ["x/y"],
                          "deletionTimestamp": "2026-01-01T00:00:00Z"}},
            "since 2026-01-01T00:00:00Z, held by x/y",
        ),
        (
            "owner-gone", "/registry/configmaps/default/b",
            {"kind": "ConfigMap", "apiVersion": "v1",
             "metadata": {"name": "b", "namespace": "default", "uid": "u",
                          "ownerReferences": [
                              {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "nobody"}]}},
            "owned by it; its garbage collector should have deleted it",
        ),
        (
            "removed-version", "/registry/deployments/default/d",
            {"kind": "Deployment", "apiVersion": "apps/v1beta1", "metadata": {"name": "d", "namespace": "default"}}, "",
        ),
        (
            "other-version", "/registry/horizontalpodautoscalers/default/h",
            {"kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v1",
             "metadata": {"name": "h", "namespace": "default"}}, "",
        ),
    ],
)  # fmt: skip
def test_each_is_found(
    whole: MemorySource, open_store: OpenStore, name: str, key: str, value: Any, detail: str
) -> None:
    """One thing wrong gives one finding, with its key."""
    whole.put(key, value)
    found = checked(open_store)
    assert set(found) == {name}
    assert [one for one, _ in found[name].keys] == [key]
    if detail:
        assert found[name].keys[0][1] == detail


def test_a_namespace_that_does_not_count(whole: MemorySource, open_store: OpenStore) -> None:
    """That of a cluster-wide object is in no key; the apiserver empties it at the next update (`rest.BeforeUpdate`)."""
    metadata = {"name": "view", "namespace": "default"}
    role = {"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": metadata}
    whole.put("/registry/clusterroles/view", role)
    assert checked(open_store) == {}


@pytest.mark.parametrize(
    ("release", "name"),
    [("1.29", ""), ("1.30", "deprecated-version"), ("1.31", "deprecated-version"), ("1.32", "removed-version")],
)
def test_the_release_from_which_a_version_is_gone(
    whole: MemorySource, open_store: OpenStore, release: str, name: str
) -> None:
    """FlowSchema's v1beta3, deprecated since 1.29, which stores it all the same, is no more served by 1.32 itself."""
    flow = {"kind": "FlowSchema", "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "metadata": {"name": "flow"}}
    whole.put("/registry/flowschemas/flow", flow)
    assert set(checked(open_store, release)) == ({name} if name else set())


def test_what_a_release_does_not_know(whole: MemorySource, open_store: OpenStore) -> None:
    """An older release has no such version: the command brings it into its own; a field it lacks would be lost."""
    meta = {"name": "c"}
    whole.put(
        "/registry/deviceclasses/c", {"kind": "DeviceClass", "apiVersion": "resource.k8s.io/v1", "metadata": meta}
    )
    assert checked(open_store) == {}
    found = checked(open_store, "1.33")
    assert set(found) == {"unknown-to-target"}
    assert found["unknown-to-target"].command == "kstore migrate deviceclasses.resource.k8s.io --to-release 1.33"
    whole.put("/registry/configmaps/default/a", config_map("a", nonsense=1))
    assert checked(open_store)["lossy"].keys == [("/registry/configmaps/default/a", "nonsense")]


def test_custom_resources(whole: MemorySource, open_store: OpenStore) -> None:
    """Versions that the CRD lacks, that storedVersions does not list, and that it lists for nothing."""
    whole.put("/registry/apiextensions.k8s.io/customresourcedefinitions/foos.example.com", CRD)
    whole.put("/registry/example.com/foos/default/a", foo("a", "v1beta1"))
    whole.put("/registry/example.com/foos/default/b", foo("b", "v2"))
    found = checked(open_store)
    assert found["unknown-to-target"].keys[0][0].endswith("/b")
    assert found["other-version"].command == "kstore migrate foos.example.com --to-release 1.37"
    assert [key for key, _ in found["other-version"].keys] == ["/registry/example.com/foos/default/a"]
    for name in ("crd-idle-version", "crd-unlisted-version"):  # one of the objects could not be migrated
        assert not any("migrate" in word for command in found[name].advice for word in command)
    assert found["crd-idle-version"].subject == "foos.example.com: v1alpha1"
    assert found["crd-unlisted-version"].subject.endswith(("stored as v1beta1", "stored as v2"))


def test_versions_are_idle_only_where_all_objects_are_read(whole: MemorySource, open_store: OpenStore) -> None:
    """One that cannot be read may be stored in any version: the list is not to be narrowed."""
    whole.put("/registry/apiextensions.k8s.io/customresourcedefinitions/foos.example.com", CRD)
    whole.put("/registry/example.com/foos/default/a", foo("a", "v1"))
    assert checked(open_store)["crd-idle-version"].subject == "foos.example.com: v1alpha1"
    whole.put("/registry/example.com/foos/default/b", b'{"apiVersion": "example.com/v1alph')
    assert "crd-idle-version" not in checked(open_store)


@pytest.mark.parametrize(
    ("effect", "tolerates"), [("NoExecute", True), ("", True), ("NoSchedule", False), ("PreferNoSchedule", False)]
)
def test_which_tolerations_are_added(whole: MemorySource, open_store: OpenStore, effect: str, tolerates: bool) -> None:
    """Those of NoExecute, unless the pod has them: a toleration of another effect is none of them."""
    tolerations = [
        {"key": f"node.kubernetes.io/{taint}", "operator": "Exists", **({"effect": effect} if effect else {})}
        for taint in ("not-ready", "unreachable")
    ]
    spec = {"containers": [{"name": "web"}], "tolerations": tolerations}
    metadata = {"name": "p", "namespace": "default", "uid": "u"}
    whole.put("/registry/pods/default/p", {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec})
    assert ("untolerating" not in checked(open_store)) == tolerates


def test_groups_served_elsewhere(whole: MemorySource, open_store: OpenStore) -> None:
    """A group that an APIService hands on is named with its server, and its objects belong to it."""
    spec = {"group": "zoo.example.com", "version": "v1", "service": {"namespace": "zoo", "name": "api"}}
    key = "/registry/apiregistration.k8s.io/apiservices/v1.zoo.example.com"
    service = {
        "kind": "APIService",
        "apiVersion": "apiregistration.k8s.io/v1",
        "metadata": {"name": "v1.zoo.example.com"},
    }
    whole.put(key, {**service, "spec": spec})
    found = checked(open_store)
    assert set(found) == {"served-elsewhere"}
    assert found["served-elsewhere"].subject == "zoo.example.com, served by zoo/api"
    assert found["served-elsewhere"].keys == [(key, "this store has no object of it")]
    whole.put("/registry/zoo.example.com/cages/default/a", {"kind": "Cage", "apiVersion": "zoo.example.com/v1"})
    found = checked(open_store)
    assert set(found) == {"served-elsewhere"}
    assert found["served-elsewhere"].keys == [(key, "of its objects in this store: 1")]


def test_a_namespace_that_waits(whole: MemorySource, open_store: OpenStore) -> None:
    """A namespace that is to be deleted says what it still holds, and what holds that."""
    whole.put(
        "/registry/namespaces/old",
        namespace("old", deletionTimestamp="2026-01-01T00:00:00Z") | {"spec": {"finalizers": ["kubernetes"]}},
    )
    held = config_map("h", "old")
    held["metadata"]["finalizers"] = ["x/y"]
    whole.put("/registry/configmaps/old/h", held)
    found = checked(open_store)["namespace-stuck"]
    assert found.keys == [
        ("/registry/namespaces/old", "finalizers kubernetes; still holds 1 configmaps"),
        ("/registry/configmaps/old/h", "held by x/y"),
    ]


def test_encryption(whole: MemorySource, open_store: OpenStore, tmp_path: Any) -> None:
    """What is in plain text, and what an old key encrypted; both mended by `encrypt`."""
    from kstore.encryption.config import load_configuration

    text = """
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [configmaps]
  providers:
  - aescbc:
      keys:
      - {name: KEYS, secret: MDEyMzQ1Njc4OWFiY2RlZg==}
      - {name: old, secret: MDEyMzQ1Njc4OWFiY2RlZg==}
  - identity: {}
"""
    (tmp_path / "old.yaml").write_text(text.replace("KEYS", "older").replace("name: old,", "name: zz,"))
    (tmp_path / "now.yaml").write_text(text.replace("KEYS", "new").replace("name: old,", "name: older,"))
    with load_configuration(str(tmp_path / "old.yaml")) as old, load_configuration(str(tmp_path / "now.yaml")) as now:
        key = b"/registry/configmaps/default/encrypted"
        plain = json.dumps(config_map("encrypted")).encode()
        whole.put(key.decode(), open_store(transformers=old).codec.encrypt(key, plain))
        found = {one.rule.id: one for one in run_checks(Survey(open_store(transformers=now), Release("1.37")))}
    assert set(found) == {"plain-text", "old-key"}
    assert found["old-key"].keys == [(key.decode(), "")]
    assert found["plain-text"].keys == [("/registry/configmaps/default/a", "")]


@pytest.mark.parametrize("stale", [True, False])
def test_what_is_encrypted_as_it_shall_be(
    whole: MemorySource, open_store: OpenStore, tmp_path: Path, stale: bool
) -> None:
    """A value under the first key is in order; one under the second is not."""
    names = ("old", "new") if stale else ("new", "old")
    one, now = (
        load_configuration(file)
        for file, order in ((tmp_path / "one", names), (tmp_path / "now", ("new", "old")))
        if file.write_text(configuration(("configmaps", keyed("aesgcm", *((name, ord(name[0])) for name in order)))))
    )
    key = b"/registry/configmaps/default/a"
    whole.put(key.decode(), open_store(transformers=one).codec.encrypt(key, json.dumps(config_map("a")).encode()))
    found = {one.rule.id for one in run_checks(Survey(open_store(transformers=now), Release("1.37")))}
    assert found == ({"old-key"} if stale else set())


def test_a_store_that_knows_no_leases(
    whole: MemorySource, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot tell that one is gone."""
    whole.put("/registry/configmaps/default/b", config_map("b"), lease=9)
    monkeypatch.setattr(Survey, "leases", None)
    assert checked(open_store) == {}


@pytest.mark.parametrize("file", [True, False])
def test_a_migration_of_a_file_mends_no_list(
    whole: MemorySource, open_store: OpenStore, file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves the CRDs as they are, so it is not advised for a list that names too much."""
    monkeypatch.setattr(Survey, "is_file", file)
    whole.put("/registry/apiextensions.k8s.io/customresourcedefinitions/foos.example.com", CRD)
    whole.put("/registry/example.com/foos/default/a", foo("a", "v1"))
    advice = checked(open_store)["crd-idle-version"].advice
    assert any("migrate" in command for command in advice) is not file


@pytest.mark.parametrize("key", ["/registry/t", "/registry/gone.io/ts/default/t"])
def test_a_key_that_is_no_custom_resource_s(whole: MemorySource, open_store: OpenStore, key: str) -> None:
    """Whatever lies there calls itself: its deletion is advised only where custom objects lie."""
    service = {"kind": "APIService", "apiVersion": "apiregistration.k8s.io/v1", "metadata": {"name": "v1.apps"}}
    whole.put(
        "/registry/apiregistration.k8s.io/apiservices/v1.apps", service | {"spec": {"group": "apps", "version": "v1"}}
    )
    whole.put(key, {"kind": "T", "apiVersion": "gone.io/v1", "metadata": {"name": "t"}})
    advice = checked(open_store)["no-resource"].advice
    assert any("delete" in command for command in advice) is (key != "/registry/t")


@pytest.mark.parametrize("served", [True, False])
def test_namespaces_of_another_server(whole: MemorySource, open_store: OpenStore, served: bool) -> None:
    """The objects of a group that is served elsewhere may be in namespaces that are elsewhere."""
    if served:
        spec = {"group": "example.com", "version": "v1", "service": {"namespace": "zoo", "name": "api"}}
        whole.put(
            "/registry/apiregistration.k8s.io/apiservices/v1.example.com",
            {
                "kind": "APIService",
                "apiVersion": "apiregistration.k8s.io/v1",
                "metadata": {"name": "v1.example.com"},
                "spec": spec,
            },
        )
    whole.put("/registry/apiextensions.k8s.io/customresourcedefinitions/foos.example.com", CRD)
    whole.put("/registry/example.com/foos/gone/a", foo("a", "v1") | {"metadata": {"name": "a", "namespace": "gone"}})
    assert ("no-namespace" in checked(open_store)) is not served


@pytest.mark.parametrize(("allocate", "found"), [(None, True), (True, True), (False, False)])
def test_ports_of_a_load_balancer(
    whole: MemorySource, open_store: OpenStore, allocate: bool | None, found: bool
) -> None:
    """They are allocated unless that is switched off; saying nothing does not."""
    spec: dict[str, Any] = {"type": "LoadBalancer", "ports": [{"name": "web", "port": 80}], "clusterIP": "10.0.0.1"}
    if allocate is not None:
        spec["allocateLoadBalancerNodePorts"] = allocate
    metadata = {"name": "s", "namespace": "default"}
    whole.put(
        "/registry/services/specs/default/s",
        {"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": spec},
    )
    assert ("unallocated" in checked(open_store)) is found


def test_leases_that_are_gone(whole: MemorySource, open_store: OpenStore) -> None:
    """A key on a lease that the store does not have will never expire."""
    whole.put("/registry/configmaps/default/b", config_map("b"), lease=9)
    assert checked(open_store)["lease-gone"].keys == [("/registry/configmaps/default/b", "lease 9")]


def test_forms_for_programs(whole: MemorySource, open_store: OpenStore) -> None:
    """JSON, SARIF and JUnit tell the same findings; what XML cannot hold does not break it."""
    whole.put("/registry/pods/default/bad", b"\x01\x02")
    whole.put("/registry/things/a\x01b", b"1")
    rules = [check.rule for check in CHECKS]
    found = run_checks(Survey(open_store(), Release("1.37")))
    document = as_document(found, {"store": "memory"})
    assert document["findings"][0]["id"] == "undecodable"
    sarif = as_sarif(found, rules, "1")
    assert {one["ruleId"] for one in sarif["runs"][0]["results"]} == {one.rule.id for one in found}
    report = ElementTree.fromstring(as_junit(found, rules, "kstore check"))
    assert (int(report.get("tests", 0)), len(report.findall("testcase"))) == (len(rules), len(rules))
    assert int(report.get("failures", 0)) == len(report.findall("testcase/failure")) == 2


@pytest.mark.large
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo store has things to find: exit code 5; a check that there is not is a usage error."""
    assert run(["--store", "demo", "check", "--target-release", "1.34"]) == 5
    assert "[removed-version]" in capsys.readouterr().out
    assert run(["--store", "demo", "check", "--only", "undecodable"]) == 0
    assert run(["--store", "demo", "check", "--only", "nonsense"]) == 2
    assert run(["check", "--list"]) == 0


def test_odd_objects_stop_nothing(whole: MemorySource, open_store: OpenStore) -> None:
    """A custom object may hold anything where metadata has lists: it is passed by, in every question."""
    from kstore.inspect.analysis import Analyzer
    from kstore.inspect.changes import Changes
    from kstore.inspect.comparison import Side, compare

    odd = {"kind": "Foo", "apiVersion": "e.io/v1", "spec": 1}
    for metadata in ({"managedFields": 3, "ownerReferences": [1], "finalizers": 5, "deletionTimestamp": "x"}, [], 7):
        whole.put("/registry/e.io/foos/default/a", odd | {"metadata": metadata})
    whole.put("/registry/namespaces/old", namespace("old", deletionTimestamp="2026-01-01T00:00:00Z"))
    whole.put("/registry/e.io/foos/old/a", odd | {"metadata": {"name": "a", "finalizers": 5}})
    whole.put("/registry/pods/", b"")
    store = open_store()
    assert checked(open_store)["no-resource"].count == 2
    assert Analyzer(store).run().total.objects == 6
    assert len(list(Changes(store).steps(whole.history_scan()))) == 8
    assert len(list(compare(Side(store, 2), Side(store)))) == 5


@pytest.mark.parametrize("name", ["x$(touch here)", "it's; rm -rf .", "`id`", "two words"])
def test_advice_is_quoted_for_a_shell(whole: MemorySource, open_store: OpenStore, name: str) -> None:
    """A name may hold anything that a shell would run: pasted from any form, it stays one argument."""
    key = f"/registry/roles/default/{name}"
    role = {"kind": "Role", "apiVersion": "rbac.authorization.k8s.io/v1", "rules": None}
    whole.put(key, role | {"metadata": {"name": name, "namespace": "other"}})
    found = run_checks(Survey(open_store(), Release("1.37")))
    assert [one.rule.id for one in found] == ["misplaced"]
    assert shlex.split(found[0].command)[2] == key
    assert as_document(found, {})["findings"][0]["command"] == found[0].command
    assert found[0].command in as_sarif(found, [], "1")["runs"][0]["results"][0]["message"]["text"]
    report = ElementTree.fromstring(as_junit(found, [one.rule for one in found], "kstore check"))
    assert found[0].command in (report.findtext("testcase/failure") or "")


def owned(name: str, *owners: tuple[str, str, str, str], **metadata: Any) -> dict[str, Any]:
    """A config map with owners: version, kind, name and uid of each."""
    found = config_map(name)
    found["metadata"]["ownerReferences"] = [
        dict(zip(("apiVersion", "kind", "name", "uid"), owner, strict=True)) for owner in owners
    ]
    found["metadata"] |= metadata
    return found


GONE = ("batch/v1", "Job", "gone", "1")


@pytest.mark.large
@pytest.mark.parametrize(
    "dependent",
    [
        owned("b", GONE, ("v1", "ConfigMap", "a", "uid-a")),
        owned("b", GONE, ("wardle.example.com/v1alpha1", "Flunder", "f", "2")),
        owned("b", ("v1", "Node", "damaged", "3")),
        owned("b", ("batch/v9", "Job", "gone", "4")),
        owned("b", GONE, deletionTimestamp="2026-01-01T00:00:00Z"),
    ],
    ids=["one lives", "of a kind that nobody here knows", "one that cannot be read", "of no such version", "going"],
)
def test_objects_that_the_garbage_collector_keeps(
    whole: MemorySource, open_store: OpenStore, dependent: dict[str, Any]
) -> None:
    """An owner that lives, or cannot be looked up, keeps its dependents."""
    whole.put("/registry/minions/damaged", b"k8s\x00\xff")
    whole.put("/registry/configmaps/default/b", dependent)
    assert "owner-gone" not in checked(open_store)


@pytest.mark.parametrize(
    "owners",
    [(GONE,), (GONE, ("apps/v1", "ReplicaSet", "r", "2")), (("v1", "ConfigMap", "a", "of another life"),),
     (("v1", "ConfigMap", "elsewhere", "uid-elsewhere"),)],
    ids=["one", "both", "another uid", "in another namespace"],
)  # fmt: skip
def test_objects_without_any_owner_left(whole: MemorySource, open_store: OpenStore, owners: Any) -> None:
    """Owners are looked up by kind, namespace and name, and must have the uid."""
    whole.put("/registry/namespaces/other", namespace("other"))
    whole.put("/registry/configmaps/other/elsewhere", config_map("elsewhere", "other"))
    whole.put("/registry/configmaps/default/b", owned("b", *owners))
    found = checked(open_store)["owner-gone"]
    assert [key for key, _ in found.keys] == ["/registry/configmaps/default/b"]
    assert not any("delete" in command for command in found.advice)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (
            "/registry/events/shop/e",
            {"kind": "Event", "apiVersion": "v1", "metadata": {"name": "e", "namespace": "shop"}},
        ),
        ("/registry/configmaps/shop/a", config_map("a", "shop")),
        ("/registry/configmaps/default/b", owned("b", GONE)),
        (
            "/registry/wardle.example.com/wardle.example.com/flunders/shop/f",
            {"kind": "Flunder", "apiVersion": "wardle.example.com/v1", "metadata": {"name": "f", "namespace": "shop"}},
        ),
    ],
)
def test_a_part_of_a_cluster_cannot_tell(
    source: MemorySource, open_store: OpenStore, key: str, value: dict[str, Any]
) -> None:
    """In a store without any Namespace (of Events, of an extension server) nothing is without its namespace or CRD."""
    source.put(key, value)
    assert checked(open_store) == {}


@pytest.mark.parametrize("part", [False, True])
def test_what_is_left_of_a_damaged_file_cannot_tell(
    whole: MemorySource, open_store: OpenStore, part: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A namespace, an owner, an object of an old version that is not there may be in the part that cannot be read."""
    whole.put("/registry/configmaps/shop/a", config_map("a", "shop"))
    whole.put("/registry/configmaps/default/b", owned("b", GONE))
    whole.put("/registry/apiextensions.k8s.io/customresourcedefinitions/foos.example.com", CRD)
    monkeypatch.setattr(Survey, "is_partial", part)
    absent = {"no-namespace", "owner-gone", "crd-idle-version"}
    assert absent & checked(open_store).keys() == (set() if part else absent)


def test_foreign_keys_are_counted_and_not_judged(whole: MemorySource, open_store: OpenStore) -> None:
    """Network plugins' keys, loose ones and odd ones: one note, by first element, and no command."""
    whole.put("/registry", b"no object")
    whole.put("//registry/pods/default/a", b"1")
    whole.put("/calico/ipam/v2/host/n1", b"{}")
    whole.put("/calico/resources/v3/projectcalico.org/ippools/p",
              {"kind": "IPPool", "apiVersion": "projectcalico.org/v3"})  # fmt: skip
    whole.put("cilium/state/identities/v1/id/1", b"x")
    whole.put("compact_rev_key", b"7")
    found = checked(open_store)
    assert set(found) == {"foreign-keys"}
    counts = {"//registry": "1 key", "/calico": "2 keys", "/registry": "1 key", "cilium": "1 key"}
    assert (dict(found["foreign-keys"].keys), found["foreign-keys"].advice) == (counts, ())


def test_alarms_by_kind(whole: MemorySource, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """No space: compact, defragment, disarm. A corrupt member is found and replaced, and nothing is disarmed."""
    status = replace(whole.status(), alarms=("CORRUPT (b)", "NOSPACE (a)"))
    monkeypatch.setattr(whole, "status", lambda: status)
    found = checked(open_store)
    assert set(found) == {"space", "corrupt-member"}
    assert [command[1] for command in found["space"].advice] == ["analyze", "compact", "defrag", "alarm"]
    assert found["corrupt-member"].subject == "alarm CORRUPT (b)"
    assert "disarm" not in " ".join(found["corrupt-member"].steps)


def test_deletion_is_advised_with_a_dry_run_and_a_copy(whole: MemorySource, open_store: OpenStore) -> None:
    """Only where no server has the group; each time a dry run comes first, and a copy is kept."""
    whole.put("/registry/gone.io/ts/default/t", {"kind": "T", "apiVersion": "gone.io/v1", "metadata": {"name": "t"}})
    assert not any("delete" in one for one in checked(open_store)["no-resource"].advice)
    service = {"kind": "APIService", "apiVersion": "apiregistration.k8s.io/v1", "metadata": {"name": "v1.apps"}}
    key = "/registry/apiregistration.k8s.io/apiservices/v1.apps"
    whole.put(key, service | {"spec": {"group": "apps", "version": "v1"}})
    tried, done = checked(open_store)["no-resource"].advice
    assert (tried[-1], done[-2:]) == ("--dry-run", ("--keep", "kept-t"))
    whole.put(key, service | {"spec": {"group": "gone.io", "version": "v1"}})
    assert not any("delete" in one for one in checked(open_store)["no-resource"].advice)


def test_a_key_that_is_no_text_is_in_no_command(whole: MemorySource, open_store: OpenStore) -> None:
    """A command line cannot name it; what it would name instead may be another object."""
    whole.commit([Put(b"/registry/configmaps/default/\xff", b"broken", 0)])
    found = checked(open_store)["undecodable"]
    assert found.count == 1
    assert found.advice == ()


def test_the_page_of_findings_names_every_check() -> None:
    """docs/reference/findings.md has a row for each check, with its severity."""
    page = Path(__file__).parents[2] / "docs/reference/findings.md"
    rows = [line.split("|") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [(row[1].strip(" `"), row[2].strip()) for row in rows] == [
        (check.rule.id, check.rule.severity) for check in CHECKS
    ]
    assert all(len(row) == 8 and all(cell.strip() for cell in row[1:7]) for row in rows)
