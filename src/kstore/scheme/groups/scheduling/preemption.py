"""
The default of a preemption policy (`pkg/apis/scheduling/<version>/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Scope


def default_priority_class(obj: Obj, _scope: Scope) -> None:
    """Pods of lower priority are preempted."""
    default_member(obj, "preemptionPolicy", "PreemptLowerPriority")


def default_pod_group(obj: Obj, scope: Scope) -> None:
    """The same for groups of pods, behind a gate."""
    if scope.release.enabled("PodGroupPreemptionPolicy"):
        default_member(obj["spec"], "preemptionPolicy", "PreemptLowerPriority")
