"""
Resources that no table has: a CRD of the store defines them, or only keys tell of them.

Knows names and versions; how custom objects are converted is `converter.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kstore.naming import GroupKind, GroupVersion


@dataclass(frozen=True, slots=True)
class CustomResource:
    """A resource that a CRD of the store defines, or that is only known from the keys that are there."""

    group: str
    resource: str
    kind: str = ""
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    namespaced: bool = True
    versions: tuple[str, ...] = ()
    storage_version: str = ""
    definition: dict[str, Any] | None = None
    """The CRD, or None where there is none: an extension server's resource, or an orphan."""
    directory: str = ""
    """Where its objects are stored, if not where those of a CRD do."""
    definition_key: bytes = b""
    """Where its CRD is stored."""

    @property
    def group_kind(self) -> GroupKind:
        """What its objects are."""
        return GroupKind(self.group, self.kind)

    @property
    def key_prefix(self) -> str:
        """Where its objects are stored, below the store's prefix."""
        return self.directory or f"{self.group}/{self.resource}"

    @property
    def converts_by_webhook(self) -> bool:
        """Whether the CRD names a webhook that converts between its versions."""
        spec = (self.definition or {}).get("spec") or {}
        return (spec.get("conversion") or {}).get("strategy") == "Webhook"

    def has_version(self, version: GroupVersion) -> bool:
        """Whether the CRD has a version, so that an apiserver can read what is stored in it."""
        return version.group == self.group and version.version in self.versions


def custom_resource(crd: dict[str, Any], key: bytes = b"") -> CustomResource:
    """
    What a CRD (of v1 or v1beta1) says of its resource.

    Args:
        crd: as it is stored.
        key: where.

    Raises:
        KeyError, TypeError: it lacks what every CRD has.
    """
    spec = crd["spec"]
    names = spec["names"]
    versions = spec.get("versions") or [{"name": spec["version"], "storage": True}]
    return CustomResource(
        group=spec["group"],
        resource=names["plural"],
        kind=names["kind"],
        singular=names.get("singular") or str(names["kind"]).lower(),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        namespaced=spec.get("scope") != "Cluster",
        versions=tuple(version["name"] for version in versions),
        storage_version=next((version["name"] for version in versions if version.get("storage")), ""),
        definition=crd,
        definition_key=key,
    )


def selectable_labels(resource: CustomResource) -> tuple[str, ...]:
    """
    The field labels that a custom resource can be selected by.

    Its name, its namespace where it has one, and the `selectableFields` of its CRD, without the leading dot
    (`apiextensions-apiserver/pkg/apiserver/conversion/converter.go`, ConvertFieldLabel). A server has those of the
    version that it is asked for; where objects are looked at as they are stored, it is those of any version.
    """
    spec = (resource.definition or {}).get("spec") or {}
    declared = [*(spec.get("selectableFields") or ())]
    for version in spec.get("versions") or ():
        declared += version.get("selectableFields") or ()
    paths = (str(one.get("jsonPath", "")).removeprefix(".") for one in declared)
    own = ("metadata.name", "metadata.namespace") if resource.namespaced else ("metadata.name",)
    return tuple(dict.fromkeys((*own, *paths)))


_STAGES = {"": 2, "beta": 1, "alpha": 0}
_KUBERNETES_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?\Z")


def served_versions(crd: Mapping[str, Any]) -> list[str]:
    """
    The versions of a CRD (of v1 or v1beta1) that are served, the preferred one first.

    Ordered as discovery orders them (`apimachinery/pkg/version/helpers.go`, CompareKubeAwareVersionStrings): v2, v1,
    v1beta1, v1alpha1, then other names by the alphabet.
    """
    spec = crd["spec"]
    versions = spec.get("versions") or [{"name": spec["version"], "served": True}]
    names = sorted(version["name"] for version in versions if version.get("served"))
    ranked = sorted(filter(_KUBERNETES_VERSION.match, names), key=_kube_aware, reverse=True)
    return [*ranked, *(name for name in names if name not in ranked)]


def _kube_aware(version: str) -> tuple[int, int, int]:
    """The rank of a version by its stage, its number and the number of its stage."""
    match = _KUBERNETES_VERSION.match(version)
    assert match is not None
    return _STAGES[match[2] or ""], int(match[1]), int(match[3] or 0)
