"""
Dumps of bytes, back to the bytes: `hexdump -C` and plain `hexdump`, `xxd`, `od` in its usual forms.

Knows the columns of each, and that `*` stands for lines that are as the one before. What the bytes are is none of its
business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kstore.errors import DecodeError

_CANONICAL = re.compile(rb"([0-9a-f]{6,16})[ \t]+((?:[0-9a-f]{2}[ \t]+){1,32})\|.*\|?")
_XXD = re.compile(rb"([0-9a-fA-F]{6,16}):[ \t]((?:(?:[0-9a-fA-F]{2})+ ){1,64}).*")
_BYTES = re.compile(rb"([0-9a-f]{6,16})?((?:[ \t]+[0-9a-f]{2}){1,64})(?:[ \t]+>.*<)?[ \t]*")
_WORDS = re.compile(rb"([0-9a-f]{6,16})((?:[ \t]+[0-9a-f]{4}){1,32})[ \t]*")
_LONG_WORDS = re.compile(rb"([0-9a-f]{6,16})((?:[ \t]+[0-9a-f]{8}){1,16})[ \t]*")
_OCTAL_WORDS = re.compile(rb"([0-7]{6,16})((?:[ \t]+[0-7]{6}){1,32})[ \t]*")
_OCTAL_BYTES = re.compile(rb"([0-7]{6,16})((?:[ \t]+[0-3][0-7]{2}){1,32})[ \t]*")
_CHARACTERS = re.compile(rb"([0-7]{6,16})((?: (?:  [ -~]| \\[0abtnvfr]|[0-7]{3}))+)[ \t]*")
_END = re.compile(rb"([0-9a-fA-F]{6,16}):?[ \t]*")
_REPEAT = b"*"
_ESCAPES = dict(zip(b"0abtnvfr", b"\0\a\b\t\n\v\f\r", strict=True))


class _Form(NamedTuple):
    """How one program prints."""

    line: re.Pattern[bytes]
    """A line: its offset (which may be missing), and its bytes."""
    read: Callable[[bytes], bytes]


def _hex(text: bytes) -> bytes:
    return bytes.fromhex(text.decode())


def _little_endian(base: int, size: int) -> Callable[[bytes], bytes]:
    """Words as the machine has them, which is the least byte first."""
    return lambda text: b"".join(
        (int(word, base) & ((1 << 8 * size) - 1)).to_bytes(size, "little") for word in text.split()
    )


def _octal(text: bytes) -> bytes:
    return bytes(int(word, 8) for word in text.split())


def _characters(text: bytes) -> bytes:
    """`od -c`: four columns for each byte."""
    found = bytearray()
    for place in range(0, len(text), 4):
        cell = text[place + 1 : place + 4]
        stripped = cell.lstrip(b" ")
        if len(stripped) == 3 and stripped.isdigit():
            found.append(int(stripped, 8) & 0xFF)
        elif stripped[:1] == b"\\" and len(stripped) == 2:
            found.append(_ESCAPES[stripped[1]])
        else:
            found += cell[-1:]
    return bytes(found)


_FORMS = (
    _Form(_CANONICAL, _hex),
    _Form(_XXD, _hex),
    _Form(_BYTES, _hex),
    _Form(_OCTAL_BYTES, _octal),
    _Form(_WORDS, _little_endian(16, 2)),
    _Form(_OCTAL_WORDS, _little_endian(8, 2)),
    _Form(_LONG_WORDS, _little_endian(16, 4)),
    _Form(_CHARACTERS, _characters),
)


def undump(data: bytes) -> bytes | None:
    """
    The bytes that were dumped; None when this is no dump.

    Raises:
        DecodeError: it is one, but lines of it are missing.
    """
    lines = [line.rstrip(b"\r") for line in data.rstrip().split(b"\n")]
    lines = [line for line in lines if line.strip()]
    if not lines:
        return None
    for form in _FORMS:
        if form.line.fullmatch(lines[0]) and all(
            line.strip() == _REPEAT or form.line.fullmatch(line) or _END.fullmatch(line) for line in lines
        ):
            return _Dump(form, lines).read()
    return None


class _Dump:
    def __init__(self, form: _Form, lines: list[bytes]) -> None:
        self._lines = lines
        self._form = form
        self._found = bytearray()
        self._base = 16
        self._first = 0

    def read(self) -> bytes:
        """All lines, those that `*` stands for filled in."""
        self._base, self._first = self._numbering()
        repeated = False
        last = b""
        for line in self._lines:
            if line.strip() == _REPEAT:
                repeated = True
                continue
            match = self._form.line.fullmatch(line)
            end = None if match else _END.fullmatch(line)
            offset = match or end or (line and None)
            place = self._offset(offset[1] if offset else None)
            if repeated and place is not None:
                self._fill(last, place)
            elif place is not None and match and place != len(self._found):
                raise DecodeError(
                    f"the line at {place:#x} of the dump follows on byte {len(self._found):#x}", where="the input"
                )
            repeated = False
            if match:
                last = self._form.read(match[2])
                self._found += last
            elif place is not None and len(self._found) - 8 < place < len(self._found):
                del self._found[place:]  # words are padded at the end
        return bytes(self._found)

    def _fill(self, last: bytes, place: int) -> None:
        while last and len(self._found) < place:
            self._found += last[: place - len(self._found)]

    def _offset(self, text: bytes | None) -> int | None:
        if text is None:
            return None
        try:
            return int(text, self._base) - self._first
        except ValueError:
            return None

    def _numbering(self) -> tuple[int, int]:
        """The base of the offsets (od counts in octal), and the first one."""
        matches = [match for line in self._lines if (match := self._form.line.fullmatch(line)) and match[1]]
        if not matches:
            return 16, 0
        size = len(self._form.read(matches[0][2]))
        for base in (16, 8, 10):
            try:
                first = int(matches[0][1], base)
                if len(matches) == 1 or int(matches[1][1], base) - first == size:
                    break
            except ValueError:
                continue
        else:
            return 16, int(matches[0][1], 16)
        if len(matches) == 1 and (end := _END.fullmatch(self._lines[-1])):
            # a single line tells the base by the offset of its end
            base = next((each for each in (16, 8, 10) if _is_end(end[1], each, size)), base)
        return base, first


def _is_end(text: bytes, base: int, size: int) -> bool:
    try:
        return size - 8 < int(text, base) <= size
    except ValueError:
        return False


__all__ = ["undump"]
