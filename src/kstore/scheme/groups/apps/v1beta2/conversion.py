"""
Conversions of apps/v1beta2 (`pkg/apis/apps/v1beta2/conversion.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.apps import scale, workloads
from kstore.scheme.registry import Rules

rules = Rules("apps.v1beta2")

rules.to_hub("Deployment")(workloads.deployment_to_hub)
rules.from_hub("Deployment")(workloads.deployment_from_hub)
rules.to_hub("DaemonSet")(workloads.daemon_set_to_hub)
rules.from_hub("DaemonSet")(workloads.daemon_set_from_hub)
rules.from_hub("StatefulSetSpec")(workloads.stateful_set_spec_from_hub)
rules.to_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_to_hub)
rules.from_hub("ScaleStatus", "autoscaling.internal.ScaleStatus")(scale.scale_status_from_hub)
