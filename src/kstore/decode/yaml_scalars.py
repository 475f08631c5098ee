"""
How a string stands in kubectl's YAML: plain, quoted or as a block, and where long lines are folded.

Knows the rules of go.yaml.in/yaml/v2 (through sigs.k8s.io/yaml, as kubectl prints): `resolve.go`, `encode.go`, and
the scalars of `emitterc.go`. Does not know about lists and maps (`yaml_text.py`).
"""

from __future__ import annotations

import base64
import math
import re
from functools import lru_cache
from typing import Final

WIDTH: Final = 80
"""A line is broken at the first space after this column (`yaml_emitter_emit_stream_start`: best_width)."""

# ---- which strings would be read back as something else (resolve.go)

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
"""The plain words that YAML 1.1 reads as booleans, null and odd floats, with what they mean."""

_PREFIXED = re.compile(r"([-+]?)0(?:[xX]([0-9a-fA-F]+)|[bB]([01]+)|[oO]?([0-7]+))").fullmatch
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)").fullmatch
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?").fullmatch
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?").fullmatch
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?").fullmatch
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]| +)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2}):(?P<second>[0-9]{1,2})(?:[.,][0-9]+)?"
    r"(?P<zone>Z|[-+]([0-9]{2}):([0-9]{2}))?)?"
).fullmatch


def resolve_plain(text: str) -> object:
    """
    What a plain scalar means to kubectl: a bool, int, float or None, else the string itself.

    Timestamps stay strings, as `decode.go` leaves them when there is no type to read them into.
    """
    first = text[:1]
    if text in WORDS:
        return WORDS[text]
    if first == ".":
        return _as_float(text, text) if _DOT_FLOAT(text) else text
    if first and first in "+-0123456789" and not is_timestamp(text):
        return _as_number(text)
    return text


def _as_number(text: str) -> object:
    """An int of 64 bits in any of Go's bases, else a float, else the text; underscores are skipped."""
    plain = text.replace("_", "")
    prefixed = None if _DECIMAL(plain) else _PREFIXED(plain)
    if prefixed:
        sign, hexadecimal, binary, octal = prefixed.groups()
        number = int(hexadecimal, 16) if hexadecimal else int(binary, 2) if binary else int(octal, 8)
        number = -number if sign == "-" else number
    elif _DECIMAL(plain):
        sign = plain[0] if plain[0] in "+-" else ""
        number = int(plain)
    else:
        return _as_float(plain, text) if _FLOAT(plain) else text
    # ParseUint, the second try, takes no sign (strconv/atoi.go)
    if -(1 << 63) <= number < (1 << 63 if sign else 1 << 64):
        return number
    return _as_float(plain, text) if _FLOAT(plain) else text


def _as_float(plain: str, text: str) -> object:
    """The float, or the text where ParseFloat would say that it is out of range."""
    number = float(plain)
    return text if math.isinf(number) else number


def is_timestamp(text: str) -> bool:
    """Whether `parseTimestamp` of resolve.go takes the text: a date, or a date and time in one of its four formats."""
    match = _TIMESTAMP(text) if text[4:5] == "-" else None
    if match is None:
        return False
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not 1 <= month <= 12 or not 1 <= day <= _days_in(month, year):
        return False
    if match["hour"] is None:
        return True
    if (" " in text) == bool(match["zone"]):  # with a T the zone must be there, after a space it must not
        return False
    if int(match["hour"]) > 23 or int(match["minute"]) > 59 or int(match["second"]) > 59:
        return False
    # time.Parse tolerates offsets of 24 hours and of 60 minutes
    return match["zone"] in (None, "Z") or (int(match[8]) <= 24 and int(match[9]) <= 60)


