"""
Findings of single objects where a detail decides: a release, a key of the configuration, a deletion that has begun.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.encryption.conftest import configuration, keyed

from kstore.catalog.releases import Release
from kstore.encryption.config import load_configuration
from kstore.inspect.checks import run_checks
from kstore.inspect.survey import Survey

from .conftest import MemorySource, OpenStore, config_map


@pytest.fixture
def whole(source: MemorySource) -> MemorySource:
    """A store in which nothing is wrong."""
    source.put(
        "/registry/namespaces/default", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "default"}}
    )
    return source


def found(open_store: OpenStore, release: str = "1.37", **options: Any) -> set[str]:
    """The ids of what is found."""
    return {one.rule.id for one in run_checks(Survey(open_store(release, **options), Release(release)))}


@pytest.mark.parametrize("configured", [True, False])
def test_a_key_that_the_configuration_lacks(
    whole: MemorySource, open_store: OpenStore, tmp_path: Path, configured: bool
) -> None:
    """A server cannot read the value; without any configuration it is only said to be encrypted."""
    whole.put("/registry/configmaps/default/a", b"k8s:enc:aesgcm:v1:gone:" + bytes(40))
    (tmp_path / "now").write_text(configuration(("configmaps", keyed("aesgcm", ("new", 1)))))
    with load_configuration(tmp_path / "now") as now:
        assert found(open_store, transformers=now if configured else None) == {"unopenable" if configured else "sealed"}


@pytest.mark.parametrize(("release", "crashes"), [("1.29", True), ("1.30", False), ("1.36", False)])
def test_a_policy_without_constraints(whole: MemorySource, open_store: OpenStore, release: str, crashes: bool) -> None:
    """Servers of 1.29 read the constraints without asking whether they are there; later ones do not."""
    policy = {"kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": {"failurePolicy": "Fail"}}
    whole.put(
        "/registry/validatingadmissionpolicies/p", policy | {"apiVersion": "admissionregistration.k8s.io/v1beta1"}
    )
    assert ("crashes-server" in found(open_store, release)) is crashes


@pytest.mark.parametrize("going", [True, False])
def test_what_is_being_deleted_has_no_need_of_an_owner(whole: MemorySource, open_store: OpenStore, going: bool) -> None:
    """The garbage collector leaves it alone: it is deleted already, and waits for its finalizer."""
    obj = config_map("b")
    obj["metadata"]["ownerReferences"] = [{"apiVersion": "batch/v1", "kind": "Job", "name": "gone", "uid": "1"}]
    obj["metadata"]["finalizers"] = ["x/y"]
    if going:
        obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    whole.put("/registry/configmaps/default/b", obj)
    assert found(open_store) == {"object-stuck" if going else "owner-gone"}


@pytest.mark.parametrize(
    ("place", "deletes"),
    [
        ("namespaces/bad", False),
        ("apiextensions.k8s.io/customresourcedefinitions/a.example.com", False),
        ("apiregistration.k8s.io/apiservices/v1.example.com", False),
        ("configmaps/default/bad", True),
    ],
)
def test_what_others_need_is_not_to_be_deleted(
    whole: MemorySource, open_store: OpenStore, place: str, deletes: bool
) -> None:
    """Without a namespace or a CRD its objects would look left behind: only its history is advised."""
    whole.put(f"/registry/{place}", b"k8s\0\xff")
    (one,) = [one for one in run_checks(Survey(open_store(), Release("1.37"))) if one.rule.id == "undecodable"]
    assert any(words[1] == "delete" for words in one.advice) is deletes
    assert one.advice[0] == ("kstore", "history", f"/registry/{place}")
