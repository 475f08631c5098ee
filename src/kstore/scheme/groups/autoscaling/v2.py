"""
Defaults and conversions of autoscaling/v2 (`pkg/apis/autoscaling/v2/{defaults,conversion}.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.autoscaling import defaulting, hpa_annotations
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("autoscaling.v2")

rules.default("HorizontalPodAutoscaler")(defaulting.default_metrics)


@rules.to_hub("HorizontalPodAutoscaler")
@rules.from_hub("HorizontalPodAutoscaler")
def without_annotations(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """Everything has a field: annotations of other versions are dropped, both ways."""
    auto(hpa)
    hpa_annotations.drop(hpa, scope)
