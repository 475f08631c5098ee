"""
Defaults and conversions of extensions/v1beta1 (`pkg/apis/extensions/v1beta1/{defaults,conversion}.go`).

The hubs of its types are in other groups.
"""

from __future__ import annotations

from kstore.scheme.groups.apps import scale, workloads
from kstore.scheme.groups.members import default_member, default_text
from kstore.scheme.groups.networking import ingress
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("extensions.v1beta1", hub="networking.internal")

UNLIMITED = (1 << 31) - 1
"""`math.MaxInt32`, which means the same as unset."""


@rules.default("DaemonSet")
def default_daemon_set(obj: Obj, _scope: Scope) -> None:
    """Pods are replaced when they are deleted; selector and labels come from the template."""
    workloads.default_labels(obj)
    workloads.default_daemon_set(obj, "OnDelete")


@rules.default("Deployment")
def default_deployment(obj: Obj, _scope: Scope) -> None:
    """One pod at a time, no limit to history or time; selector and labels come from the template."""
    workloads.default_labels(obj)
    spec = obj["spec"]
    default_member(spec, "replicas", 1)
    strategy = spec["strategy"]
    default_text(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate" or strategy.get("rollingUpdate") is not None:
        workloads.default_rolling_update(strategy, 1, 1)
    default_member(spec, "progressDeadlineSeconds", UNLIMITED)
    default_member(spec, "revisionHistoryLimit", UNLIMITED)


@rules.default("ReplicaSet")
def default_replica_set(obj: Obj, scope: Scope) -> None:
    """One replica; selector and labels come from the template."""
    workloads.default_labels(obj)
    workloads.default_replicas(obj, scope)


@rules.default("NetworkPolicy")
def default_network_policy(obj: Obj, _scope: Scope) -> None:
    """
    For ingress, unless something else is said.

    Upstream means to set the protocol of ports too, and sets it on copies: it stays unset.
    """
    spec = obj["spec"]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


@rules.default("HTTPIngressPath")
def default_http_ingress_path(path: Obj, _scope: Scope) -> None:
    """The controller's own way of matching."""
    default_member(path, "pathType", "ImplementationSpecific")


rules.to_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_to_hub)
rules.from_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_from_hub)
ingress.declare(rules)
