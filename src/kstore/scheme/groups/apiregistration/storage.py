"""
What an update adds to apiregistration.k8s.io (kube-aggregator, `pkg/registry/apiservice/strategy.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.empty import drop_empty
from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("apiregistration.v1")


@rules.on_update("APIService")
def update_service(obj: Obj, _scope: Scope, _server: RunningServer) -> bool:
    """An empty bundle of certificates is none."""
    drop_empty(obj.get("spec") or {}, "caBundle")
    return False
