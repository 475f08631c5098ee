"""
What an editor or a shell puts around text: byte order marks, and UTF-16, which PowerShell's `>` writes.
"""

from __future__ import annotations

import codecs

from kstore.errors import TerminalDamage

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ENOUGH = 512
"""Bytes by which UTF-16 without a mark is known."""


def as_utf8(data: bytes) -> bytes:
    """
    The text as UTF-8 without a mark; bytes that are no such text as they are.

    Raises:
        TerminalDamage: it was made of a binary value, which no text can hold.
    """
    encoding, size = next(((name, len(mark)) for mark, name in _MARKS if data.startswith(mark)), ("", 0))
    encoding = encoding or _unmarked(data)
    if not encoding:
        return data
    try:
        text = data[size:].decode(encoding)
    except UnicodeDecodeError:
        return data
    if encoding != "utf-8" and "k8s\0" in text:
        raise TerminalDamage(
            "a binary value was written as UTF-16 text, which does not keep its bytes",
            offset=0,
            where="the input",
            hint="PowerShell's > does that: print with etcdctl get -w json",
        )
    return text.encode()


def _unmarked(data: bytes) -> str:
    """UTF-16 of plain text has a zero in every second byte."""
    head = data[:_ENOUGH]
    if len(head) < 4 or len(data) % 2:
        return ""
    for name, zeroes, letters in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if not any(zeroes) and all(letters):
            return name
    return ""


__all__ = ["as_utf8"]
