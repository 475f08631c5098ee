"""
Storage classes and drivers: what they do unless they say otherwise.
"""

from __future__ import annotations

import pytest
from tests.scheme.groups.stored import example, stored

GROUP = "storage.k8s.io"
VERSIONS = pytest.mark.parametrize("version", [f"{GROUP}/v1", f"{GROUP}/v1beta1"])


@VERSIONS
def test_storage_classes(version: str) -> None:
    """Volumes are deleted when released, and bound at once."""
    found = stored(example("StorageClass", version, provisioner="p"), f"{GROUP}/v1")
    assert (found["reclaimPolicy"], found["volumeBindingMode"]) == ("Delete", "Immediate")
    kept = stored(example("StorageClass", version, reclaimPolicy="Retain"), f"{GROUP}/v1")
    assert (kept["reclaimPolicy"], kept["volumeBindingMode"]) == ("Retain", "Immediate")


@VERSIONS
def test_drivers(version: str) -> None:
    """A driver attaches persistent volumes, and knows none of the later features."""
    spec = stored(example("CSIDriver", version, spec={"volumeLifecycleModes": []}), f"{GROUP}/v1", "1.36")["spec"]
    assert spec == {
        "attachRequired": True,
        "podInfoOnMount": False,
        "volumeLifecycleModes": ["Persistent"],
        "storageCapacity": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "requiresRepublish": False,
        "seLinuxMount": False,
    }


@VERSIONS
def test_a_feature_that_became_beta(version: str) -> None:
    """Since 1.37 drivers say whether pods wait for them."""
    for release, expected in (("1.36", None), ("1.37", False)):
        spec = stored(example("CSIDriver", version), f"{GROUP}/v1", release)["spec"]
        assert spec.get("preventPodSchedulingIfMissing") is expected


def test_v1alpha1_has_no_defaults() -> None:
    """Not even those of the volume source within: nothing registers them upstream."""
    source = {"inlineVolumeSpec": {"iscsi": {"targetPortal": "t", "iqn": "i", "lun": 0}}}
    for version, interface in (("v1alpha1", None), ("v1beta1", "default")):
        found = example("VolumeAttachment", f"{GROUP}/{version}", spec={"source": source})
        volume = stored(found, f"{GROUP}/v1")["spec"]["source"]["inlineVolumeSpec"]["iscsi"]
        assert volume.get("iscsiInterface") == interface
