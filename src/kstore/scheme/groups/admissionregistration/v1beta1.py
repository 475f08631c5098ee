"""
Defaults of admissionregistration.k8s.io/v1beta1 (`pkg/apis/admissionregistration/v1beta1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.admissionregistration import webhooks
from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("admissionregistration.v1beta1")

webhooks.declare_webhooks(rules, failure_policy="Ignore", match_policy="Exact", timeout=30)
webhooks.declare_policies(rules)


def _default_review(webhook: Obj, _scope: Scope) -> None:
    default_member(webhook, "sideEffects", "Unknown")
    if not webhook.get("admissionReviewVersions"):
        webhook["admissionReviewVersions"] = ["v1beta1"]


rules.default("ValidatingWebhook")(_default_review)
rules.default("MutatingWebhook")(_default_review)
