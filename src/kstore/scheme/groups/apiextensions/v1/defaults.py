"""
Defaults of apiextensions.k8s.io/v1 (apiextensions-apiserver, `pkg/apis/apiextensions/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.apiextensions import definitions
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("apiextensions.v1")

rules.default("ServiceReference")(definitions.default_service_port)


@rules.default("CustomResourceDefinition")
def default_definition(obj: Obj, scope: Scope) -> None:
    """The spec before the status, which follows from it."""
    default_definition_spec(obj["spec"], scope)
    definitions.default_stored_versions(obj)


@rules.default("CustomResourceDefinitionSpec")
def default_definition_spec(spec: Obj, _scope: Scope) -> None:
    """Names and conversion; the scope must be said in v1."""
    definitions.default_names(spec)
    definitions.default_conversion(spec)
