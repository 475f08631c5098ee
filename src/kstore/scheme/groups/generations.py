"""
Which parts of an object a server counts changes of: `metadata.generation` rises when an update changes them.

Upstream this stands in each kind's strategy, in PrepareForUpdate (`pkg/registry/<group>/<resource>/strategy.go`).
"""

from __future__ import annotations

from functools import cache

from kstore.catalog.releases import Release, in_range

_COUNTED: dict[str, tuple[tuple[str, ...], str]] = {
    "admissionregistration.internal.MutatingAdmissionPolicy": (("spec",), "1.32-"),
    "admissionregistration.internal.MutatingAdmissionPolicyBinding": (("spec",), "1.32-"),
    "admissionregistration.internal.MutatingWebhookConfiguration": (("webhooks",), ""),
    "admissionregistration.internal.ValidatingAdmissionPolicy": (("spec",), ""),
    "admissionregistration.internal.ValidatingAdmissionPolicyBinding": (("spec",), ""),
    "admissionregistration.internal.ValidatingWebhookConfiguration": (("webhooks",), ""),
    "apiextensions.internal.CustomResourceDefinition": (("spec",), ""),
    "apps.internal.DaemonSet": (("spec",), ""),
    "apps.internal.Deployment": (("spec",), ""),
    "apps.internal.ReplicaSet": (("spec",), ""),
    "apps.internal.StatefulSet": (("spec",), ""),
    "autoscaling.internal.HorizontalPodAutoscaler": (("spec",), "1.37-"),
    "batch.internal.CronJob": (("spec",), ""),
    "batch.internal.Job": (("spec",), ""),
    "core.internal.PodTemplate": (("template",), ""),
    "core.internal.ReplicationController": (("spec",), ""),
    "discovery.internal.EndpointSlice": (("addressType", "endpoints", "ports"), ""),
    "flowcontrol.internal.FlowSchema": (("spec",), ""),
    "flowcontrol.internal.PriorityLevelConfiguration": (("spec",), ""),
    "networking.internal.Ingress": (("spec",), ""),
    "networking.internal.IngressClass": (("spec",), ""),
    "networking.internal.NetworkPolicy": (("spec",), ""),
    "policy.internal.PodDisruptionBudget": (("spec",), ""),
    "resource.internal.DeviceClass": (("spec",), ""),
    "resource.internal.ResourceSlice": (("spec",), ""),
}
"""Hub type -> the members whose changes are counted, and the releases that count them."""


@cache
def counted_members(hub: str, release: Release) -> tuple[str, ...]:
    """The members of a kind whose changes raise `metadata.generation`; none where it is not raised."""
    members, releases = _COUNTED.get(hub, ((), ""))
    return members if in_range(releases, release.minor) else ()
