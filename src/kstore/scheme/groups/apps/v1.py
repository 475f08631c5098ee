"""
Defaults and conversions of apps/v1 (`pkg/apis/apps/v1/{defaults,conversion}.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.apps import workloads
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("apps.v1")

rules.default("ReplicaSet")(workloads.default_replicas)
rules.default("StatefulSet")(workloads.default_rolling_stateful_set)


@rules.default("Deployment")
def default_deployment(obj: Obj, _scope: Scope) -> None:
    """Ten old ReplicaSets are kept."""
    workloads.default_deployment(obj, revision_history_limit=10)


@rules.default("DaemonSet")
def default_daemon_set(obj: Obj, _scope: Scope) -> None:
    """Pods are replaced one after the other."""
    workloads.default_daemon_set(obj, "RollingUpdate")


rules.to_hub("Deployment")(workloads.deployment_to_hub)
rules.from_hub("Deployment")(workloads.deployment_from_hub)
rules.to_hub("DaemonSet")(workloads.daemon_set_to_hub)
rules.from_hub("DaemonSet")(workloads.daemon_set_from_hub)
rules.from_hub("StatefulSetSpec")(workloads.stateful_set_spec_from_hub)
