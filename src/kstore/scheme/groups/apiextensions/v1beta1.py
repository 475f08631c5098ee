"""
Defaults and conversions of apiextensions.k8s.io/v1beta1
(apiextensions-apiserver, `pkg/apis/apiextensions/v1beta1/{defaults,conversion}.go`).

The hub is v1beta1's image: both have what all versions share at the top. JSON in schemas is converted as v1 does it.
"""

from __future__ import annotations

from kstore.scheme.groups.apiextensions import definitions
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("apiextensions.v1beta1")

rules.default("ServiceReference")(definitions.default_service_port)


@rules.default("CustomResourceDefinition")
def default_definition(obj: Obj, scope: Scope) -> None:
    """The spec before the status, which follows from it."""
    default_definition_spec(obj["spec"], scope)
    definitions.default_stored_versions(obj)


@rules.default("CustomResourceDefinitionSpec")
def default_definition_spec(spec: Obj, _scope: Scope) -> None:
    """`version` and `versions` tell the same; webhooks speak v1beta1; fields without a schema are kept."""
    if not spec.get("scope"):
        spec["scope"] = "Namespaced"
    definitions.default_names(spec)
    version, versions = spec.get("version"), spec.get("versions")
    if not versions and version:
        spec["versions"] = [{"name": version, "storage": True, "served": True}]
    if not version and versions:
        spec["version"] = versions[0].get("name") or ""
    definitions.default_conversion(spec)
    conversion = spec["conversion"]
    if conversion.get("strategy") == "Webhook" and not conversion.get("conversionReviewVersions"):
        conversion["conversionReviewVersions"] = ["v1beta1"]
    if spec.get("preserveUnknownFields") is None:
        spec["preserveUnknownFields"] = True


rules.from_hub("JSONSchemaProps")(definitions.schema_from_hub)
