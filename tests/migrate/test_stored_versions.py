"""
`status.storedVersions` follows the objects: narrowed when all are in the storage version, widened when some are
elsewhere, and undone with the migration.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.encryption.conftest import configuration, keyed
from tools.cluster import Etcd

import kstore
from kstore.cli.main import run
from kstore.customresource import unstructured
from kstore.encryption.config import load_configuration
from kstore.errors import KstoreError, LeaseGone, RequestTooLarge
from kstore.library.migration import Migration
from kstore.migrate.planfile import SavedPlan
from kstore.migrate.stored_versions import unlisted_versions
from kstore.migrate.summary import Summary
from kstore.naming import GroupResource
from kstore.records import Mutation, Put
from kstore.source.etcd.live import LiveSource
from kstore.write.batches import ONE_BY_ONE
from kstore.write.retry import Retry

from .conftest import FaultySource

pytestmark = pytest.mark.etcd

CRD = b"/registry/apiextensions.k8s.io/customresourcedefinitions/hives.bees.example.net"
SCHEMA = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
HIVES = "/registry/bees.example.net/hives"


def definition(stored: list[str]) -> dict[str, Any]:
    """A CRD of two versions, as an apiserver stores it."""
    names = {"plural": "hives", "singular": "hive", "kind": "Hive", "listKind": "HiveList"}
    versions = [
        {"name": name, "served": True, "storage": name == "v2", "schema": SCHEMA} for name in ("v2", "v1alpha1")
    ]
    return {
        "kind": "CustomResourceDefinition",
        "apiVersion": "apiextensions.k8s.io/v1beta1",
        "metadata": {"name": "hives.bees.example.net", "uid": "1"},
        "spec": {"group": "bees.example.net", "names": names, "scope": "Namespaced", "versions": versions},
        "status": {"storedVersions": stored},
    }


def hive(name: str, version: str) -> dict[str, Any]:
    """An object of it."""
    metadata = {"name": name, "namespace": "orchard", "uid": name}
    return {"apiVersion": f"bees.example.net/{version}", "kind": "Hive", "metadata": metadata, "spec": {"queens": 1}}


class Cluster:
    """A running etcd with the CRD and two objects, one of each version."""

    def __init__(self, etcd: Etcd, folder: Path) -> None:
        self.etcd = etcd
        self.folder = folder
        self.put(CRD.decode(), definition(["v1alpha1", "v2"]))
        self.put(f"{HIVES}/orchard/north", hive("north", "v2"))
        self.put(f"{HIVES}/orchard/south", hive("south", "v1alpha1"))

    def put(self, key: str, obj: dict[str, Any]) -> None:
        """Write as another client would."""
        with LiveSource([self.etcd.endpoint]) as source:
            found = source.get(key.encode())
            source.commit([Put(key.encode(), json.dumps(obj).encode() + b"\n", found.mod_revision if found else 0)])

    def all(self) -> dict[bytes, bytes]:
        """Every key and value."""
        with LiveSource([self.etcd.endpoint]) as source:
            return {record.key: record.value for record in source.scan()}

    @property
    def listed(self) -> list[str]:
        """What the CRD says."""
        found: list[str] = json.loads(self.all()[CRD])["status"]["storedVersions"]
        return found

    def migrate(self, name: str, *arguments: str) -> int:
        """Migrate the objects, with a journal of that name."""
        journal = str(self.folder / name)
        return run(["--store", self.etcd.endpoint, "migrate", "hives", "--yes", "--journal", journal, *arguments])

    def after(self, command: str, name: str) -> int:
        """`verify` or `rollback` of a journal."""
        return run(["migrate", command, str(self.folder / name), *(["--yes"] if command == "rollback" else [])])


@pytest.fixture
def cluster(start_etcd: Callable[..., Etcd], tmp_path: Path) -> Cluster:
    """The store."""
    return Cluster(start_etcd(), tmp_path)


def test_narrowed_and_undone(cluster: Cluster) -> None:
    """With all objects in the storage version the list has it alone; a rollback brings back the CRD, too."""
    before = cluster.all()
    assert cluster.migrate("journal", "--to", "bees.example.net/v2") == 0
    assert cluster.listed == ["v2"]
    assert cluster.after("verify", "journal") == 0
    assert cluster.after("rollback", "journal") == 0
    assert cluster.all() == before


def test_a_part_narrows_nothing(cluster: Cluster) -> None:
    """As long as only some objects were asked for, others may be anywhere."""
    assert cluster.migrate("journal", "--to", "bees.example.net/v2", "-n", "orchard") == 0
    assert cluster.listed == ["v1alpha1", "v2"]


def test_a_skipped_object_narrows_nothing(cluster: Cluster) -> None:
    """Whatever version it is stored in: nobody has read it as it would be written."""
    crd = definition(["v1alpha1", "v2"])
    crd["spec"]["preserveUnknownFields"] = False
    queens = {"type": "object", "properties": {"queens": {"type": "integer"}}}
    for version in crd["spec"]["versions"]:
        version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": queens}}}
    cluster.put(CRD.decode(), crd)
    cluster.put(f"{HIVES}/orchard/north", {**hive("north", "v2"), "spec": {"queens": 1, "drones": 9}})
    assert cluster.migrate("journal", "--to", "bees.example.net/v2") == 3
    stored = {json.loads(value)["apiVersion"] for key, value in cluster.all().items() if key != CRD}
    assert (stored, cluster.listed) == ({"bees.example.net/v2"}, ["v1alpha1", "v2"])
    assert cluster.migrate("again", "--to", "bees.example.net/v2", "--drop-unknown-fields") == 0
    assert cluster.listed == ["v2"]


def test_widened(cluster: Cluster) -> None:
    """A version that objects are stored in is listed, else an apiserver would let it be dropped with them in it."""
    assert cluster.migrate("first", "--to", "bees.example.net/v2") == 0
    assert cluster.migrate("second", "--to", "bees.example.net/v1alpha1", "-n", "orchard") == 0
    assert cluster.listed == ["v2", "v1alpha1"]
    assert cluster.after("verify", "second") == 0
    assert cluster.after("rollback", "second") == 0
    assert cluster.listed == ["v2"]


def test_a_file_is_told_of(cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A migration into a new file leaves the list as it is, and says when it should have another version."""
    cluster.put(CRD.decode(), definition(["v2"]))
    cluster.etcd.stop()
    for version, told in (("v1alpha1", True), ("v2", False)):
        command = ["--store", str(cluster.etcd.data), "migrate", "hives", "--yes", "--output", str(tmp_path / version)]
        assert run([*command, "--to", f"bees.example.net/{version}"]) == 0
        assert ("status.storedVersions does not list" in capsys.readouterr().err) == told


