"""
Defaults and conversions of apiextensions.k8s.io/v1
(apiextensions-apiserver, `pkg/apis/apiextensions/v1/{defaults,conversion}.go`).

v1 has schema, subresources, columns and selectable fields in each version; the hub, as v1beta1, at the top where all
versions agree.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from kstore.catalog.json_layout import layout
from kstore.catalog.types import Field
from kstore.decode.json.typed_json import TypedJson
from kstore.scheme.groups.apiextensions import definitions
from kstore.scheme.registry import Auto, Obj, Rules, Scope

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


rules.from_hub("JSONSchemaProps")(definitions.schema_from_hub)
rules.value("JSON", "any")(definitions.json_to_hub)

_SHARED = {
    "subresources": "subresources",
    "schema": "validation",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}
"""What a version of v1 has -> what the hub's spec calls it; `selectableFields` came with 1.30."""


@rules.to_hub("CustomResourceDefinitionSpec")
def spec_to_hub(spec: Obj, auto: Auto, scope: Scope) -> None:
    """What is the same in all versions moves to the top."""
    auto(spec)
    versions = spec.get("versions")
    if not versions:
        return
    spec["version"] = versions[0].get("name") or ""
    members = layout(scope.typed.catalog, "apiextensions.v1.CustomResourceDefinitionVersion").members
    for name, top in _SHARED.items():
        first = versions[0].get(name)
        if name in members and all(_same(scope.typed, members[name], one.get(name), first) for one in versions):
            if first is not None:
                spec[top] = first
            for version in versions:
                version.pop(name, None)


def _same(typed: TypedJson, field: Field, left: Any, right: Any) -> bool:
    """
    `apiequality.Semantic.DeepEqual`: nil and empty lists are equal, nil and zero pointers are not.

    Which is to say that both look the same as JSON: every list and map of these types is left out there when empty.
    """
    return left is right or _shown(typed, field, left) == _shown(typed, field, right)


def _shown(typed: TypedJson, field: Field, value: Any) -> Any:
    if field.type.element is not None:
        return [typed.present(field.type.element.name, item) for item in value or ()]
    return None if value is None else typed.present(field.type.name, value)


@rules.from_hub("CustomResourceDefinitionSpec")
def spec_from_hub(spec: Obj, auto: Auto, scope: Scope) -> None:
    """What the top has goes into every version; a lone `version` becomes the list."""
    version = spec.get("version")
    shared = {name: spec.pop(top, None) for name, top in _SHARED.items()}
    auto(spec)
    if not spec.get("versions") and version:
        spec["versions"] = [{"name": version, "served": True, "storage": True}]
    for name, value in shared.items():
        if value is not None:
            _shared_from_hub(name, value, scope)
            for one in spec.get("versions") or ():
                one[name] = deepcopy(value)


def _shared_from_hub(name: str, value: Any, scope: Scope) -> None:
    """Convert what the hub's spec has, in place, as the versions' own members are converted."""
    field = layout(scope.typed.catalog, "apiextensions.v1.CustomResourceDefinitionVersion").members[name]
    short = (field.type.element or field.type).name.rpartition(".")[2]
    for item in value if isinstance(value, list) else (value,):
        scope.convert(f"apiextensions.internal.{short}", f"apiextensions.v1.{short}", item)


@rules.to_hub("CustomResourceConversion")
def conversion_to_hub(conversion: Obj, auto: Auto, scope: Scope) -> None:
    """The hub has the webhook's parts beside the strategy."""
    webhook = conversion.pop("webhook", None)
    auto(conversion)
    if webhook is not None:
        _set(conversion, "conversionReviewVersions", webhook.get("conversionReviewVersions"))
        client = webhook.get("clientConfig")
        if client is not None:
            scope.convert("apiextensions.v1.WebhookClientConfig", "apiextensions.internal.WebhookClientConfig", client)
            conversion["webhookClientConfig"] = client


@rules.from_hub("CustomResourceConversion")
def conversion_from_hub(conversion: Obj, auto: Auto, scope: Scope) -> None:
    """There is a webhook where one of its parts is set."""
    client = conversion.pop("webhookClientConfig", None)
    reviews = conversion.pop("conversionReviewVersions", None)
    auto(conversion)
    if client is None and reviews is None:
        return
    webhook = conversion["webhook"] = {"conversionReviewVersions": reviews}
    if client is not None:
        scope.convert("apiextensions.internal.WebhookClientConfig", "apiextensions.v1.WebhookClientConfig", client)
        webhook["clientConfig"] = client


def _set(obj: Obj, name: str, value: Any) -> None:
    if value is not None:
        obj[name] = value
