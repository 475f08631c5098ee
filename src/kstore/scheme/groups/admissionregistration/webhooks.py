"""
Defaults that the versions of admission webhooks and policies have in common; their values differ.

(`pkg/apis/admissionregistration/<version>/defaults.go`)
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope


def declare_policies(rules: Rules, *, releases: str = "") -> None:
    """Declare the defaults of admission policies: they fail, and match equivalent requests of everything."""
    for name in ("ValidatingAdmissionPolicySpec", "MutatingAdmissionPolicySpec"):
        rules.default(name, releases=releases)(_default_failure_policy)
    rules.default("MatchResources", releases=releases)(_default_match)


def declare_webhooks(rules: Rules, *, failure_policy: str, match_policy: str, timeout: int) -> None:
    """Declare the defaults of webhooks."""

    def default_webhook(webhook: Obj, _scope: Scope) -> None:
        default_member(webhook, "failurePolicy", failure_policy)
        default_member(webhook, "matchPolicy", match_policy)
        default_member(webhook, "timeoutSeconds", timeout)
        for name in ("namespaceSelector", "objectSelector"):
            default_member(webhook, name, {})

    def default_reinvocation(webhook: Obj, _scope: Scope) -> None:
        default_member(webhook, "reinvocationPolicy", "Never")

    rules.default("ValidatingWebhook")(default_webhook)
    rules.default("MutatingWebhook")(default_webhook)
    rules.default("MutatingWebhook")(default_reinvocation)
    rules.default("ServiceReference")(_default_port)


def _default_failure_policy(spec: Obj, _scope: Scope) -> None:
    default_member(spec, "failurePolicy", "Fail")


def _default_match(match: Obj, _scope: Scope) -> None:
    default_member(match, "matchPolicy", "Equivalent")
    for name in ("namespaceSelector", "objectSelector"):
        default_member(match, name, {})


def _default_port(service: Obj, _scope: Scope) -> None:
    default_member(service, "port", 443)
