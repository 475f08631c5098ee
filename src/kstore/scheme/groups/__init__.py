"""
The rules, ported by hand, path for path like `pkg/apis` of Kubernetes; this list is upstream's `install.go`.
"""

from __future__ import annotations

from importlib import import_module

from kstore.scheme.registry import Rules

MODULES: tuple[str, ...] = (
    "admissionregistration.v1.defaults",
    "admissionregistration.v1alpha1.defaults",
    "admissionregistration.v1beta1.defaults",
    "apiextensions.v1.defaults",
    "apiextensions.v1.conversion",
    "apiextensions.v1beta1.defaults",
    "apiextensions.v1beta1.conversion",
    "apiregistration.v1.defaults",
    "apiregistration.v1beta1.defaults",
    "apps.v1.defaults",
    "apps.v1.conversion",
    "apps.v1beta1.defaults",
    "apps.v1beta1.conversion",
    "apps.v1beta2.defaults",
    "apps.v1beta2.conversion",
    "authentication.v1.defaults",
    "autoscaling.v1.defaults",
    "autoscaling.v1.conversion",
    "autoscaling.v2.defaults",
    "autoscaling.v2.conversion",
    "autoscaling.v2beta1.defaults",
    "autoscaling.v2beta1.conversion",
    "autoscaling.v2beta2.defaults",
    "autoscaling.v2beta2.conversion",
    "batch.v1.defaults",
    "batch.v1beta1.defaults",
    "certificates.v1beta1.defaults",
    "core.v1.defaults",
    "core.v1.conversion",
    "discovery.v1.defaults",
    "discovery.v1beta1.defaults",
    "discovery.v1beta1.conversion",
    "events.v1.conversion",
    "events.v1beta1.conversion",
    "extensions.v1beta1.defaults",
    "extensions.v1beta1.conversion",
    "flowcontrol.v1.defaults",
    "flowcontrol.v1beta1.rules",
    "flowcontrol.v1beta2.rules",
    "flowcontrol.v1beta3.defaults",
    "flowcontrol.v1beta3.conversion",
    "networking.v1.defaults",
    "networking.v1beta1.defaults",
    "networking.v1beta1.conversion",
    "node.v1.defaults",
    "node.v1alpha1.conversion",
    "node.v1beta1.defaults",
    "policy.v1.conversion",
    "policy.v1beta1.conversion",
    "rbac.v1.defaults",
    "rbac.v1alpha1.defaults",
    "rbac.v1alpha1.conversion",
    "rbac.v1beta1.defaults",
    "resource.v1.defaults",
    "resource.v1alpha2.defaults",
    "resource.v1alpha3.defaults",
    "resource.v1alpha3.conversion",
    "resource.v1beta1.defaults",
    "resource.v1beta1.conversion",
    "resource.v1beta2.defaults",
    "scheduling.v1.defaults",
    "scheduling.v1alpha1.defaults",
    "scheduling.v1alpha3.defaults",
    "scheduling.v1beta1.defaults",
    "storage.v1.defaults",
    "storage.v1alpha1.defaults",
    "storage.v1beta1.defaults",
)
"""The modules below this package that declare `rules`."""


def load() -> list[Rules]:
    """The rules of all modules, imported when they are first needed."""
    return [import_module(f"{__name__}.{name}").rules for name in MODULES]
