"""
Defaults and conversions of apps/v1beta1 (`pkg/apis/apps/v1beta1/{defaults,conversion}.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.apps import scale, workloads
from kstore.scheme.groups.members import default_text
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("apps.v1beta1")


@rules.default("Deployment")
def default_deployment(obj: Obj, _scope: Scope) -> None:
    """Two old ReplicaSets are kept; selector and labels come from the template."""
    workloads.default_labels(obj)
    workloads.default_deployment(obj, revision_history_limit=2)


@rules.default("StatefulSet")
def default_stateful_set(obj: Obj, scope: Scope) -> None:
    """Pods are replaced when they are deleted; selector and labels come from the template."""
    default_text(obj["spec"]["updateStrategy"], "type", "OnDelete")
    workloads.default_labels(obj)
    workloads.default_stateful_set(obj, scope)


rules.from_hub("StatefulSetSpec")(workloads.stateful_set_spec_from_hub)
rules.to_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_to_hub)
rules.from_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_from_hub)
