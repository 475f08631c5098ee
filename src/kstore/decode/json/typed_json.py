"""
Plain JSON values into the dict of a type and back: checked, in canonical notation, with what Go always writes.

Knows Go's encoding/json as Kubernetes uses it (case-sensitive, unknown members allowed); text is `go_json`'s business.
"""

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from kstore.catalog.json_layout import UNKNOWN, layout, zero_value
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, RAW, TypeRef
from kstore.decode.json.go_json import raw_member
from kstore.decode.json.number import Number
from kstore.decode.json.presenting import Presenter
from kstore.decode.json.raw_json import RawJSON
from kstore.decode.json.repeated_names import merged_members
from kstore.decode.json.slow_json import Members
from kstore.decode.unions import fold, unfold
from kstore.errors import DecodeError, EncodeError
from kstore.scalars import binary, times
from kstore.scalars.quantity import canonical

_SIX_DECIMALS = re.compile(r"[.,][0-9]{6}(?:Z|[+-][0-9:]+)\Z")
_SPACES = (
    " \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""White space that can stand in a JSON string as it is; Go trims a quantity before it reads escapes."""
_BITS = {
    "int": 64,
    "int64": 64,
    "int32": 32,
    "int16": 16,
    "uint8": 8,
    "uint16": 16,
    "uint32": 32,
    "uint64": 64,
}


class TypedJson:
    """Reads and presents the types of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._presenter = Presenter(catalog)

    # ---- JSON -> dict

    def read(self, type_name: str, value: Any, path: str = "") -> dict[str, Any]:
        """
        The dict of a type from a parsed JSON object, as Go holds it: every struct that is no pointer is there; members
        that the type does not have are kept at its end.

        Args:
            type_name: such as `apps.v1.Deployment`.
            value: what `go_json.loads` gave; its containers are not changed.
            path: where the object stands, for errors.

        Raises:
            DecodeError: a value that Go would refuse; with the field path.
        """
        try:
            return self._struct(type_name, value, path)
        except RecursionError:
            raise DecodeError("the object is nested too deeply", path=path) from None

    def check(self, type_name: str, members: dict[str, Any]) -> None:
        """
        See whether a dict is one of the type.

        Raises:
            EncodeError: it is not; with the field path.
        """
        try:
            self.read(type_name, members)
        except DecodeError as error:
            raise EncodeError(error.message, path=error.path) from None

    def _struct(self, type_name: str, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _mismatch(value, "an object", path)
        shape = layout(self.catalog, type_name)
        if type(value) is Members and value.earlier:
            value = self._merged(type_name, value, path)
        members = shape.members
        found: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for name, item in value.items():
            field = members.get(name)
            if field is None:
                unknown[name] = item
            elif item is not None or not field.type.nilable:
                found[name] = self._value(field.type, item, f"{path}.{name}", value, name)
        shape.complete_structs(found)
        return {**found, **unknown}

    def _merged(self, type_name: str, value: Members, path: str) -> Members:
        """An object in which names come twice, as one in which none does; what comes earlier must fit the type too."""
        fields = layout(self.catalog, type_name).members
        for earlier in value.earlier:
            if earlier.name in fields and earlier.value is not None:
                self._value(fields[earlier.name].type, earlier.value, f"{path}.{earlier.name}", None, None)
        return merged_members(self.catalog, type_name, value)

    def _value(self, ref: TypeRef, value: Any, path: str, container: Any, key: Any) -> Any:
        if value is None:
            return (
                None if ref.name in RAW else zero_value(self.catalog, TypeRef(ref.form, False, ref.name, ref.element))
            )
        if ref.form == "struct":
            return self._struct(ref.name, value, path)
        if ref.form in ("list", "items"):
            return self._list(ref, value, path)
        if ref.form == "map":
            return self._map(ref, value, path)
        if ref.form == "union":
            return self._union(ref, value, path)
        if ref.name in RAW:
            return value if isinstance(value, RawJSON) else raw_member(container, key, value)
        if ref.name in INTEGERS:
            return _integer(ref.name, value, path)
        return _SCALARS[ref.name](value, path)

    def _list(self, ref: TypeRef, value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise _mismatch(value, "a list", path)
        element = ref.element
        assert element is not None
        return [self._value(element, item, f"{path}[{index}]", value, index) for index, item in enumerate(value)]

    def _map(self, ref: TypeRef, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _mismatch(value, "an object", path)
        element = ref.element
        assert element is not None
        return {
            name: None if value[name] is None and element.name == "bytes"
            else self._value(element, value[name], f"{path}[{name}]", value, name)
            for name in sorted(value)
        }  # fmt: skip

    def _union(self, ref: TypeRef, value: Any, path: str) -> Any:
        try:
            parts = unfold(ref.name, value)
        except DecodeError as error:
            raise DecodeError(error.message, path=path) from None
        members = layout(self.catalog, ref.name).members
        read = {name: self._value(members[name].type, part, path, value, None) for name, part in parts.items()}
        return fold(ref.name, read)

    # ---- dict -> JSON

    def present(self, type_name: str, members: dict[str, Any]) -> dict[str, Any]:
        """
        The object as Go's encoding/json has it: members in Go's order, zeros left out or written as the type says.

        Members that the type does not have come last.
        """
        return self._presenter.present(type_name, members)

    # ---- what is not known

    def unknown_paths(self, type_name: str, members: dict[str, Any], path: str = "") -> Iterator[str]:
        """Yield the paths of members that the type does not have, unknown protobuf fields as `$unknownFields`."""
        shape = layout(self.catalog, type_name)
        for name, value in members.items():
            field = shape.members.get(name)
            if field is None:
                yield f"{path}.{name}"
            elif value is not None:
                yield from self._unknown_in(field.type, value, f"{path}.{name}")

    def _unknown_in(self, ref: TypeRef, value: Any, path: str) -> Iterator[str]:
        if ref.form == "struct":
            yield from self.unknown_paths(ref.name, value, path)
        elif ref.form == "list" and ref.element is not None and ref.element.form not in ("plain", "special"):
            for index, item in enumerate(value):
                yield from self._unknown_in(ref.element, item, f"{path}[{index}]")
        elif ref.form == "map" and ref.element is not None and ref.element.form not in ("plain", "special"):
            for name, item in value.items():
                yield from self._unknown_in(ref.element, item, f"{path}[{name}]")
        elif ref.form == "union":
            members = layout(self.catalog, ref.name).members
            for name, part in unfold(ref.name, value).items():
                yield from self._unknown_in(members[name].type, part, path)

    def drop_unknown(self, type_name: str, members: dict[str, Any]) -> None:
        """Remove, in place, what the type does not have, as Go's decoders do."""
        shape = layout(self.catalog, type_name)
        for name in [name for name in members if name not in shape.members]:
            del members[name]
        for name, value in members.items():
            if value is not None:
                self._drop_in(shape.members[name].type, value)

    def _drop_in(self, ref: TypeRef, value: Any) -> None:
        if ref.form == "struct":
            self.drop_unknown(ref.name, value)
        elif ref.form in ("list", "map") and ref.element is not None and ref.element.form not in ("plain", "special"):
            for item in value if ref.form == "list" else value.values():
                self._drop_in(ref.element, item)
        elif ref.form == "union":
            members = layout(self.catalog, ref.name).members
            for name, part in unfold(ref.name, value).items():
                if part is not None:
                    self._drop_in(members[name].type, part)


def is_unknown_member(name: str) -> bool:
    """Whether a member keeps protobuf fields that the catalog does not know."""
    return name.startswith(UNKNOWN)


def _mismatch(value: Any, expected: str, path: str) -> DecodeError:
    names = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        Number: "a number",
    }
    found = "null" if value is None else names.get(type(value), f"a {type(value).__name__}")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        quoted = repr(str(value)[:40])
        message = f"{found} ({quoted}) where {expected} was expected"
        return DecodeError(message, path=path.lstrip("."), quoted=quoted)
    return DecodeError(f"{found} where {expected} was expected", path=path.lstrip("."))


