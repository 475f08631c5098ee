"""
The functions that a Go template calls: Go's own (`text/template/funcs.go`), and kubectl's `exists` and `base64decode`
(`cli-runtime/pkg/printers/template.go`).

A value is what JSON makes it; `ABSENT` is no value at all, which a missing member gives.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

from kstore.errors import KstoreError
from kstore.view.custom_columns import go_value
from kstore.view.go_template.strings import quoted

_HTML: Final = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)  # fmt: skip
_VERB = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d*))?(.|\Z)", re.DOTALL)
_WIDEST: Final = 10_000
"""A width of `printf` beyond which a template is refused."""


class GoTemplateFault(KstoreError):
    """A template that cannot be followed in the object at hand."""

    code = "go-template"


class Absent:
    """What stands for no value at all, unlike a null."""


ABSENT: Final = Absent()


def text_of(value: Any) -> str:
    """A value as a template prints it."""
    return "<no value>" if value is ABSENT or value is None else go_value(value)


def is_true(value: Any) -> bool:
    """Whether a value is neither zero nor empty nor absent."""
    return value is not ABSENT and bool(value)


def kind_of(value: Any) -> str:
    """The type of a value, in the words of Go's errors."""
    if value is None or value is ABSENT:
        return "nil"
    names: tuple[tuple[type, str], ...] = (
        (bool, "bool"),
        (int, "int64"),
        (float, "float64"),
        (str, "string"),
        (list, "[]interface {}"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "map[string]interface {}")


def _not(value: Any) -> bool:
    return not is_true(value)


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, list | Mapping):
        return len(value)
    raise GoTemplateFault("len of nil pointer" if kind_of(value) == "nil" else f"len of type {kind_of(value)}")


def _place(index: Any, length: int) -> int:
    if isinstance(index, bool) or not isinstance(index, int):
        raise GoTemplateFault(f"cannot index slice/array with {kind_of(index)}")
    if not 0 <= index <= length:
        raise GoTemplateFault(f"index out of range: {index}")
    return index


def _index(item: Any, *indexes: Any) -> Any:
    if item is ABSENT or item is None:
        raise GoTemplateFault("index of untyped nil")
    for index in indexes:
        if isinstance(item, Mapping):
            if not isinstance(index, str):
                raise GoTemplateFault(f"value has type {kind_of(index)}; should be string")
            item = item.get(index)
        elif isinstance(item, list | str):
            units = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item
            place = _place(index, len(units))
            if place == len(units):
                raise GoTemplateFault(f"index out of range: {index}")
            item = units[place]
        elif item is None:
            raise GoTemplateFault("index of nil pointer")
        else:
            raise GoTemplateFault(f"can't index item of type {kind_of(item)}")
    return item


def _slice(item: Any, *indexes: Any) -> Any:
    if not isinstance(item, str | list) or len(indexes) > 3 - isinstance(item, str):
        raise GoTemplateFault(f"can't slice item of type {kind_of(item)} with {len(indexes)} indexes")
    units: Any = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item
    places = [_place(index, len(units)) for index in indexes]
    first, end = (*places[:2], *(0, len(units))[len(places[:2]) :])
    if first > end or (len(places) == 3 and end > places[2]):
        raise GoTemplateFault(f"invalid slice index: {first} > {end}")
    found = units[first:end]
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found


def _exists(item: Any, *indexes: Any) -> bool:
    for index in indexes:
        if isinstance(item, Mapping) and isinstance(index, str):
            item = item.get(index)
        elif isinstance(item, list | str) and isinstance(index, int) and not isinstance(index, bool):
            units = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item
            if not 0 <= index < len(units):
                return False
            item = units[index]
        else:
            return False
    return item is not None and item is not ABSENT


def _base64decode(text: Any) -> str:
    if not isinstance(text, str):
        raise GoTemplateFault(f"wrong type for value; expected string; got {kind_of(text)}")
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise GoTemplateFault(f"base64 decode failed: {error}") from None


def _print(*values: Any) -> str:
    """As `fmt.Sprint`: a space between two values of which neither is a text."""
    found: list[str] = []
    for at, value in enumerate(values):
        if at and not isinstance(value, str) and not isinstance(values[at - 1], str):
            found.append(" ")
        found.append(_plain(value))
    return "".join(found)


def _println(*values: Any) -> str:
    return " ".join(map(_plain, values)) + "\n"


def _plain(value: Any) -> str:
    return "<nil>" if value is None or value is ABSENT else go_value(value)


