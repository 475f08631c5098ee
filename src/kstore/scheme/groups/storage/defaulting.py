"""
Defaults that storage.k8s.io/v1 and v1beta1 have in common (`pkg/apis/storage/<version>/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Scope


def default_storage_class(obj: Obj, _scope: Scope) -> None:
    """Volumes are deleted when released, and bound at once."""
    default_member(obj, "reclaimPolicy", "Delete")
    default_member(obj, "volumeBindingMode", "Immediate")


def default_csi_driver(obj: Obj, scope: Scope) -> None:
    """A driver attaches, and knows none of the later features."""
    spec = obj["spec"]
    default_member(spec, "attachRequired", True)
    for name in ("podInfoOnMount", "storageCapacity", "requiresRepublish"):
        default_member(spec, name, False)
    default_member(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
    if scope.release.enabled("SELinuxMountReadWriteOncePod"):
        default_member(spec, "seLinuxMount", False)
    if scope.release.enabled("VolumeLimitScaling"):
        default_member(spec, "preventPodSchedulingIfMissing", False)
