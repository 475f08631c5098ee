"""
CRDs that are given beside single values, as manifests or in a store; and custom objects as they have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from kstore.catalog.resources import custom_media_type
from kstore.codec import StorageCodec
from kstore.customresource import unstructured
from kstore.customresource.converter import CustomConverter
from kstore.customresource.definitions import Definitions
from kstore.customresource.resource import CustomResource, custom_resource
from kstore.customresource.webhook import Webhooks
from kstore.errors import DecodeError, NotConvertible, UnknownKind, UsageError
from kstore.library.opening import Opening
from kstore.naming import GroupKind, GroupVersion, GroupVersionKind
from kstore.object_codec import Decoded
from kstore.records import Record
from kstore.regular_file import read_regular

LARGEST: Final = 64 << 20
"""Bytes of a file of manifests."""
_GROUP = "apiextensions.k8s.io/"
_KIND = "CustomResourceDefinition"
_MANIFESTS = (".yaml", ".yml", ".json")
_OF_A_STORE = ("export.json", "member", "snap")
"""What the folder of an export, or of an etcd, has, and one of manifests has not."""


class CustomResources:
    """
    Custom objects as their CRDs have them, without a store.

    Args:
        place: a file or folder of manifests, or the address of a store.
        codec: of the release whose servers read the CRDs.
        webhooks: how conversion webhooks are asked.

    Raises:
        UsageError: no CRD is there.
        KstoreError: it cannot be read.
    """

    def __init__(self, place: str, codec: StorageCodec, webhooks: Webhooks) -> None:
        self._codec = codec
        self._place = place
        found = list(_manifests(Path(place)) if _is_manifest(Path(place)) else _stored(place))
        if not found:
            raise UsageError("there is no CustomResourceDefinition", where=place)
        crds: dict[bytes, bytes] = {}
        resources: list[CustomResource] = []
        for crd in found:
            try:
                key = f"/{crd['metadata']['name']}".encode()
                resources.append(custom_resource(crd, key))
            except (KeyError, TypeError, AttributeError) as error:
                raise DecodeError(f"a CustomResourceDefinition lacks {error}", where=place) from None
            crds[key] = codec.encode(crd, "json")
        self._resources = tuple(resources)
        self._definitions = Definitions(
            codec,
            resources,
            lambda one: codec.read(Record(one.definition_key, crds[one.definition_key], 0, 0, 0)),
            webhooks,
        )

    def require_readable(self, decoded: Decoded) -> None:
        """
        See that a server that has the CRDs can read a custom object; built-in ones are no concern.

        Raises:
            UnknownKind: no CRD defines its kind.
            NotConvertible: the CRD lacks the version that it is stored in.
            DecodeError: the server fails to read it.
        """
        if decoded.type_name:
            return
        converter = self._converter(decoded.gvk)
        if decoded.gvk.version not in converter.definition.versions:
            raise NotConvertible(
                f"{converter.definition.name} has no version {decoded.gvk.version}, in which the object is stored",
                hint=f"it has {', '.join(converter.definition.versions)}",
            )
        fault = converter.fault(decoded.object)
        if fault is not None:
            raise fault

    def convert(
        self, decoded: Decoded, to: GroupVersion | None, *, media_type: str = "", drop_unknown_fields: bool = False
    ) -> tuple[GroupVersionKind, bytes]:
        """
        A custom object as its server would store it, and what it is then.

        Args:
            decoded: as it is stored.
            to: the version; None for the one that the CRD stores.
            media_type: `json` where that is asked for; else as it is stored, if the release can read that.
            drop_unknown_fields: drop what the CRD has no place for.

        Raises:
            UnknownKind: no CRD defines its kind.
            NotConvertible, UnknownFields, DecodeError: it cannot be had so.
        """
        converter = self._converter(decoded.gvk)
        version = to or GroupVersion(decoded.gvk.group, converter.definition.storage_version)
        if version.group != decoded.gvk.group:
            raise NotConvertible(f"{version} has no kind {decoded.gvk.kind}", hint=f"it is one of {decoded.gvk.group}")
        (result,) = converter.convert([decoded.object], version.version, drop_unknown_fields=drop_unknown_fields)
        if isinstance(result, Exception):
            raise result
        encoding = custom_media_type(decoded.encoding, self._codec.scheme.release, media_type)
        name = GroupVersionKind(version.group, version.version, decoded.gvk.kind)
        return name, unstructured.write(result.object, encoding)

    def served(self, decoded: Decoded, to: GroupVersion) -> dict[str, Any]:
        """
        A custom object in another version, as its server would serve it.

        Raises:
            UnknownKind, NotConvertible, DecodeError: it cannot be had so.
        """
        converter = self._converter(decoded.gvk)
        (result,) = converter.convert([decoded.object], to.version, drop_unknown_fields=True, served=True)
        if isinstance(result, Exception):
            raise result
        return result.object

    def resource(self, kind: GroupKind) -> CustomResource | None:
        """The resource of a kind; None where no CRD defines it."""
        return next((one for one in self._resources if one.group_kind == kind), None)

    def _converter(self, name: GroupVersionKind) -> CustomConverter:
        converter = self._definitions.converter(name.group_kind)
        if converter is None:
            raise UnknownKind(f"{name} is no built-in type, and no CRD of {self._place} defines it")
        return converter


def _is_manifest(path: Path) -> bool:
    """Whether a place is a file or folder of manifests, and no store."""
    try:
        if path.is_dir():
            return not any((path / name).exists() for name in _OF_A_STORE)
        return path.suffix in _MANIFESTS and path.exists()
    except OSError:
        return False


def _manifests(path: Path) -> Iterator[dict[str, Any]]:
    """The CRDs among the manifests of a file, or of the files directly in a folder."""
    from kstore.decode.yaml_input import read_documents

    files = sorted(one for one in path.iterdir() if one.suffix in _MANIFESTS) if path.is_dir() else [path]
    for file in files:
        try:
            text = read_regular(file, LARGEST)
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from None
        for document in read_documents(text, where=str(file)):
            yield from _crds_in(document)


def _crds_in(document: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict):
        return
    if isinstance(document.get("items"), list) and str(document.get("kind", "")).endswith("List"):
        for item in document["items"]:
            yield from _crds_in(item)
    elif document.get("kind") == _KIND and str(document.get("apiVersion", "")).startswith(_GROUP):
        yield document


def _stored(address: str) -> Iterator[dict[str, Any]]:
    """The CRDs of a store."""
    opening = Opening(address)
    with closing(opening):
        for resource in opening.store.custom_resources:
            if resource.definition is not None:
                yield resource.definition
