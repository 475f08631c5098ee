"""
What an update does to a pod, or to the template of pods in a workload (`pkg/api/pod/util.go`, dropDisabledFields).
"""

from __future__ import annotations

from typing import Any

from kstore.catalog.releases import Release
from kstore.scheme.registry import Obj, OnUpdate, RunningServer, Scope

_INIT_CONTAINER_ANNOTATIONS = (
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
)

_OF_PODS = "PodLevelResources"


def drop_init_container_annotations(metadata: Obj | None) -> bool:
    """Drop the annotations that init containers were once kept in; whether there were any."""
    annotations = (metadata or {}).get("annotations")
    if not metadata or not annotations:
        return False
    found = [name for name in _INIT_CONTAINER_ANNOTATIONS if name in annotations]
    for name in found:
        del annotations[name]
    if not annotations:
        del metadata["annotations"]
    return bool(found)


def drop_empty_resources(spec: Obj | None, release: Release) -> bool:
    """
    Drop resources of a whole pod that ask for none, where the feature is known and switched off; whether there were any
    (dropDisabledPodLevelResources, which takes those for not in use). On a Pod itself no update may change them, so
    that a server refuses to write it.
    """
    if not spec or spec.get("resources") is None or _OF_PODS not in release.known_gates or release.enabled(_OF_PODS):
        return False
    if spec["resources"].get("requests") or spec["resources"].get("limits"):
        return False
    del spec["resources"]
    return True


def update_template(*path: str) -> OnUpdate:
    """The rule of a kind whose template is at a path."""

    def update(obj: Obj, scope: Scope, _server: RunningServer) -> bool:
        template: Any = obj
        for name in path:
            template = template.get(name) or {}
        changed = drop_empty_resources(template.get("spec"), scope.release)
        return drop_init_container_annotations(template.get("metadata")) or changed

    return update
