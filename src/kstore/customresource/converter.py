"""
Custom resources converted as the apiserver converts them: pruned, defaulted, and through the CRD's own strategy.

Ported from apiextensions-apiserver, `pkg/apiserver/customresource_handler.go` (unstructuredSchemaCoercer,
crdConversionRESTOptionsGetter) and `pkg/apiserver/conversion/`. How a webhook is reached is told from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kstore.customresource import structural
from kstore.customresource.definition import CustomDefinition
from kstore.customresource.field_ownership import reconciled
from kstore.customresource.typed_values import fits
from kstore.customresource.unstructured import Object, normalize
from kstore.customresource.webhook_answer import checked
from kstore.decode.json import go_json
from kstore.decode.json.typed_json import TypedJson
from kstore.errors import DecodeError, NotConvertible, UnknownFields
from kstore.scheme.field_ownership import FieldOwnership
from kstore.scheme.list_keys import ONE_KEY_IS_ENOUGH
from kstore.scheme.managed_fields import can_be_read
from kstore.scheme.running_server import KEEPS_WHAT_FAILS, copied, raise_generation, settle_metadata

Review = Callable[[list[Object], str], "list[Object | NotConvertible]"]
"""
Objects and the apiVersion wanted -> the same objects converted, in order; in place of one, why it cannot be had: a
conversion webhook.
"""

_OBJECT_META = "meta.v1.ObjectMeta"
_UPDATES = 4
"""How many updates are followed until one changes nothing: each asks a webhook, which may change something for ever."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A custom object in the version that was asked for."""

    object: Object
    pruned: tuple[str, ...]
    """The field paths that the version has no place for, and that were dropped as the apiserver drops them."""


