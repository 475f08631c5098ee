"""
Conversions of apps/v1beta1 (`pkg/apis/apps/v1beta1/conversion.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.apps import scale, workloads
from kstore.scheme.registry import Rules

rules = Rules("apps.v1beta1")

rules.from_hub("StatefulSetSpec")(workloads.stateful_set_spec_from_hub)
rules.to_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_to_hub)
rules.from_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_from_hub)
