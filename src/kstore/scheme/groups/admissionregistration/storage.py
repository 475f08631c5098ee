"""
What an update adds to admissionregistration.k8s.io
(`pkg/registry/admissionregistration/<resource>/strategy.go`, PrepareForUpdate).
"""

from __future__ import annotations

from kstore.scheme.groups.empty import drop_empty, holds_empty
from kstore.scheme.registry import Obj, Rules, RunningServer, Scope

rules = Rules("admissionregistration.v1")


def update_webhooks(obj: Obj, _scope: Scope, _server: RunningServer) -> bool:
    """What was empty, and is none now, counts as a change."""
    webhooks = obj.get("webhooks")
    dropped = [drop_empty(one.get("clientConfig") or {}, "caBundle") for one in webhooks or ()]
    return any(dropped) or holds_empty(webhooks)


rules.on_update("MutatingWebhookConfiguration")(update_webhooks)
rules.on_update("ValidatingWebhookConfiguration")(update_webhooks)
