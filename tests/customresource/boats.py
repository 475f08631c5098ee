"""
Boats: a custom resource of two versions that a webhook converts.
"""

from __future__ import annotations

from typing import Any


def crd_with_webhook(client: dict[str, Any]) -> dict[str, Any]:
    """
    The CRD, which stores v2.

    Args:
        client: the webhook's `clientConfig`.
    """
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "boats", "singular": "boat", "kind": "Boat", "listKind": "BoatList"},
            "versions": [
                {
                    "name": name,
                    "served": True,
                    "storage": name == "v2",
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
                for name in ("v1", "v2")
            ],
            "conversion": {
                "strategy": "Webhook",
                "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]},
            },
        },
        "status": {"storedVersions": ["v1", "v2"]},
    }
