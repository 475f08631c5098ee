"""
Protobuf bytes into the dict that the API would serve: a function per type, written from the catalog on first use.

What the functions look like is `codegen`'s business. On any failure `fault` reads the value
again, slowly, to say where it is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kstore import wire
from kstore.catalog.loader import Catalog
from kstore.decode.json.number import Number
from kstore.decode.projection import EVERYTHING, Projection
from kstore.decode.protobuf import special
from kstore.decode.protobuf.codegen import Part, ReaderText, function_name
from kstore.decode.protobuf.generated import compiled
from kstore.decode.unions import fold
from kstore.scalars import binary

Read = Callable[[bytes, int, int, dict[str, Any]], dict[str, Any]]

_MOST_COPIED = 1 << 24
"""Bytes that may be copied while the unknown fields of one value are gathered."""


class ProtobufReader:
    """
    Reads the types of one catalog.

    Args:
        catalog: the types of a release.
        as_json: read into what Go's JSON has: what it always writes is there, what it leaves out is not. Else read
            into what Go holds, for rules to work on: every struct that is no pointer is there, empty byte strings are
            kept (Go holds them as empty, not unset, and writes them to protobuf again).
        projection: what is wanted; the rest is passed over, unknown fields with it, and what is broken in there is
            not noticed.
    """

    def __init__(self, catalog: Catalog, *, as_json: bool = True, projection: Projection = EVERYTHING) -> None:
        self.catalog = catalog
        self.as_json = as_json
        self.projection = projection
        self.unknown_seen = 0
        """Grows whenever fields were kept that the catalog does not know."""
        self._copied = 0
        self._compiled: set[str] = set()
        self._of_type: dict[str, Read] = {}
        self._projections: dict[Projection, int] = {}
        self._scope: dict[str, Any] = {
            "varint": wire.read_varint,
            "signed": wire.signed,
            "signed32": wire.signed32,
            "base64": binary.read_base64,
            "Fault": wire.WireFault,
            "keep_unknown": self._keep_unknown,
            "unpack": _unpack_double,
            "fold": fold,
            "sort_maps": _sort_maps,
            "pass_over": _pass_over,
            "read_items": _read_items,
        }
        for name, function in special.READERS.items():
            self._scope[f"read_{name}"] = function

    def read(self, type_name: str, data: bytes, start: dict[str, Any] | None = None) -> dict[str, Any]:
        """
        Read a message of the type into a dict, members in Go's order.

        Args:
            type_name: such as `apps.v1.Deployment`.
            data: the message's bytes.
            start: members to begin with (`kind` and `apiVersion`).

        Raises:
            DecodeError: the bytes are no such message; with byte offset and field path.
        """
        self._copied = 0
        try:
            function = self._of_type.get(type_name)
            if function is None:
                function = self._of_type[type_name] = self._function((type_name, "", self.projection))
            return function(data, 0, len(data), dict(start or {}))
        except (wire.WireFault, IndexError, ValueError, RecursionError) as error:
            from kstore.decode.protobuf.fault import locate

            raise locate(self.catalog, type_name, data, error) from None

    def _keep_unknown(
        self, b: bytes, i: int, end: int, members: dict[str, Any], numbers: Any, unset: Any, member: str
    ) -> int:
        """
        Keep the unknown fields that begin at `i` in the dict, up to a known one; return where they end.

        Those that another release writes for what is not set (`unset`) say nothing, and are not kept: every object
        that a release up to 1.24 has written has an empty `metadata.clusterName`.
        """
        begin, found = i, []
        while i < end:
            number, after = wire.skip_field(b, i, end)
            if number in numbers:
                break
            if b[i:after] not in unset:
                found.append(b[i:after])
            i = after
        if i == begin:
            raise wire.WireFault("a field of the wrong wire type")
        if not found:
            return i
        kept = binary.write_base64(members.get(member, "")) + b"".join(found)
        # a server writes its new fields together; strewn between known ones they would be copied again and again
        self._copied += len(kept)
        if self._copied > _MOST_COPIED:
            raise wire.WireFault("unknown fields are strewn over the message")
        members[member] = binary.read_base64(kept)
        self.unknown_seen += 1
        return i

    def _name(self, part: Part) -> str:
        """The name of the function that reads a part."""
        type_name, inline, projection = part
        whole = function_name("read", type_name, inline)
        if projection.everything:
            return whole
        return f"{whole}_{self._projections.setdefault(projection, len(self._projections))}"

    def _function(self, part: Part) -> Read:
        """The function that reads a part, compiled on first use."""
        name = self._name(part)
        if name not in self._compiled:
            source = ReaderText(self.catalog, part, self._name, self.as_json, self._scope)
            code = compiled(source.text(), f"reader {'.'.join(filter(None, part[:2]))}")
            for needed in source.needs:
                self._scope.setdefault(self._name(needed), self._stand_in(needed))
            exec(code, self._scope)  # noqa: S102 - generated from our own tables
            self._compiled.add(name)
        function: Read = self._scope[name]
        return function

    def _stand_in(self, part: Part) -> Read:
        """A function that compiles the part's own, which takes its place, when it is first called."""
        return lambda b, i, e, d: self._function(part)(b, i, e, d)


def _unpack_double(b: bytes, i: int) -> float:
    import struct

    return Number(struct.unpack_from("<d", b, i)[0])


def _pass_over(b: bytes, i: int, end: int, wanted: frozenset[int]) -> int:
    """Where a field ends that is not wanted."""
    number, after = wire.skip_field(b, i, end)
    if number in wanted:
        raise wire.WireFault("a field of the wrong wire type")
    return after


def _sort_maps(members: dict[str, Any], names: list[str]) -> None:
    for name in names:
        if name in members:
            members[name] = dict(sorted(members[name].items()))


def _read_items(b: bytes, i: int, end: int) -> list[str]:
    """The strings of an items message, which Go sets even when there are none."""
    found = []
    for number, value in wire.fields(b, i, end):
        if number == 1:
            if not isinstance(value, bytes):
                raise wire.WireFault("a string was expected")
            found.append(value.decode())
    return found