def _integer(name: str, value: Any, path: str) -> int:
    if getattr(value, "text", "") == "-0" and not name.startswith("u"):
        return 0  # to Go a whole number like any other, while floats have two zeros
    if isinstance(value, bool) or not isinstance(value, int):
        raise _mismatch(value, "a whole number", path)
    bits = _BITS[name]
    low, high = (0, (1 << bits) - 1) if name.startswith("u") else (-(1 << bits - 1), (1 << bits - 1) - 1)
    if not low <= value <= high:
        raise DecodeError(f"the number {value} does not fit {name}", path=path.lstrip("."), quoted=str(value))
    return value


def _string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _mismatch(value, "a string", path)
    return value


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _mismatch(value, "a boolean", path)
    return value


def _float(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(value, "a number", path)
    number = value if isinstance(value, Number) else Number(value)
    if not math.isfinite(number):
        quoted = str(value)[:40]
        raise DecodeError(f"the number {quoted} does not fit a float64", path=path.lstrip("."), quoted=quoted)
    return number


def _bytes(value: Any, path: str) -> str:
    if isinstance(value, list):  # a slice like any other, to Go
        return binary.read_base64(
            bytes(
                _integer("uint8", 0 if item is None else item, f"{path}[{index}]") for index, item in enumerate(value)
            )
        )
    try:
        return binary.read_base64(binary.write_base64(_string(value, path)))
    except (binascii.Error, ValueError) as error:
        raise DecodeError(f"not base64: {error}", path=path.lstrip(".")) from None


def _parsed(read: Callable[[str], Any]) -> Callable[[Any, str], Any]:
    """A scalar that is a string in JSON, in a notation of its own."""

    def scalar(value: Any, path: str) -> Any:
        text = _string(value, path)
        try:
            return read(text)
        except ValueError as error:
            message = f"{text[:60]!r}: {error}"
            raise DecodeError(message, path=path.lstrip("."), quoted=message) from None

    return scalar


def _time(text: str) -> str | None:
    moment = times.parse_time(text)
    return None if moment == (times.ZERO_SECONDS, 0) else times.format_time(moment[0])


def _micro_time(text: str) -> str | None:
    seconds, nanos = times.parse_time(text)
    if not _SIX_DECIMALS.search(text):
        raise ValueError("a time with exactly six decimals was expected")
    return None if seconds == times.ZERO_SECONDS and nanos == 0 else times.format_micro_time(seconds, nanos)


def _duration(text: str) -> str:
    return times.format_duration(times.parse_duration(text))


def _quantity(value: Any, path: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = getattr(value, "text", None) or str(value)
    return str(_parsed(lambda text: canonical(text.strip(_SPACES)))(value, path))


def _int_or_string(value: Any, path: str) -> int | str:
    return value if isinstance(value, str) else _integer("int32", value, path)


def _anything(value: Any, _path: str) -> Any:
    return value


_SCALARS: dict[str, Callable[[Any, str], Any]] = {
    "string": _string,
    "bool": _boolean,
    "float64": _float,
    "bytes": _bytes,
    "Time": _parsed(_time),
    "MicroTime": _parsed(_micro_time),
    "Duration": _parsed(_duration),
    "Quantity": _quantity,
    "IntOrString": _int_or_string,
    "any": _anything,
}
