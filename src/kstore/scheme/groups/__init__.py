"""
The rules, ported by hand, path for path like `pkg/apis` of Kubernetes; this list is upstream's `install.go`.
"""

from __future__ import annotations

from importlib import import_module

from kstore.scheme.registry import Rules

MODULES: tuple[str, ...] = (
    "apiextensions.v1.defaults",
    "apiextensions.v1.conversion",
    "apiextensions.v1beta1.defaults",
    "apiextensions.v1beta1.conversion",
    "apps.v1.defaults",
    "apps.v1.conversion",
    "apps.v1beta1.defaults",
    "apps.v1beta1.conversion",
    "apps.v1beta2.defaults",
    "apps.v1beta2.conversion",
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
    "core.v1.defaults",
    "core.v1.conversion",
    "extensions.v1beta1.defaults",
    "extensions.v1beta1.conversion",
)
"""The modules below this package that declare `rules`."""


def load() -> list[Rules]:
    """The rules of all modules, imported when they are first needed."""
    return [import_module(f"{__name__}.{name}").rules for name in MODULES]
