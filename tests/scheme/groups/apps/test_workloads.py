"""
Deployments, DaemonSets and StatefulSets: what each version fills in, and what annotations keep between versions.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

from kstore.errors import NotConvertible
from kstore.scheme.groups.apps.workloads import parse_int64

LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}


def workload(kind: str, version: str, **spec: Any) -> dict[str, Any]:
    """A workload with a pod template."""
    return example(kind, version, spec={"template": TEMPLATE, **spec})


def spec_of(found: dict[str, Any], *names: str) -> list[Any]:
    """Some members of a workload's spec."""
    return [found["spec"].get(name) for name in names]


@pytest.mark.parametrize(
    ("version", "limit", "seconds", "surge"),
    [
        ("extensions/v1beta1", (1 << 31) - 1, (1 << 31) - 1, 1),
        ("apps/v1beta1", 2, 600, "25%"),
        ("apps/v1beta2", 10, 600, "25%"),
        ("apps/v1", 10, 600, "25%"),
    ],
)
def test_a_deployments_defaults_are_its_versions(version: str, limit: int, seconds: int, surge: int | str) -> None:
    """What was left out is filled in as the stored version had it, whatever it becomes."""
    found = stored(workload("Deployment", version), "apps/v1")
    assert spec_of(found, "replicas", "revisionHistoryLimit", "progressDeadlineSeconds") == [1, limit, seconds]
    assert found["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": surge, "maxSurge": surge},
    }


@pytest.mark.parametrize("version", ["extensions/v1beta1", "apps/v1beta1"])
def test_old_versions_take_labels_from_the_template(version: str) -> None:
    """Selector and labels; later versions leave them unset."""
    found = stored(workload("Deployment", version), version)
    assert found["spec"]["selector"] == {"matchLabels": LABELS}
    assert found["metadata"]["labels"] == LABELS
    found = stored(workload("Deployment", "apps/v1"), "apps/v1")
    assert found["spec"]["selector"] is None
    assert "labels" not in found["metadata"]


@pytest.mark.parametrize("version", ["apps/v1", "apps/v1beta2"])
def test_rollback_to_is_an_annotation(version: str) -> None:
    """What extensions and apps/v1beta1 have a field for goes there and back."""
    found = stored(workload("Deployment", "extensions/v1beta1", rollbackTo={"revision": 7}), version)
    assert found["metadata"]["annotations"] == {"deprecated.deployment.rollback.to": "7"}
    back = stored(found, "extensions/v1beta1")
    assert back["spec"]["rollbackTo"] == {"revision": 7}
    assert "annotations" not in back["metadata"]


def test_a_rollback_that_is_no_number_is_refused() -> None:
    """As upstream refuses it: the object cannot be read at all."""
    found = workload("Deployment", "apps/v1")
    found["metadata"]["annotations"] = {"deprecated.deployment.rollback.to": "the one before"}
    with pytest.raises(NotConvertible, match="rollback"):
        stored(found, "apps/v1")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (str((1 << 63) - 1), (1 << 63) - 1), (str(-(1 << 63)), -(1 << 63)), ("+7", 7), ("-0", 0),
        (str(1 << 63), None), (str(-(1 << 63) - 1), None), ("", None), ("+", None), ("1_0", None), (" 1", None),
        ("٣", None),
    ],
)  # fmt: skip
def test_numbers_of_64_bits(text: str, number: int | None) -> None:
    """What Go's ParseInt takes, and nothing that Python alone would."""
    if number is None:
        with pytest.raises(NotConvertible, match="the annotation a"):
            parse_int64(text, "a")
    else:
        assert parse_int64(text, "a") == number


def test_a_template_generation_is_an_annotation() -> None:
    """Even one of zero is written, as upstream writes it."""
    found = stored(workload("DaemonSet", "extensions/v1beta1", templateGeneration=3), "apps/v1")
    assert found["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "3"}
    assert stored(found, "extensions/v1beta1")["spec"]["templateGeneration"] == 3
    found = stored(workload("DaemonSet", "apps/v1"), "apps/v1")
    assert found["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "0"}


@pytest.mark.parametrize(
    ("version", "strategy"),
    [
        ("apps/v1beta1", {"type": "OnDelete"}),
        ("apps/v1", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
    ],
)
def test_a_stateful_sets_strategy_is_its_versions(version: str, strategy: dict[str, Any]) -> None:
    """The oldest waits until somebody deletes a pod."""
    found = stored(workload("StatefulSet", version), "apps/v1", "1.34")
    assert found["spec"]["updateStrategy"] == strategy


def test_claims_are_kept_from_1_27_on() -> None:
    """The policy for claims is filled in by every release at hand."""
    for release in ("1.29", "1.31", "1.32", "1.37"):
        found = stored(workload("StatefulSet", "apps/v1"), "apps/v1", release)
        policy = {"whenDeleted": "Retain", "whenScaled": "Retain"}
        assert found["spec"]["persistentVolumeClaimRetentionPolicy"] == policy


def test_claim_templates_say_what_they_are() -> None:
    """Kind and version are written into them, as conversion by reflection once did."""
    claims = [{"metadata": {"name": "data"}, "spec": {"resources": {}}}]
    found = stored(workload("StatefulSet", "apps/v1", volumeClaimTemplates=claims), "apps/v1")
    claim = found["spec"]["volumeClaimTemplates"][0]
    assert (claim["kind"], claim["apiVersion"]) == ("PersistentVolumeClaim", "v1")
