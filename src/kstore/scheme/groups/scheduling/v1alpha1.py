"""
Defaults of scheduling.k8s.io/v1alpha1 (`pkg/apis/scheduling/v1alpha1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.scheduling import preemption
from kstore.scheme.registry import Rules

rules = Rules("scheduling.v1alpha1")

rules.default("PriorityClass")(preemption.default_priority_class)