class CustomConverter:
    """
    Converts the objects of one CRD.

    Args:
        definition: the CRD.
        typed: the release's types, for ObjectMeta.
        review: the conversion webhook, for a CRD that has one.
    """

    def __init__(self, definition: CustomDefinition, typed: TypedJson, review: Review | None = None) -> None:
        self.definition = definition
        self._typed = typed
        self._review = review
        self._ownership = FieldOwnership(typed.catalog)
        self._defaulting = {name for name, schema in definition.schemas.items() if structural.has_default(schema)}
        for schema in definition.schemas.values():
            structural.repair_defaults(schema, lambda found, path: self._metadata(found, path, lenient=True))

    def convert(
        self, objects: Sequence[Object], version: str, *, drop_unknown_fields: bool = False, served: bool = False
    ) -> list[Converted | NotConvertible | UnknownFields | DecodeError]:
        """
        Stored objects in another version of their CRD, as an apiserver would store them there.

        Read as the storage decoder reads (pruned, repaired and defaulted in the stored version), converted by the
        CRD's strategy, then pruned in the target, and defaulted once more, as whatever is written is (a server that
        only reads does not); `metadata` becomes what an update writes, its generation counted up where the rest has
        changed. What fails for one object stands in its place; the others go on.

        Args:
            objects: as decoded from the store; they are not changed.
            version: such as `v1`.
            drop_unknown_fields: drop what not even the stored version's schema knows, instead of refusing.
            served: as an apiserver would serve them, which leaves the target's defaults out.

        Raises:
            NotConvertible: the CRD has no such version, or its webhook could not be asked.
        """
        if version not in self.definition.versions:
            raise NotConvertible(
                f"{self.definition.name} has no version {version}",
                hint=f"it has {', '.join(self.definition.versions)}",
            )
        read = [self._attempt(self._stored, one, drop_unknown_fields) for one in objects]
        if served:
            return self._each(self._served, self._to_version(read, version))
        through = self._updated_in(version)
        if self.definition.webhook is not None and through not in ("", version):
            return self._updated_by_webhook(objects, read, version, through)
        return self._each(self._written, self._to_version(read, version))

    def fault(self, obj: Object) -> DecodeError | NotConvertible | None:
        """
        What makes an apiserver fail to read a stored object, and with it every list of the resource; None if it can.

        That is metadata that is no object, its own or an embedded resource's; fields that the schema does not know, or
        malformed ones within metadata, are dropped when it is read.

        Args:
            obj: as decoded from the store, in a version that the CRD has; it is not changed.
        """
        version = str(obj.get("apiVersion", "")).rpartition("/")[2]
        schema = self.definition.schemas.get(version)
        if isinstance(obj.get("metadata"), dict | None) and not structural.has_embedded(schema):
            return None
        found = self._attempt(self._stored, obj, True)
        if isinstance(found, dict):
            found = self._attempt(self._served, found)
        return None if isinstance(found, Converted) else found

    @staticmethod
    def _attempt(step: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return step(*arguments)
        except (NotConvertible, UnknownFields, DecodeError) as error:
            return error
        except RecursionError:
            return NotConvertible("it is nested too deeply to be converted")

    @classmethod
    def _each(cls, step: Callable[..., Any], objects: Sequence[Any]) -> list[Any]:
        """What a step makes of each object; what stands for one that failed stays."""
        return [one if isinstance(one, Exception) else cls._attempt(step, one) for one in objects]

    def _stored(self, obj: Object, drop_unknown_fields: bool) -> Object:
        """The object as the storage decoder gives it: of its own version."""
        version = str(obj.get("apiVersion", "")).rpartition("/")[2]
        if version not in self.definition.versions:
            raise NotConvertible(
                f"{self.definition.name} has no version {version}, in which the object is stored",
                hint=f"put it back into the CRD, or migrate with `assume_version='{self.definition.kind.group}/"
                f"{self.definition.storage_version}'`",
            )
        read: Object = normalize(obj)
        dropped = self._coerce(read, version, lenient=True)
        if dropped and not drop_unknown_fields:
            raise UnknownFields(dropped, hint="`drop_unknown_fields=True` drops them, as the apiserver would")
        structural.default(read, self.definition.schemas[version])
        return read

    def _to_version(self, objects: Sequence[Any], version: str) -> list[Any]:
        """Objects in a version, by the CRD's strategy; what stands for one that failed stays."""
        target = f"{self.definition.kind.group}/{version}"
        moving = [one for one in objects if isinstance(one, dict) and one["apiVersion"] != target]
        if self.definition.webhook is None or not moving:
            for one in moving:
                one["apiVersion"] = target
            return list(objects)
        if self._review is None:
            raise NotConvertible(
                f"{self.definition.name} converts by a webhook, which cannot be asked here",
                hint="`webhook_url=` says where",
            )
        answers = self._review(moving, target)
        if len(answers) != len(moving):
            raise NotConvertible(f"the webhook returned {len(answers)} objects, expected {len(moving)}")
        converted = (
            answer if isinstance(answer, NotConvertible) else self._attempt(checked, one, answer, target)
            for one, answer in zip(moving, answers, strict=True)
        )
        return [next(converted) if isinstance(one, dict) and one["apiVersion"] != target else one for one in objects]

    def _served(self, obj: Object) -> Converted:
        """The object as a read gives it."""
        return Converted(obj, tuple(self._coerce(obj, _version_of(obj), lenient=False)))

    def _written(self, obj: Object) -> Converted:
        """
        The object as an update that asks for nothing writes it.

        What is updated has been printed and read once more, so that its whole numbers are integers, and has the
        defaults of its new version; whatever differs then counts as a change of the object
        (`pkg/registry/customresource/strategy.go`, PrepareForUpdate).
        """
        version = _version_of(obj)
        through = self._updated_in(version)
        uncounted = self._uncounted(through)
        changed = through != version and _whole_numbers(obj, uncounted)
        read = self._served(obj)
        if through != version:
            if not self.definition.preserve_unknown_fields:
                structural.drop_nulls(obj, self.definition.schemas.get(through))
            structural.default(obj, self.definition.schemas[version])  # by whoever reads it next, and no change of it
        if through in self._defaulting:
            before = copied(_without(obj, uncounted))
            self._fill_in(obj, through, version)
            changed |= before != _without(obj, uncounted)
        changed |= _whole_numbers(obj, uncounted)
        metadata = obj.get("metadata")
        if metadata:
            if changed:
                raise_generation(metadata)
            self._settle(obj)
        return read

    def _uncounted(self, version: str) -> set[str]:
        """The members whose changes, by updates in a version, raise no generation."""
        return {"metadata", "status"} if version in self.definition.with_status else {"metadata"}

    def _updated_in(self, version: str) -> str:
        """
        The version that updates of what is stored in a version are asked for in: the same, or else the one that
        discovery prefers. Empty where none is served.
        """
        served = self.definition.served
        return version if version in served else next(iter(served), "")

    # ---- updates in a version to which, and back from which, only a webhook knows the way

    def _updated_by_webhook(self, objects: Sequence[Object], read: list[Any], version: str, through: str) -> list[Any]:
        """
        Objects as updates that ask for nothing leave them, which ask the webhook on the way to each of two versions.

        What is stored in the target already, and cannot go that way, no update can write: it stays as it is.

        Args:
            objects: as they are stored.
            read: the same as they are read, or why they cannot be.
            version: the target.
            through: the version of the update.
        """
        target = f"{self.definition.kind.group}/{version}"
        try:
            found = self._at_rest(read, version, through)
        except NotConvertible as error:
            found = [one if isinstance(one, Exception) else error for one in read]
        return [
            self._attempt(self._kept, stored)
            if isinstance(one, NotConvertible) and stored.get("apiVersion") == target
            else one
            for stored, one in zip(objects, found, strict=True)
        ]

    @staticmethod
    def _kept(stored: Object) -> Converted:
        return Converted(normalize(stored), ())

    def _at_rest(self, objects: list[Any], version: str, through: str) -> list[Any]:
        """What is written by one update after the other, until the next one would write the same."""
        dropped: list[tuple[str, ...]] = []
        written = objects
        for _ in range(_UPDATES):
            before = copied(written)
            updated = self._each(self._updated, self._to_version(self._each(self._defaulted, written), through))
            results = self._each(self._served, self._to_version(updated, version))
            dropped = dropped or [one.pruned if isinstance(one, Converted) else () for one in results]
            written = self._each(self._printed, results)
            if written == before:
                break
        return [
            one if isinstance(one, Exception) else self._attempt(self._settled, one, pruned)
            for one, pruned in zip(written, dropped, strict=True)
        ]

    def _defaulted(self, obj: Object) -> Object:
        """What was written, as it is read: with the defaults of its version."""
        structural.default(obj, self.definition.schemas[_version_of(obj)])
        return obj

    def _updated(self, obj: Object) -> Object:
        """An object in the version that an update is asked for in, after it."""
        version = _version_of(obj)
        schema, uncounted = self.definition.schemas[version], self._uncounted(version)
        if version in self.definition.with_status:
            schema = schema and structural.without_member(schema, "status")
        self._coerce(obj, version, lenient=False)
        before = copied(_without(obj, uncounted))
        changed = _whole_numbers(obj, uncounted)
        structural.default(obj, schema)
        changed |= before != _without(obj, uncounted)
        if changed and obj.get("metadata"):
            raise_generation(obj["metadata"])
        return obj

    @staticmethod
    def _printed(converted: Converted) -> Object:
        """An object as its text says it, in which each whole number is an integer."""
        _whole_numbers(converted.object, set())
        return converted.object

    def _settled(self, obj: Object, pruned: tuple[str, ...]) -> Converted:
        if obj.get("metadata"):
            self._settle(obj)
        return Converted(obj, pruned)

    def _fill_in(self, obj: Object, through: str, version: str) -> None:
        """
        Set the defaults of the version that an update is asked for in, as far as the stored version holds them.

        The status, where that is a subresource, is the one that was read, and has none of another version's.
        """
        schemas = self.definition.schemas
        if through == version:
            structural.default(obj, schemas[version])
            return
        updated = schemas[through]
        if updated is not None and through in self.definition.with_status:
            updated = structural.without_member(updated, "status")
        filled: Object = {}
        while filled != obj:  # what one fills in, the other may fill in further at the next update
            filled = copied(obj)
            structural.default(obj, updated)
            self._coerce(obj, version, lenient=False)
            structural.default(obj, schemas[version])

    def _settle(self, obj: Object) -> None:
        """
        Bring an object's metadata into the form that an update writes.

        Where managedFields speak of a version that the CRD does not have, or the object is not what its schema says,
        the server fails to update them: releases before 1.37 drop all of them, and those since leave them as they are.
        """
        metadata, minor = obj["metadata"], self._typed.catalog.release.rules_minor
        entries = metadata.get("managedFields") or []
        versions = {f"{self.definition.kind.group}/{version}" for version in self.definition.versions}
        fails = can_be_read(entries) and not (
            versions.issuperset(entry["apiVersion"] for entry in entries)
            and fits(obj, self.definition.schemas[_version_of(obj)], one_key_is_enough=minor >= ONE_KEY_IS_ENOUGH)
        )
        settle_metadata(metadata, lambda _: True, self._reconciled)
        if fails and entries and minor < KEEPS_WHAT_FAILS:
            metadata.pop("managedFields", None)
        elif fails and entries:
            metadata["managedFields"] = entries

    def _reconciled(self, api_version: str, fields: Any) -> Any:
        """A set of fields as the schema of the version that it speaks of owns it."""
        schema = self.definition.schemas.get(api_version.rpartition("/")[2])
        return fields if schema is None else reconciled(fields, schema, self._ownership)

    def _coerce(self, obj: Object, version: str, *, lenient: bool) -> list[str]:
        """What unstructuredSchemaCoercer does to an object, in place; the paths of what was pruned are returned."""
        schema = self.definition.schemas[version]
        head: Object = {name: obj[name] for name in ("kind", "apiVersion") if name in obj}
        metadata = self._metadata(obj["metadata"], "metadata", lenient=lenient) if "metadata" in obj else None
        pruned = []
        if not self.definition.preserve_unknown_fields:
            pruned = structural.prune(obj, schema, root=True)
            structural.drop_nulls(obj, schema)
        try:
            structural.repair_embedded(
                obj, schema, lambda found, path: self._metadata(found, path, lenient=lenient), lenient=lenient
            )
        except ValueError as error:
            raise DecodeError(str(error)) from None
        obj.update(head)
        if metadata is not None:
            if lenient and not metadata.get("generation"):
                metadata["generation"] = 1
            obj["metadata"] = metadata
        return pruned

    def _metadata(self, found: Any, path: str, *, lenient: bool) -> Object:
        """`metadata` as ObjectMeta holds it: unknown members dropped, malformed ones too where that is allowed."""
        try:
            return self._as_meta(found, path)
        except DecodeError:
            if not lenient or not isinstance(found, dict):
                raise
        kept: Object = {}
        for name, value in found.items():
            try:
                self._as_meta({name: value}, path)
            except DecodeError:
                continue
            kept[name] = value
        return self._as_meta(kept, path)

    def _as_meta(self, found: Any, path: str) -> Object:
        """Read by way of JSON text, in which a float64 without a fraction looks like an integer (`coerce.go`)."""
        typed = self._typed.read(_OBJECT_META, {} if found is None else go_json.as_whole_numbers(found), path)
        self._typed.drop_unknown(_OBJECT_META, typed)
        presented: Object = normalize(self._typed.present(_OBJECT_META, typed))
        return presented


def _whole_numbers(obj: Object, uncounted: set[str]) -> bool:
    """Print and read an object's numbers once more, in place; whether that changed what counts."""
    changed = False
    for name, value in obj.items():
        obj[name], whole = go_json.whole_numbers(value)
        changed |= whole and name not in uncounted
    return changed


def _without(obj: Object, names: set[str]) -> Object:
    """The object without some of its members; the others are its own."""
    return {name: value for name, value in obj.items() if name not in names}


def _version_of(obj: Object) -> str:
    return str(obj["apiVersion"]).rpartition("/")[2]
