"""
What an update adds to certificates.k8s.io (`pkg/registry/certificates/certificates/strategy.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.empty import drop_empty
from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("certificates.v1")


@rules.on_update("CertificateSigningRequest")
def update_request(obj: Obj, _scope: Scope, _server: RunningServer) -> bool:
    """An empty certificate is none."""
    drop_empty(obj.get("status") or {}, "certificate")
    return False
