"""
Conversions of apps/v1 (`pkg/apis/apps/v1/conversion.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.apps import workloads
from kstore.scheme.registry import Rules

rules = Rules("apps.v1")

rules.to_hub("Deployment")(workloads.deployment_to_hub)
rules.from_hub("Deployment")(workloads.deployment_from_hub)
rules.to_hub("DaemonSet")(workloads.daemon_set_to_hub)
rules.from_hub("DaemonSet")(workloads.daemon_set_from_hub)
rules.from_hub("StatefulSetSpec")(workloads.stateful_set_spec_from_hub)
