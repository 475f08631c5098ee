"""
Conversions of events.k8s.io/v1beta1 (`pkg/apis/events/v1beta1/conversion.go`); the hub is the core group's Event.
"""

from __future__ import annotations

from kstore.scheme.groups.events import names
from kstore.scheme.registry import Rules

rules = Rules("events.v1beta1", hub="core.internal")

rules.to_hub("Event")(names.event_to_hub)
rules.from_hub("Event")(names.event_from_hub)
