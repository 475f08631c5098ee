"""
Defaults of scheduling.k8s.io/v1alpha3 (`pkg/apis/scheduling/v1alpha3/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.scheduling import preemption
from kstore.scheme.registry import Rules

rules = Rules("scheduling.v1alpha3")

rules.default("PodGroup")(preemption.default_pod_group)
rules.default("CompositePodGroup")(preemption.default_pod_group)
