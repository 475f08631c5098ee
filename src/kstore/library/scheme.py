"""
The codec alone: values of one release to objects and back, without a store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from kstore import codec
from kstore.catalog.mapper import NamedResource, Place
from kstore.catalog.releases import Release
from kstore.decode.envelope import recognize
from kstore.errors import UsageError
from kstore.library.objects import StoredObject
from kstore.library.opening import make_scheme, release_of
from kstore.naming import GroupVersion, parse_group_version
from kstore.object_codec import PROTOBUF, Decoded
from kstore.records import Record

if TYPE_CHECKING:
    from kstore.library.crds import CustomResources
    from kstore.scheme.plugins import Plugin


class Scheme:
    """
    Types, defaults and conversions of one Kubernetes release.

    Args:
        release: such as `1.37`; empty for the newest known.
        plugins: types and rules of extension API servers.
        feature_gates: those that differ from the release's defaults.
        crds: what tells of custom resources: a file or folder of manifests, or the address of a store. Without, custom
            objects are decoded as they stand, and not converted.
        webhook_url: ask the conversion webhooks that CRDs name here.
        allow_webhooks: send objects to the conversion webhooks that CRDs name.

    Raises:
        UsageError: no CRD is at that place, or webhooks are spoken of without CRDs.
        UnknownRelease: the release is not known.
        ExtensionError: a plugin contradicts itself.
    """

    def __init__(
        self,
        release: str = "",
        *,
        plugins: Iterable[Plugin] = (),
        feature_gates: Mapping[str, bool] | None = None,
        crds: str | PathLike[str] = "",
        webhook_url: str = "",
        allow_webhooks: bool = False,
    ) -> None:
        self._scheme = make_scheme(release_of(release, feature_gates), plugins)
        self._codec = codec.StorageCodec(self._scheme)
        place = fspath(crds)
        if not place and (webhook_url or allow_webhooks):
            raise UsageError("conversion webhooks are named by CRDs", hint="crds: a file, folder or store")
        self._custom = _custom(place, self._codec, webhook_url, allow_webhooks) if place else None

    @property
    def release(self) -> Release:
        """The release."""
        return self._scheme.release

    def decode(self, value: bytes) -> StoredObject:
        """
        A value as it is stored (protobuf, JSON or CBOR, not encrypted) as an object.

        Raises:
            DecodeError: the bytes are broken, or of no encoding that Kubernetes has; with the offset or field path.
            UnknownKind: protobuf of a type that the release does not know; with `crds`, a kind that none defines.
            NotConvertible: its CRD has no such version.
        """
        found = self._codec.decode(value)
        if self._custom is not None:
            self._custom.require_readable(found)
        read = codec.StoredObject(Record(b"", value, 0, 0, 0), found.gvk, found.encoding, found.object, plain=value)
        return StoredObject(read, self._place(read), self._convert)

    def encode(self, obj: Mapping[str, Any], media: str = "protobuf") -> bytes:
        """
        An object as the bytes that are stored of it, in its own version, nothing defaulted.

        Args:
            obj: with `apiVersion` and `kind`.
            media: `protobuf` or `json`; `cbor` for custom resources.

        Raises:
            DecodeError: the object does not fit its type; with the field path.
            UnknownFields: it has fields that the encoding has no place for.
            UnknownKind: protobuf of a kind that is not built in.
        """
        return self._codec.encode(dict(obj), media)

    def convert(
        self, value: bytes, to: str = "", *, media: str | None = None, drop_unknown_fields: bool = False
    ) -> bytes:
        """
        The bytes that an apiserver of the release would store for a stored value.

        Args:
            value: as it is stored, not encrypted.
            to: the version, such as `apps/v1`; empty for the one that the release stores.
            media: `protobuf` or `json`; None for what the release's servers write.
            drop_unknown_fields: drop what the release does not know, as its apiserver would.

        Raises:
            DecodeError, UnknownKind: see `decode`.
            UnknownFields: fields would be dropped.
            NotConvertible: the object cannot be had in that version.
        """
        target = parse_group_version(to) if to else None
        found = self._custom_object(value)
        if found is not None and self._custom is not None:
            return self._custom.convert(found, target, media_type=media or "", drop_unknown_fields=drop_unknown_fields)[
                1
            ]
        return self._codec.convert_typed(value, target, media_type=media, drop_unknown_fields=drop_unknown_fields)[1]

    def _convert(self, read: codec.StoredObject, to: GroupVersion) -> dict[str, Any]:
        found = self._custom_object(read.plain)
        if found is not None and self._custom is not None:
            return self._custom.served(found, to)
        return self._codec.convert_object(read.plain, to)

    def _custom_object(self, value: bytes) -> Decoded | None:
        """A custom object, where CRDs tell of these; None for what is built in."""
        if self._custom is None or recognize(value) == PROTOBUF:
            return None
        found = self._codec.decode(value)
        return None if found.type_name else found

    def _place(self, read: codec.StoredObject) -> Place[NamedResource] | None:
        group, kind = read.gvk.group, read.gvk.kind
        built_in = (one for one in self._scheme.resources if (one.group, one.kind) == (group, kind))
        found: NamedResource | None = next(built_in, None)
        if found is None and self._custom is not None:
            found = self._custom.resource(read.gvk.group_kind)
        return Place(found, "", "") if found else None

    def __repr__(self) -> str:
        return f"<Scheme of Kubernetes {self.release}>"


def _custom(place: str, core: codec.StorageCodec, webhook_url: str, allow_webhooks: bool) -> CustomResources:
    from kstore.customresource.webhook import Webhooks
    from kstore.library.crds import CustomResources

    return CustomResources(place, core, Webhooks(allow_webhooks, webhook_url))
