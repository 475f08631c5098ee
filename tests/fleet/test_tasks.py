"""
What is answered of one store is what the library says of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kstore
from kstore.errors import DamagedStore
from kstore.fleet import tasks
from kstore.fleet.tasks import KINDS, Task, answer
from kstore.library.opening import Opening
from kstore.testing import MemorySource


@pytest.mark.large
def test_check(night: Path) -> None:
    """Counts, the cluster, the newest time and the findings."""
    (row,) = answer(Task("check", str(night / "a.db"), {"release": "1.37"}, {"target_release": "1.36"}))
    assert set(row) | {"age_hours"} == {*KINDS["check"].columns, "findings"}
    with kstore.open(night / "a.db", release="1.37") as store:
        found = store.check("1.36")
        objects = list(store.objects())
        assert row["objects"] == len(objects)
        assert row["cluster"] == store.get("namespaces/kube-system").object["metadata"]["uid"]
    for column, severity in (("errors", "error"), ("warnings", "warning"), ("notes", "note")):
        assert row[column] == sum(one.rule.severity == severity for one in found)
    assert [one["id"] for one in row["findings"]] == [one.rule.id for one in found]
    assert (row["verdict"], row["target_release"], row["store"]) == ("errors", "1.36", str(night / "a.db"))
    assert KINDS["check"].found(row)


def test_versions_and_analyze(night: Path) -> None:
    """Sums over resources are those of the tree."""
    with kstore.open(night / "a.db") as store:
        tree = store.tree()
        wanted = {
            one.resource + (f".{one.group}" if one.group else ""): one.storage_version for one in store.resources()
        }
    versions = answer(Task("versions", str(night / "a.db")))
    assert sum(row["objects"] for row in versions) == sum(one.count for one in tree)
    assert all(row["storage_version"] == wanted[row["resource"]] for row in versions)
    assert {row["stored_version"] for row in versions} == {version for one in tree for version in one.versions}
    rows = answer(Task("analyze", str(night / "a.db")))
    assert [(row["objects"], row["bytes"]) for row in rows] == [(one.count, one.size) for one in tree]


@pytest.mark.large
def test_prove(night: Path) -> None:
    """A torn file is not proved, which is found, and no failure."""
    (whole,) = answer(Task("prove", str(night / "a.db")))
    (torn,) = answer(Task("prove", str(night / "torn.db")))
    assert (whole["proved"], whole["verdict"], torn["proved"], torn["whole"]) == (1, "proved", 0, "failed")
    assert not KINDS["prove"].found(whole)
    assert KINDS["prove"].found(torn)


def test_export(night: Path, tmp_path: Path) -> None:
    """A file of the dataset, with every object; one that is there is left as it is."""
    parquet = pytest.importorskip("pyarrow.parquet")
    task = Task("export", str(night / "a.db"), {}, {"folder": str(tmp_path / "lake")})
    (row,) = answer(task)
    assert parquet.read_metadata(row["file"]).num_rows == row["objects"] > 200
    (again,) = answer(task)
    assert (again["file"], again["objects"]) == (row["file"], None)


def test_a_store_that_cannot_be_read(night: Path) -> None:
    """It is an error, which the process that runs the task tells."""
    with pytest.raises(DamagedStore):
        answer(Task("check", str(night / "torn.db")))


@pytest.mark.parametrize("column", ["errors", "warnings", "notes", ""])
def test_what_counts_as_found(column: str) -> None:
    """A note is a finding, too, as `kstore check` ends with it."""
    row = {"errors": 0, "warnings": 0, "notes": 0, "undecodable": 4, "below_target": 3}
    assert KINDS["check"].found({**row, column: 1}) is bool(column)


@pytest.mark.parametrize(
    ("kubelets", "release"),
    [
        ({"v1.9.3", "v1.34.2", "v1.30.11"}, "1.34"), ({"v1.34.2-gke.100", ""}, "1.34"), ({"1.29.0+k3s1"}, "1.29"),
        ({""}, ""), (set(), ""),
    ],
)  # fmt: skip
def test_the_release_of_a_cluster(kubelets: set[str], release: str) -> None:
    """The newest that a node runs, by numbers."""
    assert tasks._newest_release(kubelets) == release


def test_what_is_below_the_target() -> None:
    """What the target stores in another version; not what it does not store at all, or what nothing is known of."""

    def obj(kind: str, version: str) -> dict[str, Any]:
        return {"kind": kind, "apiVersion": version, "metadata": {"name": "a", "namespace": "default"}}

    source = MemorySource(
        {
            "/registry/namespaces/default": {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "default"}},
            "/registry/deployments/default/a": obj("Deployment", "apps/v1beta1"),
            "/registry/configmaps/default/a": obj("ConfigMap", "v1"),
            "/registry/podsecuritypolicy/a": obj("PodSecurityPolicy", "policy/v1beta1"),
            "/registry/left.example.com/things/default/a": obj("Thing", "left.example.com/v1"),
        }
    )
    (row,) = KINDS["check"].answer(Opening(source, release="1.37"), {})
    assert (row["objects"], row["below_target"], row["undecodable"]) == (5, 1, 0)
    source.put("/registry/configmaps/default/torn", b"k8s\x00\xff")
    source.put("/registry/configmaps/default/sealed", b"k8s:enc:aesgcm:v1:key:" + bytes(40))
    (row,) = KINDS["check"].answer(Opening(source, release="1.37"), {})
    assert (row["objects"], row["below_target"], row["undecodable"]) == (7, 1, 2)
