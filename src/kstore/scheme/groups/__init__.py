"""
The rules, ported by hand: `<group>/<version>.py` holds what Kubernetes has in `pkg/apis/<group>/<version>`, first the
defaults, then the conversions; `<group>/storage.py` what it has in `pkg/registry/<group>`: what a running server does
to objects beside its scheme. The list below is upstream's `install.go`.
"""

from __future__ import annotations

from importlib import import_module

from kstore.scheme.registry import Rules

MODULES: tuple[str, ...] = (
    "admissionregistration.storage",
    "admissionregistration.v1",
    "admissionregistration.v1alpha1",
    "admissionregistration.v1beta1",
    "apiextensions.storage",
    "apiextensions.v1",
    "apiextensions.v1beta1",
    "apiregistration.storage",
    "apiregistration.v1",
    "apiregistration.v1beta1",
    "apps.storage",
    "apps.v1",
    "apps.v1beta1",
    "apps.v1beta2",
    "authentication.v1",
    "autoscaling.v1",
    "autoscaling.v2",
    "autoscaling.v2beta1",
    "autoscaling.v2beta2",
    "batch.storage",
    "batch.v1",
    "batch.v1beta1",
    "batch.v2alpha1",
    "certificates.storage",
    "certificates.v1beta1",
    "core.storage",
    "core.v1",
    "core.v1_conversion",
    "discovery.v1",
    "discovery.v1beta1",
    "events.v1",
    "events.v1beta1",
    "extensions.v1beta1",
    "flowcontrol.v1",
    "flowcontrol.v1beta1",
    "flowcontrol.v1beta2",
    "flowcontrol.v1beta3",
    "networking.storage",
    "networking.v1",
    "networking.v1beta1",
    "node.v1",
    "node.v1alpha1",
    "node.v1beta1",
    "policy.v1",
    "policy.v1beta1",
    "rbac.v1",
    "rbac.v1alpha1",
    "rbac.v1beta1",
    "resource.storage",
    "resource.v1",
    "resource.v1alpha2",
    "resource.v1alpha3",
    "resource.v1beta1",
    "resource.v1beta2",
    "scheduling.v1",
    "scheduling.v1alpha1",
    "scheduling.v1alpha3",
    "scheduling.v1beta1",
    "storage.v1",
    "storage.v1alpha1",
    "storage.v1beta1",
)
"""The modules below this package that declare `rules`."""


def load() -> list[Rules]:
    """The rules of all modules, imported when they are first needed."""
    return [import_module(f"{__name__}.{name}").rules for name in MODULES]
