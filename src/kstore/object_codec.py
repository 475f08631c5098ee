"""
The codec of plain values: joins the serializations and the scheme, as the apiserver's versioning codec does.

decode → default → convert to the hub → convert to the target → encode, in this order and in this one place
(`apimachinery/pkg/runtime/serializer/versioning/versioning.go`). Knows nothing of keys, records and encryption.
"""

from __future__ import annotations

from collections.abc import Generator
from copy import deepcopy
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

from kstore.catalog.sent_kinds import WATCH_EVENT, is_watch_event
from kstore.decode.envelope import PROTOBUF_PREFIX, Envelope, read_envelope, recognize, unwrap_base64, write_envelope
from kstore.decode.json import go_json
from kstore.decode.json.typed_json import is_unknown_member
from kstore.decode.projection import EVERYTHING, Projection
from kstore.decode.protobuf.reader import ProtobufReader
from kstore.decode.protobuf.writer import ProtobufWriter
from kstore.errors import DecodeError, UnknownFields, UsageError
from kstore.naming import GroupVersion, GroupVersionKind, gvk
from kstore.routes import Routes
from kstore.scheme.registry import RunningServer
from kstore.scheme.running_server import raise_generation
from kstore.scheme.scheme import Scheme

PROTOBUF, JSON, CBOR = "protobuf", "json", "cbor"
"""The encodings that an object can have; also the media types that it can be written in."""
_HIDDEN_KIND = "Secret"

T = TypeVar("T")
Stages = Generator[None, None, T]
"""Work that pauses after each of its stages."""


def finished(work: Stages[T]) -> T:
    """The result of work that does not pause."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


class Decoded(NamedTuple):
    """A stored value, opened."""

    gvk: GroupVersionKind
    encoding: str
    object: dict[str, Any]
    """The object in its own version, nothing defaulted, members in Go's order."""
    type_name: str = ""
    """The catalog's name of its type; empty for what is no built-in kind."""


