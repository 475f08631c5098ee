"""
What an update adds to networking.k8s.io (`pkg/registry/networking/<resource>/strategy.go`, PrepareForUpdate).
"""

from __future__ import annotations

from kstore.scheme.groups.empty import holds_empty
from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("networking.v1")


@rules.on_update("NetworkPolicy")
def update_network_policy(obj: Obj, _scope: Scope, _server: RunningServer) -> bool:
    """Lists that were empty, and are none now, count as a change."""
    return holds_empty(obj.get("spec"))
