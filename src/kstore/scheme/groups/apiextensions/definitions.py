"""
What the versions of apiextensions.k8s.io have in common: names, stored versions, JSON within schemas.
"""

from __future__ import annotations

from kstore.decode.json.go_json import reprint
from kstore.decode.json.raw_json import RawJSON
from kstore.scheme.registry import Auto, Obj, Scope


def default_stored_versions(obj: Obj) -> None:
    """The stored versions begin with the one that `spec` says is stored (`SetDefaults_CustomResourceDefinition`)."""
    status = obj["status"]
    if status.get("storedVersions"):
        return
    stored = next((version for version in obj["spec"].get("versions") or () if version.get("storage")), None)
    if stored is not None:
        status["storedVersions"] = [stored.get("name") or ""]


def default_names(spec: Obj) -> None:
    """A missing singular or list kind is made of the kind (`SetDefaults_CustomResourceDefinitionSpec`)."""
    names = spec["names"]
    kind = names.get("kind") or ""
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = f"{kind}List"


def default_conversion(spec: Obj) -> None:
    """Versions are converted by name alone, unless a webhook is named."""
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}


def default_service_port(reference: Obj, _scope: Scope) -> None:
    """A webhook's service listens on 443 (`SetDefaults_ServiceReference`)."""
    if reference.get("port") is None:
        reference["port"] = 443


def json_to_hub(value: RawJSON | None) -> RawJSON | None:
    """
    The hub holds a parsed value, so that members come back sorted and numbers in Go's form (`Convert_v1_JSON_To_…`).

    Kept as text here too: as the text that Go would print of the parsed value; null, and no text at all, are nil.
    """
    if value is None or value.data in (b"", b"null"):
        return None
    text = reprint(value.data)
    return None if text == b"null" else RawJSON(text)


def schema_from_hub(schema: Obj, auto: Auto, _scope: Scope) -> None:
    """A default or example of null is none (`Convert_apiextensions_JSONSchemaProps_To_…`)."""
    auto(schema)
    for name in ("default", "example"):
        if name in schema and schema[name] is None:
            del schema[name]
