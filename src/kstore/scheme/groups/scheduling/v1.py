"""
Defaults of scheduling.k8s.io/v1 (`pkg/apis/scheduling/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.scheduling import preemption
from kstore.scheme.registry import Rules

rules = Rules("scheduling.v1")

rules.default("PriorityClass")(preemption.default_priority_class)
