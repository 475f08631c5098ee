"""
Defaults of autoscaling/v1 (`pkg/apis/autoscaling/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.autoscaling import defaulting
from kstore.scheme.registry import Rules

rules = Rules("autoscaling.v1")

rules.default("HorizontalPodAutoscaler")(defaulting.default_replicas)
