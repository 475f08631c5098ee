"""
KYAML as `kubectl -o kyaml` prints it: YAML in braces, every text quoted, commas at the ends.

Ports the layout of `sigs.k8s.io/yaml/kyaml`. Does not hide or mask anything: that is `mask.py`, before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from kstore.decode.json.number import format_float
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import EncodeError
from kstore.view.go_template.strings import SHORT, numeric_escape

_FOLD: Final = "\\\n"
_SPECIAL: Final = SHORT | {
    "\0": "0", "\x1b": "e", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip
_WORDS: Final = frozenset({
    "null", "~", "true", "y", "yes", "on", "false", "n", "no", "off", "t", "f", "0", "1", ".inf", "-.inf", "+.inf",
    ".nan", "nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity",
})  # fmt: skip
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|\d+)\Z")
_FLOAT = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)\Z"
)
_SEXAGESIMAL = re.compile(r"[+-]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_DATE: Final = r"(\d{4})-(\d\d?)-(\d\d?)"
_CLOCK: Final = r"(\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?"
_TIME = re.compile(rf"{_DATE}(?:[Tt]{_CLOCK}(?:Z|[+-]\d\d:\d\d)| {_CLOCK})?\Z")
_INTERIOR: Final = frozenset("-./")


def to_kyaml(value: Any) -> str:
    """
    One document, with the line of dashes in front and a newline at its end.

    Raises:
        EncodeError: it is nested too deeply to be printed.
    """
    parts: list[str] = ["---\n"]
    _checked(parts.append, value, 0)
    return "".join(parts) + "\n"


def kyaml_list(objects: Iterable[Any]) -> Iterator[str]:
    """A v1 List, as `kubectl get -o kyaml` prints several objects, in pieces as they come."""
    yield '---\n{\n  apiVersion: "v1",\n  items: ['
    between = ""
    for obj in objects:
        parts: list[str] = [between]
        _checked(parts.append, obj, 1)
        yield "".join(parts)
        between = ", "
    yield '],\n  kind: "List",\n  metadata: {\n    resourceVersion: "",\n  },\n}\n'


def _checked(put: Callable[[str], None], value: Any, indent: int) -> None:
    try:
        _put(put, value, indent)
    except RecursionError:
        raise EncodeError("the object is nested too deeply to be printed as KYAML") from None


def _put(put: Callable[[str], None], value: Any, indent: int) -> None:
    if type(value) is RawJSON:
        value = value.value
    if isinstance(value, str):
        put(_text(value, indent + 1))
    elif isinstance(value, Mapping):
        _put_map(put, value, indent)
    elif isinstance(value, list):
        _put_list(put, value, indent)
    elif value is None or isinstance(value, bool):
        put({None: "null", True: "true", False: "false"}[value])
    else:
        put(format_float(value) if isinstance(value, float) else str(value))


def _put_map(put: Callable[[str], None], value: Mapping[str, Any], indent: int) -> None:
    if not value:
        put("{}")
        return
    put("{\n")
    inner = "  " * (indent + 1)
    for key in sorted(value):
        put(f"{inner}{_key(key)}: ")
        _put(put, value[key], indent + 1)
        put(",\n")
    put("  " * indent + "}")


def _put_list(put: Callable[[str], None], value: list[Any], indent: int) -> None:
    if not value:
        put("[]")
    elif all(isinstance(_plain(one), Mapping | list) for one in value):
        # what is in braces itself stands beside the bracket
        between = "["
        for one in value:
            put(between)
            _put(put, one, indent)
            between = ", "
        put("]")
    else:
        put("[\n")
        for one in value:
            put("  " * (indent + 1))
            _put(put, one, indent + 1)
            put(",\n")
        put("  " * indent + "]")


def _plain(value: Any) -> Any:
    return value.value if type(value) is RawJSON else value


def _text(text: str, indent: int) -> str:
    """A text in quotes; one of several lines is folded, a line of it below the other."""
    if "\n" not in text:
        return f'"{"".join(map(_character, text))}"'
    lines = text.split("\n")
    last = lines.pop()
    margin = "  " * indent
    found = [f'"{_FOLD}']
    found += [f"{_line(line, margin)}\\n{_FOLD}" for line in lines]
    if last:
        found.append(_line(last, margin) + _FOLD)
    return "".join(found) + f'{margin}"'


def _line(line: str, margin: str) -> str:
    """A line of a folded text; white space at its beginning is escaped, since folding would drop it."""
    mark = "\\" if line and _is_space(line[0]) else " "
    return margin + mark + "".join(map(_character, line))


def _is_space(character: str) -> bool:
    return character.isspace() and character not in "\x1c\x1d\x1e\x1f"


def _character(character: str) -> str:
    if character == "\t":
        return character
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\{_SPECIAL[character]}" if character in _SPECIAL else numeric_escape(character)


def _key(key: str) -> str:
    """The name of a member, in quotes where YAML could take it for something else."""
    if not _needs_quotes(key):
        return key
    text = "".join(map(_character, key)).replace("\t", r"\t")
    return f'"{text}"'


def _needs_quotes(key: str) -> bool:
    if not key or _is_ambiguous(key):
        return True
    last = len(key) - 1
    return not all(
        one == "_" or unicodedata.category(one)[0] in "LN" or (0 < at < last and one in _INTERIOR)
        for at, one in enumerate(key)
    )


def _is_ambiguous(text: str) -> bool:
    """Whether a reader of YAML may take a text for a boolean, null, a number or a time (`isTypeAmbiguous`)."""
    number = text.replace("_", "")
    return (
        text.lower() in _WORDS
        or number.lower() in ("nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
        or _is_number(number)
        or _SEXAGESIMAL.match(text) is not None
        or _is_time(text)
    )


def _is_number(text: str) -> bool:
    if _INTEGER.match(text):
        digits = text.lstrip("+-")
        if not digits[:2].lower().startswith(("0x", "0b", "0o")):
            return True  # what is too large for an integer is still a float
        return int(digits, 0) < 1 << 63
    if not _FLOAT.match(text):
        return False
    return "x" in text.lower() or abs(float(text)) != float("inf")


def _is_time(text: str) -> bool:
    match = _TIME.match(text)
    if match is None:
        return False
    year, month, day, *clock = (int(part) if part else 0 for part in match.groups())
    try:
        date(year or 4, month, day)
    except ValueError:
        return False
    return all(part < limit for part, limit in zip(clock, (24, 60, 60, 24, 60, 60), strict=True))
