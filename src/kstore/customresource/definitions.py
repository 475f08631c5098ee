"""
The CRDs of a store: the one way to what reads and converts the objects of a custom kind.

Knows which CRD defines a kind; where CRDs are stored, the store knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kstore.codec import StorageCodec, StoredObject, Undecodable
from kstore.customresource.converter import CustomConverter
from kstore.customresource.definition import CustomDefinition
from kstore.customresource.resource import CustomResource
from kstore.customresource.webhook import Webhooks
from kstore.naming import GroupKind, GroupVersion

_CRD_V1 = GroupVersion("apiextensions.k8s.io", "v1")


class Definitions:
    """
    The definitions of custom kinds, each read on first use.

    Args:
        codec: what CRDs are read with.
        resources: the custom resources that CRDs define.
        read: reads the CRD of one of them.
        webhooks: how conversion webhooks are asked; None where none is.
    """

    def __init__(
        self,
        codec: StorageCodec,
        resources: Iterable[CustomResource],
        read: Callable[[CustomResource], StoredObject | Undecodable],
        webhooks: Webhooks | None = None,
    ) -> None:
        self._codec = codec
        self._resources = tuple(resources)
        self._read = read
        self._webhooks = webhooks
        self._converters: dict[GroupKind, CustomConverter | None] = {}

    def converter(self, kind: GroupKind) -> CustomConverter | None:
        """
        What reads and converts the objects of a kind; None where no CRD defines it, or its CRD cannot be read.

        Raises:
            DecodeError: the CRD lacks what every CRD has.
        """
        if kind not in self._converters:
            self._converters[kind] = self._find(kind)
        return self._converters[kind]

    def met(self) -> Iterator[tuple[CustomResource, CustomDefinition]]:
        """Yield the custom resources whose converters were asked for, with their definitions."""
        for kind, converter in self._converters.items():
            resource = self._resource(kind)
            if converter is not None and resource is not None:
                yield resource, converter.definition

    def _resource(self, kind: GroupKind) -> CustomResource | None:
        return next((one for one in self._resources if one.group_kind == kind), None)

    def _find(self, kind: GroupKind) -> CustomConverter | None:
        resource = self._resource(kind)
        read = self._read(resource) if resource is not None and resource.definition is not None else None
        if not isinstance(read, StoredObject):
            return None
        definition = definition_of(self._codec, read)
        review = self._webhooks.review(definition) if self._webhooks is not None else None
        return CustomConverter(definition, self._codec.scheme.typed, review)


def definition_of(codec: StorageCodec, read: StoredObject) -> CustomDefinition:
    """
    The definition that a stored CRD gives, of whichever version.

    Raises:
        DecodeError: it lacks what every CRD has.
    """
    return CustomDefinition.of(codec.as_version(read, _CRD_V1))
