"""
What an update drops from the status of a Pod: fields whose feature is switched off, unless the Pod's spec uses it.

`pkg/api/pod/util.go`, dropDisabledPodStatusFields. Where a server keeps what the old status has, nothing is dropped by
an update that asks for nothing: that is left out here.
"""

from __future__ import annotations

from collections.abc import Iterator

from kstore.catalog.releases import Release, in_range
from kstore.scheme.registry import Obj

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_ON = {
    "InPlacePodVerticalScaling": "1.33-",
    "InPlacePodVerticalScalingAllocatedStatus": "",
    "DynamicResourceAllocation": "1.34-",
    "RecursiveReadOnlyMounts": "1.31-",
    "ResourceHealthStatus": "1.36-",
    "SupplementalGroupsPolicy": "1.33-",
}
"""Feature gate -> the releases that have it switched on (`pkg/features/kube_features.go`); none where it never is."""


def drop_disabled_status(pod: Obj, release: Release) -> None:
    """Drop such fields, in place."""
    status = pod.get("status")
    if not status:
        return
    spec = pod.get("spec") or {}
    minor = release.minor
    if not _is_on("InPlacePodVerticalScaling", release) and not _resizes(spec):
        _drop(status, "resources")
        status.pop("resize", None)
        if minor != 32:
            _drop(status, "allocatedResources")
    if minor == 32 and not all(
        _is_on(gate, release) for gate in ("InPlacePodVerticalScaling", "InPlacePodVerticalScalingAllocatedStatus")
    ):
        _drop(status, "allocatedResources")
    if not _is_on("DynamicResourceAllocation", release) and not spec.get("resourceClaims"):
        status.pop("resourceClaimStatuses", None)
    if in_range("1.30-", minor) and not _is_on("RecursiveReadOnlyMounts", release) and not _mounts_recursively(spec):
        _drop(status, "volumeMounts")
    if in_range("1.31-1.35", minor) and not _is_on("ResourceHealthStatus", release):
        _drop(status, "allocatedResourcesStatus")
    in_use = (spec.get("securityContext") or {}).get("supplementalGroupsPolicy") is not None
    if in_range("1.31-", minor) and not _is_on("SupplementalGroupsPolicy", release) and not in_use:
        _drop(status, "user")


def _is_on(gate: str, release: Release) -> bool:
    said = release.gates.get(gate)
    return bool(_ON[gate]) and in_range(_ON[gate], release.minor) if said is None else said


def _drop(status: Obj, member: str) -> None:
    for name in _STATUSES:
        for one in status.get(name) or ():
            one.pop(member, None)


def _within(spec: Obj, *names: str) -> Iterator[Obj]:
    for name in names:
        yield from spec.get(name) or ()


def _resizes(spec: Obj) -> bool:
    return any(one.get("resizePolicy") for one in _within(spec, "containers"))


def _mounts_recursively(spec: Obj) -> bool:
    return any(
        mount.get("recursiveReadOnly") is not None
        for one in _within(spec, *_CONTAINERS)
        for mount in one.get("volumeMounts") or ()
    )
