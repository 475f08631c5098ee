"""
Conversions of apiextensions.k8s.io/v1beta1 (apiextensions-apiserver, `pkg/apis/apiextensions/v1beta1/conversion.go`).

The hub is v1beta1's image: both have what all versions share at the top. JSON in schemas is converted as v1 does it.
"""

from __future__ import annotations

from kstore.scheme.groups.apiextensions import definitions
from kstore.scheme.registry import Rules

rules = Rules("apiextensions.v1beta1")

rules.from_hub("JSONSchemaProps")(definitions.schema_from_hub)
