"""
`kstore migrate --assume-version`: objects whose version has left their CRD, on a real etcd.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import Etcd

from kstore.records import Put
from kstore.source.etcd.live import LiveSource

from ..conftest import Kstore

CRDS = "apiextensions.k8s.io/customresourcedefinitions"
SCHEMA = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}


def crd(plural: str, kind: str) -> dict[str, Any]:
    """A CRD that has lost its first version."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.gone.example.com"},
        "spec": {
            "group": "gone.example.com",
            "names": {"plural": plural, "kind": kind},
            "scope": "Namespaced",
            "versions": [{"name": "v2", "served": True, "storage": True, "schema": SCHEMA}],
        },
        "status": {"storedVersions": ["v1", "v2"]},
    }


@pytest.fixture
def store(etcd_server: Etcd) -> str:
    """An etcd with two objects whose version has gone, and one whose has not."""
    values: dict[str, Any] = {"/registry/namespaces/default": {"apiVersion": "v1", "kind": "Namespace"}}
    for plural, kind in (("elks", "Elk"), ("owls", "Owl")):
        values[f"/registry/apiextensions.k8s.io/customresourcedefinitions/{plural}.gone.example.com"] = crd(
            plural, kind
        )
    for plural, kind, version in (("elks", "Elk", "v1"), ("owls", "Owl", "v1alpha1"), ("owls", "Owl", "v2")):
        metadata = {"name": version, "namespace": "default", "generation": 1}
        obj = {"apiVersion": f"gone.example.com/{version}", "kind": kind, "metadata": metadata, "spec": {"n": 1}}
        values[f"/registry/gone.example.com/{plural}/default/{version}"] = obj
    with LiveSource([etcd_server.endpoint]) as source:
        for key, value in values.items():
            text = json.dumps(value, separators=(",", ":"), sort_keys=True).encode() + b"\n"
            assert source.commit([Put(key.encode(), text, 0)]).succeeded
    return etcd_server.endpoint


def test_the_advice_works(kstore: Kstore, store: str, tmp_path: Path) -> None:
    """Without the option nothing is written and the way out is named; with it all is, is shown first, and undone."""
    to = ("--store", store, "migrate", "--to", "gone.example.com/v2")
    refused = kstore(*to, "--yes", "--journal", str(tmp_path / "none.journal"))
    assert refused.code == 3
    assert "--assume-version gone.example.com/v2" in refused.err
    assume = ("--assume-version", "gone.example.com/v2")
    shown = kstore(*to, *assume, "--dry-run=diff")
    assert shown.code == 0
    assert shown.text.count("has left the CRD: read as the version that was assumed") == 2
    journal = tmp_path / "migration.journal"
    assert kstore(*to, *assume, "--yes", "--journal", str(journal)).code == 0
    assert json.loads(journal.read_bytes().partition(b"\t")[0])["request"]["assume_version"] == "gone.example.com/v2"
    check = ("--store", store, "check", "--only", "unknown-to-target")
    assert kstore(*check).code == 0
    again = kstore(*to, *assume, "--dry-run", "-o", "json").json
    assert (again["changes"], again["skipped"]) == (0, 0)
    assert kstore("migrate", "verify", str(journal)).code == 0
    assert kstore("migrate", "rollback", str(journal), "--yes").code == 0
    assert kstore(*check).code == 5


@pytest.mark.parametrize("version", ["gone.example.com/v1", "other.example.com/v2", "apps/v1"])
def test_a_version_that_no_crd_has(kstore: Kstore, store: str, version: str) -> None:
    """What is assumed must be a version that a CRD of the store has now."""
    ran = kstore("--store", store, "migrate", "--to", "gone.example.com/v2", "--assume-version", version, "--dry-run")
    assert ran.code == 2
    assert f"no CRD of the store has {version}" in ran.err


def test_other_commands_name_the_way(kstore: Kstore, store: str, tmp_path: Path) -> None:
    """`crds` and `edit` point at what works."""
    assert "--assume-version gone.example.com/v2" in kstore("--store", store, "crds").text
    key = "/registry/gone.example.com/elks/default/v1"
    changed = tmp_path / "changed.yaml"
    text = kstore("--store", store, "get", key, "-o", "yaml").text
    changed.write_text(text.replace("gone.example.com/v1", "gone.example.com/v2"))
    ran = kstore("--store", store, "edit", key, "-f", str(changed), "--yes")
    assert ran.code == 4
    assert "--assume-version" in ran.err
