"""
Defaults of autoscaling/v2beta2 (`pkg/apis/autoscaling/v2beta2/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.autoscaling import defaulting
from kstore.scheme.registry import Rules

rules = Rules("autoscaling.v2beta2")

rules.default("HorizontalPodAutoscaler")(defaulting.default_metrics)