class ObjectCodec:
    """
    Plain (not encrypted) values of one release's types: bytes to objects and back.

    Args:
        scheme: the release's types and rules.
        exacting: refuse to lose anything, even where the rules of a server that has both versions drop it.
    """

    def __init__(self, scheme: Scheme, *, exacting: bool = False) -> None:
        self.scheme = scheme
        self._exacting = exacting
        self._typed = scheme.typed
        self._readers: dict[Projection, ProtobufReader] = {}
        self._last_reader: tuple[Projection, ProtobufReader] | None = None
        self._types: dict[tuple[str, str], tuple[GroupVersionKind, str]] = {}

    def _reader(self, projection: Projection) -> ProtobufReader:
        last = self._last_reader
        if last is not None and last[0] is projection:  # to hash a projection takes as long as to read a small message
            return last[1]
        reader = self._readers.get(projection)
        if reader is None:
            reader = self._readers[projection] = ProtobufReader(self.scheme.catalog, projection=projection)
        self._last_reader = projection, reader
        return reader

    @cached_property
    def _exact_reader(self) -> ProtobufReader:
        return ProtobufReader(self.scheme.catalog, as_json=False)

    @cached_property
    def _routes(self) -> Routes:
        return Routes(self.scheme, partial(ObjectCodec, exacting=True))

    @cached_property
    def _writer(self) -> ProtobufWriter:
        return ProtobufWriter(self.scheme.catalog)

    def _type_of(self, api_version: str, kind: str) -> tuple[GroupVersionKind, str]:
        """A built-in kind and the catalog's name of its type, remembered: a store has few types and many objects."""
        found = self._types.get((api_version, kind))
        if found is None:
            name = gvk(api_version, kind)
            found = self._types[api_version, kind] = name, self.scheme.kind(name).type
        return found

    # ---- reading

    def decode(self, value: bytes, projection: Projection = EVERYTHING) -> Decoded:
        """
        Open a stored value.

        Args:
            value: the plain bytes.
            projection: what is wanted of it; other members may be missing (and are, where that is quicker: protobuf),
                and what is broken in them may go unnoticed.

        Raises:
            DecodeError: the bytes are broken, or of an unknown encoding.
            UnknownKind: a protobuf value of a type that the catalog does not know.
        """
        return self._open(value, self._reader(projection), present=True)

    def _open(self, value: bytes, reader: ProtobufReader, *, present: bool) -> Decoded:
        encoding = PROTOBUF if value.startswith(PROTOBUF_PREFIX) else recognize(value)
        if encoding == "base64":
            return self._open(unwrap_base64(value), reader, present=present)
        if encoding == PROTOBUF:
            envelope = read_envelope(value, nameless=bool(self.scheme.catalog.sent))
            if not envelope.kind:
                return self._watch_event(reader, envelope)
            name, type_name = self._type_of(envelope.api_version, envelope.kind)
            start = {"kind": envelope.kind, "apiVersion": envelope.api_version}
            return Decoded(name, PROTOBUF, _read_body(reader, type_name, envelope, start), type_name)
        if encoding == CBOR:
            from kstore.decode.cbor import loads

            return self._of_json(loads(value), CBOR, present=present)
        return self._of_json(go_json.loads(value), JSON, present=present)

    def _watch_event(self, reader: ProtobufReader, envelope: Envelope) -> Decoded:
        """What an envelope without a type holds."""
        _, type_name = self._type_of(WATCH_EVENT.api_version, WATCH_EVENT.kind)
        found = _read_body(reader, type_name, envelope, {})
        if not is_watch_event(found):
            raise DecodeError("the envelope names no kind, and holds no WatchEvent", offset=envelope.start)
        return Decoded(WATCH_EVENT, PROTOBUF, found, type_name)

    def _of_json(self, parsed: Any, encoding: str, *, present: bool) -> Decoded:
        """An object that came as JSON (or CBOR): typed if it is built in, else as it is."""
        if not isinstance(parsed, dict):
            raise DecodeError(f"a {type(parsed).__name__} where an object was expected", offset=0)
        api_version, kind = parsed.get("apiVersion"), parsed.get("kind")
        if self.scheme.catalog.sent and is_watch_event(parsed):
            api_version, kind = WATCH_EVENT.api_version, WATCH_EVENT.kind
        for member, found in (("apiVersion", api_version), ("kind", kind)):
            if not isinstance(found, str) or not found:
                raise DecodeError(f"the object names no {member}", path=member)
        name = gvk(str(api_version), str(kind))
        if not self.scheme.catalog.has_kind(name):
            go_json.require_numbers(parsed)
            return Decoded(name, encoding, parsed)
        type_name = self.scheme.kind(name).type
        try:
            typed = self._typed.read(type_name, parsed)
        except DecodeError as error:
            if kind == _HIDDEN_KIND:
                error.hide_values()
            raise
        return Decoded(name, encoding, self._typed.present(type_name, typed) if present else typed, type_name)

    # ---- writing

    def encode(self, obj: dict[str, Any], media_type: str = PROTOBUF) -> bytes:
        """
        The stored bytes of an object in its own version, nothing defaulted; unknown fields are kept.

        Raises:
            DecodeError: the object does not fit its type; with the field path.
            UnknownFields: it has members without a number for protobuf, or fields without a name for JSON.
            UnknownKind: protobuf was asked for, and the kind is not built in.
        """
        decoded = self._of_json(obj, JSON, present=False)
        if not decoded.type_name:
            if media_type == CBOR:
                from kstore.decode.cbor import dumps

                return dumps(obj)
            if media_type != JSON:
                self.scheme.kind(decoded.gvk)  # raises: only built-in kinds have a protobuf form
            return go_json.dumps(go_json.with_numbers(obj)) + b"\n"
        self._refuse_homeless(decoded, media_type)
        return self._write(decoded.gvk, decoded.type_name, decoded.object, media_type)

    def _refuse_homeless(self, decoded: Decoded, media_type: str) -> None:
        """An unknown JSON member has no number in protobuf, an unknown protobuf field no name in JSON."""
        paths = [
            path.lstrip(".")
            for path in self._typed.unknown_paths(decoded.type_name, decoded.object)
            if is_unknown_member(path.rpartition(".")[2]) == (media_type == JSON)
        ]
        if paths:
            other = PROTOBUF if media_type == JSON else JSON
            raise UnknownFields(paths, hint=f"they are kept in the encoding that they came in: encode as {other}")

    def _write(self, name: GroupVersionKind, type_name: str, obj: dict[str, Any], media_type: str) -> bytes:
        if media_type == PROTOBUF:
            named = ("", "") if name == WATCH_EVENT else (name.api_version, name.kind)
            return write_envelope(*named, self._writer.write(type_name, obj))
        if media_type == JSON:
            return go_json.dumps(self._typed.present(type_name, obj)) + b"\n"
        if media_type == CBOR:
            raise UsageError(
                f"a {name.kind} is built in: only custom resources are stored as CBOR", hint="protobuf or json"
            )
        raise UsageError(f"{media_type!r} is no storage media type", hint="protobuf or json; cbor for custom resources")

    # ---- converting

    def convert(
        self, value: bytes, to: GroupVersion, *, media_type: str = PROTOBUF, drop_unknown_fields: bool = False
    ) -> bytes:
        """
        The bytes that a kube-apiserver of the release would store for a stored value, in another version.

        Raises:
            DecodeError: the value is broken.
            UnknownKind: the value is of no built-in kind.
            UnknownFields: fields that the release does not know would be dropped.
            NotConvertible: the object cannot be had in that version.
        """
        return self.convert_typed(value, to, media_type=media_type, drop_unknown_fields=drop_unknown_fields)[1]

    def convert_typed(
        self,
        value: bytes,
        to: GroupVersion | None = None,
        *,
        media_type: str | None = None,
        drop_unknown_fields: bool = False,
        server: RunningServer | None = None,
    ) -> tuple[GroupVersionKind, bytes]:
        """
        As `convert`, and what the bytes hold then.

        Args:
            value: the plain bytes.
            to: the version; None is the one that the release stores.
            media_type: the encoding; None is the one that the release's servers write the group in.
            drop_unknown_fields: drop what the release does not know.
            server: also do what a server that was started so does to the object beyond its scheme, so that an update
                which changes nothing leaves it as it is.

        Raises:
            DecodeError, UnknownKind, UnknownFields, NotConvertible: as `convert`.
        """
        return finished(
            self.converting(value, to, media_type=media_type, drop_unknown_fields=drop_unknown_fields, server=server)
        )

    def converting(
        self,
        value: bytes,
        to: GroupVersion | None = None,
        *,
        media_type: str | None = None,
        drop_unknown_fields: bool = False,
        server: RunningServer | None = None,
    ) -> Stages[tuple[GroupVersionKind, bytes]]:
        """
        As `convert_typed`, with a pause after each stage.

        Many values that take their steps in turn are done sooner than one after the other: a stage's code stays in the
        processor's caches.

        Raises:
            DecodeError, UnknownKind, UnknownFields, NotConvertible: as `convert`.
        """
        target, obj = yield from self._converting(value, to, drop_unknown_fields, server)
        yield
        media_type = media_type or self.scheme.media_type(target.group)
        written = self._write(target, self.scheme.kind(target).type, obj, media_type)
        if server is not None and not recognize(value) == media_type == PROTOBUF:
            # what JSON can say, and neither what is printed of it nor protobuf (an empty list, a null among bytes), is
            # gone when it is read again
            _, again = yield from self._converting(written, to, drop_unknown_fields, server)
            if self.scheme.counts(target, obj, again) and _generation(again) == _generation(self.decode(value).object):
                raise_generation(again["metadata"])
            written = self._write(target, self.scheme.kind(target).type, again, media_type)
        return target, written

    def convert_object(
        self,
        value: bytes,
        to: GroupVersion,
        *,
        drop_unknown_fields: bool = True,
        server: RunningServer | None = None,
    ) -> dict[str, Any]:
        """
        A stored value as an object in another version, as the API would serve it.

        Args:
            value: the plain bytes.
            to: the version.
            drop_unknown_fields: drop what the release does not know, instead of refusing.
            server: also fill in what a server that was started so fills in when it reads the object.

        Raises:
            DecodeError, UnknownKind, UnknownFields, NotConvertible: as `convert`.
        """
        target, obj = finished(self._converting(value, to, drop_unknown_fields))
        if server is not None:
            self.scheme.read_by(server, target, obj)
        return self._typed.present(self.scheme.kind(target).type, obj)

    def _converting(
        self, value: bytes, to: GroupVersion | None, drop: bool, server: RunningServer | None = None
    ) -> Stages[tuple[GroupVersionKind, dict[str, Any]]]:
        """Decode, default, convert: to the kind that the object has become, and the object."""
        reader = self._exact_reader
        seen = reader.unknown_seen
        decoded = self._open(value, reader, present=False)
        self.scheme.kind(decoded.gvk)
        target = self.scheme.kind_in(decoded.gvk, to or self.scheme.storage_version(decoded.gvk))
        if decoded.encoding != PROTOBUF or reader.unknown_seen != seen:
            if not drop and (paths := self._unknown_paths(decoded)):
                raise self._losing(paths, value, decoded.gvk, target)
            self._typed.drop_unknown(decoded.type_name, decoded.object)
        sides = self.scheme.has_both(decoded.gvk, target) and not self._exacting
        stored = None if drop or sides else deepcopy(decoded.object)
        yield
        self.scheme.default(decoded.gvk, decoded.object)
        yield
        self.scheme.convert(decoded.gvk, target, decoded.object)
        if stored is not None and (paths := self.scheme.losses(decoded.gvk, target, stored, decoded.object)):
            raise self._losing(paths, value, decoded.gvk, target)
        if server is not None:
            self.scheme.update_by(server, decoded.gvk, target, decoded.object)
        return target, decoded.object

    def _unknown_paths(self, decoded: Decoded) -> list[str]:
        if not any(self._typed.unknown_paths(decoded.type_name, decoded.object)):
            return []
        shown = self._typed.present(decoded.type_name, decoded.object)  # in the order of JSON, for people
        return [path.lstrip(".") for path in self._typed.unknown_paths(decoded.type_name, shown)]

    def _losing(
        self, paths: list[str], value: bytes, stored: GroupVersionKind, target: GroupVersionKind
    ) -> UnknownFields:
        """The error for a conversion that would lose fields; it names the release by way of which they are kept."""
        release = self.scheme.release
        between = "" if self._exacting else self._routes.by_way_of(value, stored, target.group_version, paths)
        if between:
            hint = f"release {between} keeps them: `to_release={between!r}` first, then `to_release={str(release)!r}`"
        elif self.scheme.has_both(stored, target):
            hint = "`drop_unknown_fields=True` drops them, as the apiserver would"
        else:
            hint = f"no release has {stored.group_version} beside {target.group_version} and keeps them: "
            hint += "save the object (`store.get(key)`), and write it anew in the other version"
        return UnknownFields(paths, hint=hint, by_way_of=between)


def _read_body(reader: ProtobufReader, type_name: str, envelope: Envelope, start: dict[str, Any]) -> dict[str, Any]:
    """What an envelope holds, after these members; an error says where in the value it is."""
    try:
        return reader.read(type_name, envelope.body, start)
    except DecodeError as error:
        if error.offset is not None:
            error.offset += envelope.start  # the reader counts within the body
        if envelope.kind == _HIDDEN_KIND:
            error.hide_values()
        raise


def _generation(obj: dict[str, Any]) -> Any:
    return (obj.get("metadata") or {}).get("generation")
