"""
Defaults and conversions of flowcontrol.apiserver.k8s.io/v1beta1 (`pkg/apis/flowcontrol/v1beta1`).
"""

from __future__ import annotations

from kstore.scheme.groups.flowcontrol.shares import declare_assured
from kstore.scheme.registry import Rules

rules = Rules("flowcontrol.v1beta1")

declare_assured(rules)
