"""
What an update does to a pod, or to the template of pods in a workload (`pkg/api/pod/util.go`, dropDisabledFields).
"""

from __future__ import annotations

from typing import Any

from kstore.scheme.registry import Obj, OnUpdate, RunningServer, Scope

_INIT_CONTAINER_ANNOTATIONS = (
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
)


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


def update_template(*path: str) -> OnUpdate:
    """The rule of a kind whose template is at a path."""

    def update(obj: Obj, _scope: Scope, _server: RunningServer) -> bool:
        template: Any = obj
        for name in path:
            template = template.get(name) or {}
        return drop_init_container_annotations(template.get("metadata"))

    return update