def _printf(template: Any, *values: Any) -> str:
    if not isinstance(template, str):
        raise GoTemplateFault(f"wrong type for value; expected string; got {kind_of(template)}")
    waiting = list(values)

    def put(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        if not waiting:
            return f"%!{verb}(MISSING)"
        if int(width or 0) > _WIDEST or int(precision or 0) > _WIDEST:
            raise GoTemplateFault(f"printf: a width or precision above {_WIDEST}")
        return _padded(_verb(verb, waiting.pop(0), flags, precision), flags, int(width or 0))

    text = _VERB.sub(put, template)
    if waiting:
        extra = ", ".join(f"{kind_of(one)}={_plain(one)}" for one in waiting)
        text += f"%!(EXTRA {extra})"
    return text


def _padded(text: str, flags: str, width: int) -> str:
    if "-" in flags:
        return text.ljust(width)
    return text.zfill(width) if "0" in flags else text.rjust(width)


def _verb(verb: str, value: Any, flags: str, precision: str | None) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if verb == "v" and not precision:
        found = _plain(value)
        return f"+{found}" if is_number and "+" in flags and not found.startswith("-") else found
    if verb == "s" and (isinstance(value, str) or _all_texts(value)):
        return _plain(value)[: int(precision)] if precision else _plain(value)
    if verb == "q" and isinstance(value, str):
        return quoted(value)
    if verb == "t" and isinstance(value, bool):
        return _plain(value)
    sign = "+" if "+" in flags else " " if " " in flags else ""
    if isinstance(value, int) and not isinstance(value, bool):
        if verb in "dxXob":
            return format(value, f"{sign}{verb}")
        if verb == "c" and 0 <= value <= 0x10FFFF:
            return chr(value)
    if isinstance(value, float) and verb in "fFeEgG":
        return format(float(value), f"{sign}.{precision or 0}{verb}" if precision is not None else f"{sign}{verb}")
    if isinstance(value, str) and verb in "xX":
        return value.encode("utf-8", "surrogatepass").hex().upper() if verb == "X" else value.encode().hex()
    raise GoTemplateFault(
        f"printf: %{verb} of {kind_of(value)} {_plain(value)[:40]} is not supported", hint="%v prints any value"
    )


def _all_texts(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_all_texts, value.values()))
    return all(map(_all_texts, value)) if isinstance(value, list) else isinstance(value, str)


def _html(*values: Any) -> str:
    return _joined(values).translate(_HTML)


def _urlquery(*values: Any) -> str:
    return quote_plus(_joined(values), safe="")


def _joined(values: tuple[Any, ...]) -> str:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else _print(*values)


# ---- comparisons


def _basic(value: Any) -> str:
    return {"int64": "int", "float64": "float", "string": "string", "bool": "bool"}.get(kind_of(value), "")


def _incompatible(left: Any, right: Any) -> GoTemplateFault:
    return GoTemplateFault(f"incompatible types for comparison: {kind_of(left)} and {kind_of(right)}")


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise GoTemplateFault("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _equal(left: Any, right: Any) -> bool:
    is_nil = kind_of(left) == "nil", kind_of(right) == "nil"
    if any(is_nil):
        return all(is_nil)
    if _basic(left) != _basic(right):
        raise _incompatible(left, right)
    if not _basic(left):
        raise GoTemplateFault(f"non-comparable type {kind_of(left)}")
    return bool(left == right)


def _lt(left: Any, right: Any) -> bool:
    if not _basic(left) or not _basic(right) or "bool" in (_basic(left), _basic(right)):
        raise GoTemplateFault("invalid type for comparison")
    if _basic(left) != _basic(right):
        raise _incompatible(left, right)
    return bool(left < right)


FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], int, int]]] = {
    "base64decode": (_base64decode, 1, 1),
    "eq": (_eq, 1, 999),
    "exists": (_exists, 1, 999),
    "ge": (lambda left, right: not _lt(left, right), 2, 2),
    "gt": (lambda left, right: not (_lt(left, right) or _equal(left, right)), 2, 2),
    "html": (_html, 0, 999),
    "index": (_index, 1, 999),
    "le": (lambda left, right: _lt(left, right) or _equal(left, right), 2, 2),
    "len": (_len, 1, 1),
    "lt": (_lt, 2, 2),
    "ne": (lambda left, right: not _equal(left, right), 2, 2),
    "not": (_not, 1, 1),
    "print": (_print, 0, 999),
    "printf": (_printf, 1, 999),
    "println": (_println, 0, 999),
    "slice": (_slice, 1, 4),
    "urlquery": (_urlquery, 0, 999),
}
"""By name: the function, and how many arguments it takes at least and at most. `and` and `or` evaluate theirs late."""
SHORT_CIRCUIT: Final = frozenset({"and", "or"})
NAMES: Final = frozenset({*FUNCTIONS, *SHORT_CIRCUIT})
