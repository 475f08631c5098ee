"""
What a CustomResourceDefinition decides about the objects that are stored of it.

Knows the fields of `apiextensions.k8s.io/v1`; what is done with schemas and strategy is `converter.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kstore.customresource.resource import served_versions
from kstore.customresource.structural import Structural
from kstore.customresource.unstructured import normalize
from kstore.decode.json.raw_json import plain
from kstore.errors import DecodeError
from kstore.naming import GroupKind


@dataclass(frozen=True, slots=True)
class CustomDefinition:
    """What a CustomResourceDefinition decides about stored objects."""

    name: str
    """The CRD's own: `crontabs.stable.example.com`."""
    kind: GroupKind
    versions: tuple[str, ...]
    storage_version: str
    schemas: Mapping[str, Structural | None]
    """By version; None where the version has no schema."""
    preserve_unknown_fields: bool
    """`spec.preserveUnknownFields`: nothing is pruned at all, as in CRDs of v1beta1."""
    with_status: frozenset[str]
    """The versions with a status subresource, whose status no other update can change."""
    served: tuple[str, ...]
    """The versions that are served, the preferred one first."""
    webhook: Mapping[str, Any] | None
    """`spec.conversion.webhook` where the strategy is Webhook, else None: only apiVersion changes."""

    @staticmethod
    def of(crd: Mapping[str, Any]) -> CustomDefinition:
        """
        The definition that a CRD gives.

        Args:
            crd: in apiextensions.k8s.io/v1; one stored as v1beta1 is converted first.

        Raises:
            DecodeError: it lacks what every CRD has.
        """
        try:
            spec = crd["spec"]
            versions = spec["versions"]
            conversion = spec.get("conversion") or {}
            return CustomDefinition(
                name=crd["metadata"]["name"],
                kind=GroupKind(spec["group"], spec["names"]["kind"]),
                versions=tuple(version["name"] for version in versions),
                storage_version=next((one["name"] for one in versions if one.get("storage")), ""),
                schemas={version["name"]: _schema(version) for version in versions},
                preserve_unknown_fields=bool(spec.get("preserveUnknownFields")),
                with_status=frozenset(
                    one["name"] for one in versions if (one.get("subresources") or {}).get("status") is not None
                ),
                served=tuple(served_versions(crd)),
                webhook=conversion.get("webhook") or {} if conversion.get("strategy") == "Webhook" else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DecodeError(f"not a CustomResourceDefinition: {error!r}", path="spec") from None


def _schema(version: Mapping[str, Any]) -> Structural | None:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    return Structural.of(normalize(plain(schema))) if schema is not None else None