def test_a_crd_that_is_migrated_itself(cluster: Cluster) -> None:
    """Written twice by one migration, as a CRD and for its list, it is still the very same after a rollback."""
    cluster.put(CRD.decode(), {**definition(["v1alpha1", "v2"]), "apiVersion": "apiextensions.k8s.io/v1"})
    before = cluster.all()
    journal = str(cluster.folder / "all")
    assert (
        run(["--store", cluster.etcd.endpoint, "migrate", "--to-release", "1.37", "--yes", "--journal", journal]) == 0
    )
    assert json.loads(cluster.all()[CRD])["apiVersion"] == "apiextensions.k8s.io/v1beta1"
    assert cluster.listed == ["v2"]
    assert cluster.after("verify", "all") == 0
    assert cluster.after("rollback", "all") == 0
    assert cluster.all() == before


def test_a_crd_that_others_change(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """What was changed since is left to whoever changed it; the objects go back all the same."""
    assert cluster.migrate("journal", "--to", "bees.example.net/v2") == 0
    cluster.put(CRD.decode(), definition(["v2", "v3"]))
    assert cluster.after("rollback", "journal") == 4
    assert cluster.listed == ["v2", "v3"]
    assert "hives.bees.example.net: changed by others since" in capsys.readouterr().out
    assert json.loads(cluster.all()[f"{HIVES}/orchard/south".encode()])["apiVersion"] == "bees.example.net/v1alpha1"


# ---- on a store in memory, which others write to meanwhile


def bees(listed: list[str], *names: str) -> FaultySource:
    """A store with the CRD, and an object of each of these versions."""
    found = FaultySource({CRD: json.dumps(definition(listed)).encode()})
    for name in names:
        found.put(f"{HIVES}/orchard/{name}", hive(name, name))
    return found


def listed_in(store: FaultySource) -> list[str]:
    """What the CRD says."""
    found: list[str] = json.loads(store.records[CRD].value)["status"]["storedVersions"]
    return found


def migrated(store: FaultySource, journal: Path, **named: Any) -> tuple[str, ...]:
    """Migrate its objects to `v2`; what is said of the CRD."""
    with kstore.open(store, **named) as opened:
        return kstore.migration(opened, to="bees.example.net/v2", resources="hives").apply(journal).notes


def once(store: FaultySource, act: Callable[[], object]) -> None:
    """Let others do something when the first transaction has happened."""

    def acted() -> None:
        store.after_commit = lambda: None
        act()

    store.after_commit = acted


def test_an_old_object_that_others_create(tmp_path: Path) -> None:
    """It was not there when the objects were planned: the list keeps its version."""
    store = bees(["v1alpha1", "v2"], "v1alpha1", "v2")
    once(store, lambda: store.put(f"{HIVES}/orchard/late", hive("late", "v1alpha1")))
    (note,) = migrated(store, tmp_path / "j")
    assert "not every object is stored as v2, storedVersions stay" in note
    assert listed_in(store) == ["v1alpha1", "v2"]


def test_an_object_that_others_damage(tmp_path: Path) -> None:
    """Nobody can tell what version it is of: the list stays as it is."""
    store = bees(["v1alpha1", "v2"], "v1alpha1", "v2")
    once(store, lambda: store.put(f"{HIVES}/orchard/v2", b"k8s\0\xff"))
    (note,) = migrated(store, tmp_path / "j")
    assert "storedVersions stay" in note
    assert listed_in(store) == ["v1alpha1", "v2"]


def test_a_crd_that_others_change_meanwhile(tmp_path: Path) -> None:
    """Its objects were planned by another definition: nothing is said of their versions."""
    store = bees(["v1alpha1", "v2"], "v1alpha1")
    changed = definition(["v1alpha1", "v2"])
    changed["spec"]["versions"][0]["storage"], changed["spec"]["versions"][1]["storage"] = False, True
    once(store, lambda: store.put(CRD, changed))
    (note,) = migrated(store, tmp_path / "j")
    assert "the CRD was changed meanwhile" in note
    assert json.loads(store.records[CRD].value) == changed


@pytest.mark.parametrize("names", [("v1alpha1",), ("v2",), ()])
def test_a_list_that_is_narrowed(tmp_path: Path, names: tuple[str, ...]) -> None:
    """When nothing is stored otherwise, even where nothing had to be written, or nothing is there."""
    store = bees(["v1alpha1", "v2"], *names)
    notes = migrated(store, tmp_path / "j")
    assert (listed_in(store), len(notes)) == ((["v2"], 1) if names else (["v1alpha1", "v2"], 0))


def test_a_crd_that_is_encrypted(tmp_path: Path) -> None:
    """It is written as the configuration encrypts it."""
    resource = GroupResource("apiextensions.k8s.io", "customresourcedefinitions")
    config = tmp_path / "enc.yaml"
    config.write_text(configuration((str(resource), keyed("aesgcm", ("new", 2)))))
    keys = load_configuration(config)
    store = bees(["v1alpha1", "v2"], "v1alpha1")
    store.put(CRD, keys.encrypt(CRD, store.records[CRD].value, resource))
    migrated(store, tmp_path / "j", encryption_config=str(config))
    value = store.records[CRD].value
    assert value.startswith(b"k8s:enc:aesgcm:v1:new:")
    assert json.loads(keys.open(CRD, value, resource).plain)["status"]["storedVersions"] == ["v2"]


def test_a_saved_plan_narrows_nothing(tmp_path: Path) -> None:
    """It names the objects that it was made of: others may have come since, and be in any version."""
    store = bees(["v1alpha1", "v2"], "v1alpha1")
    with kstore.open(store) as opened:
        kstore.migration(opened, to="bees.example.net/v2", resources="hives").plan().save(tmp_path / "plan")
        saved = SavedPlan(tmp_path / "plan")
        migration = Migration(opened.read_as(""), saved.request, saved=saved)
        migration.run(tmp_path / "j", pace=ONE_BY_ONE, retry=Retry(0))
    assert json.loads(store.records[f"{HIVES}/orchard/v1alpha1".encode()].value)["apiVersion"].endswith("/v2")
    assert listed_in(store) == ["v1alpha1", "v2"]


@pytest.mark.parametrize("fault", [LeaseGone("its lease is gone"), RequestTooLarge("the request is too large")])
def test_a_crd_that_the_server_does_not_take(tmp_path: Path, fault: KstoreError) -> None:
    """What the server says of it is told; nobody else has changed it."""
    store = bees(["v1alpha1", "v2"], "v1alpha1")

    def refuse(mutations: Sequence[Mutation]) -> None:
        if any(one.key == CRD for one in mutations):
            raise fault

    store.before_commit = refuse
    (note,) = migrated(store, tmp_path / "j")
    assert note.startswith(f"hives.bees.example.net: storedVersions are left as they are: {fault.message}")
    assert listed_in(store) == ["v1alpha1", "v2"]


@pytest.mark.parametrize(("name", "told"), [("v1alpha1", ["[v2]"]), ("v2", [])])
def test_what_a_file_has_got(name: str, told: list[str]) -> None:
    """Only what the migration stored is told of: what was in a version before, listed or not, it has not written."""
    store = bees(["v1alpha1"])
    found = unstructured.normalize({**hive(name, name), "metadata": {**hive(name, name)["metadata"], "generation": 1}})
    store.put(f"{HIVES}/orchard/{name}", unstructured.write(found, "json"))
    with kstore.open(store) as opened:
        asked = kstore.migration(opened, to="bees.example.net/v2", resources="hives")
        summary = Summary()
        for step in asked.selection.planner().plan(asked.store.source.scan(HIVES.encode())):
            summary.add(step)
        words = list(unlisted_versions(asked.store, asked.selection, summary))
    assert [word.partition("stored as ")[2].partition(",")[0] for word in words] == told