def _days_in(month: int, year: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _reads_as_itself(text: str) -> bool:
    """Whether a plain scalar of this text is read back as this very string (`stringv` of encode.go)."""
    first = text[0]
    if first in "yYnNtTfFoO~":
        return text not in WORDS
    if first == ".":
        return isinstance(resolve_plain(text), str)
    if first in "+-0123456789":
        return not is_timestamp(text) and isinstance(resolve_plain(text), str) and not _BASE_60(text)
    return True


# ---- which style a string can have (yaml_emitter_analyze_scalar)

# What stands for itself without a look at its neighbours: no space, nothing that begins or ends a token.
_SIMPLE = re.compile(r"[A-Za-z0-9_/.+=$()^;<\\~-](?:[!-9;-~]|:(?=[!-~]))*").fullmatch
_NOT_PRINTABLE = "[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
_SPECIAL = re.compile(_NOT_PRINTABLE).search
_BREAK = re.compile("[\n\r\x85\u2028\u2029]").search
_SPACE_BREAK = re.compile(" [\n\u2028\u2029]").search
_BREAK_SPACE = re.compile("[\n\u2028\u2029] ").search
_INDICATOR = re.compile(r"""\A(?:---|\.\.\.|[#,\[\]{}&*!|>'"%@`]|[?:-](?: |\Z))|:(?: |\Z)| #""").search


def is_multiline(text: str) -> bool:
    """Whether the text holds a line break of any kind that YAML 1.1 knows."""
    return _BREAK(text) is not None


@lru_cache(maxsize=4096)
def _style(text: str) -> str:
    """`plain`, `single`, `double`, or `literal` where the context allows a block (yaml_emitter_select_scalar_style)."""
    if not text:
        return "double"
    special = _SPECIAL(text) or _SPACE_BREAK(text)
    if "\n" in text:
        return "double" if special or text[-1] == " " else "literal"
    if special or not _reads_as_itself(text):
        return "double"
    if text[0] == " " or text[-1] == " " or _BREAK(text) or _INDICATOR(text):
        return "double" if _BREAK_SPACE(text) else "single"
    return "plain"


# ---- writing it

_ESCAPES = {
    0x00: "0", 0x07: "a", 0x08: "b", 0x09: "t", 0x0A: "n", 0x0B: "v", 0x0C: "f", 0x0D: "r", 0x1B: "e", 0x22: '"',
    0x5C: "\\", 0x85: "N", 0xA0: "_", 0x2028: "L", 0x2029: "P",
}  # fmt: skip
_ESCAPED = re.compile('["\\\\\n\u2028\u2029]|' + _NOT_PRINTABLE)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    short = _ESCAPES.get(code)
    if short is not None:
        return "\\" + short
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _double(text: str) -> str:
    """The inside of a double quoted scalar; after a leading byte order mark the emitter escapes every character."""
    if text.startswith("\ufeff"):
        return re.sub("(?s).", _escape, text)
    return _ESCAPED.sub(_escape, text)


def _fold(text: str, column: int, pad: str, *, double: bool = False) -> str:
    """
    Break a scalar's lines after `WIDTH`, as the three writers of emitterc.go do.

    A break takes the place of one space, never at either end and never after another space; before another space
    only in double quotes, where that one is escaped.

    Args:
        text: the inside of the scalar, escaped already.
        column: where its first character stands.
        pad: what the next lines begin with.
    """
    pieces: list[str] = []
    start = 0
    last = len(text) - 1
    search = max(WIDTH + 1 - column, 1)
    while (where := text.find(" ", search)) != -1:
        before_space = where < last and text[where + 1] == " "
        if where == last or text[where - 1] == " " or (before_space and not double):
            search = where + 1
            continue
        escape = "\\" if before_space else ""
        pieces += (text[start:where], "\n", pad, escape)
        start = where + 1
        search = start + max(WIDTH + 1 - len(pad) - len(escape), 0)
    pieces.append(text[start:])
    return "".join(pieces)


def _single(text: str, column: int, pad: str) -> str:
    """A single quoted scalar with its lines folded; the breaks U+2028 and U+2029 begin a padded line."""
    lines = re.split("([\u2028\u2029]+)", text.replace("'", "''"))
    lines[0] = _fold(lines[0], column, pad)
    for index in range(2, len(lines), 2):
        lines[index] = lines[index] and pad + _fold(lines[index], len(pad), pad)
    return "".join(lines)


def _literal(text: str, pad: str) -> str:
    """A `|` block with its hints (yaml_emitter_write_block_scalar_hints)."""
    indent = "2" if text[0] in " \n\u2028\u2029" else ""
    keeps_all = len(text) == 1 or text[-2] in "\n\u2028\u2029"
    chomp = "-" if text[-1] not in "\n\u2028\u2029" else "+" if keeps_all else ""
    if "\u2028" in text or "\u2029" in text:
        body = re.sub("(?:\\A|(?<=[\n\u2028\u2029]))(?=[^\n\u2028\u2029])", lambda _: pad, text)
    else:
        body = "\n".join([line and pad + line for line in text.split("\n")])
    return f"|{indent}{chomp}\n{body}" + ("\n" if chomp == "-" else "")


def _binary(text: str, pad: str) -> str:
    """A string that is not UTF-8, tagged and in base64 lines of 70 (`encodeBase64` of resolve.go)."""
    raw = text.encode("utf-8", "surrogateescape" if _ESCAPED_BYTES(text) else "surrogatepass")
    encoded = base64.b64encode(raw).decode()
    if len(encoded) < 70:
        return f"!!binary {encoded}\n"
    lines = [encoded[index : index + 70] for index in range(0, len(encoded), 70)]
    return "!!binary " + _literal("\n".join(lines) + "\n", pad)


_SURROGATE = re.compile("[\ud800-\udfff]").search
_ESCAPED_BYTES = re.compile("[^\ud800-\udfff]*(?:[\udc80-\udcff][^\ud800-\udfff]*)*").fullmatch

_simple_cache: dict[str, str] = {}
_CACHE_SIZE: Final = 20_000
_CACHED_LENGTH: Final = 256


def scalar(text: str, column: int, pad: str) -> str:
    """
    A string as a value, with the space before it and the newline after it.

    Args:
        text: the string.
        column: the columns that are written on this line already.
        pad: what further lines begin with: the indent of the collection and two spaces.
    """
    known = _simple_cache.get(text)
    if known is not None:
        return known
    if (_SIMPLE(text) and _reads_as_itself(text) and not text.startswith(("---", "..."))) and text != "-":
        rendered = f" {text}\n"
    elif " " not in text and not is_multiline(text) and not _SURROGATE(text):
        rendered = f" {_quoted_word(text)}\n"
    else:
        return _long_scalar(text, column + 1, pad)
    if len(text) <= _CACHED_LENGTH:
        if len(_simple_cache) >= _CACHE_SIZE:
            _simple_cache.clear()
        _simple_cache[text] = rendered
    return rendered


def _quoted_word(text: str) -> str:
    """A string without spaces and breaks, which is never folded."""
    style = _style(text)
    if style == "plain":
        return text
    return "'" + text.replace("'", "''") + "'" if style == "single" else f'"{_double(text)}"'


def _long_scalar(text: str, column: int, pad: str) -> str:
    """A string that may be folded or be a block; `column` is where its first character or quote stands."""
    if _SURROGATE(text):
        return " " + _binary(text, pad)
    style = _style(text)
    if style == "plain":
        return f" {_fold(text, column, pad)}\n"
    if style == "single":
        return f" '{_single(text, column + 1, pad)}'\n"
    if style == "double":
        return f' "{_fold(_double(text), column + 1, pad, double=True)}"\n'
    return " " + _literal(text, pad)


def simple_key(text: str) -> str | None:
    """A string as a key with its colon; None where the emitter takes `? ` (yaml_emitter_check_simple_key)."""
    if _SURROGATE(text) or is_multiline(text) or len(text.encode()) > 128:
        return None
    return _quoted_word(text) + ":"
