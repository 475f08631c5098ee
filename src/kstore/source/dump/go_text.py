"""
Go's quoted text, as `%q` prints it, back to bytes.

Knows the escapes of `strconv.Quote`, and nothing of who printed it.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\'\"]))", re.DOTALL
)
_NAMED = dict(zip(b"abfnrtv\\'\"", b"\a\b\f\n\r\t\v\\'\"", strict=True))

QUOTED = rb'"(?:[^"\\]|\\.)*"'
"""A quoted text, as a regular expression over bytes."""


def unquote(text: bytes) -> bytes:
    """The bytes that a quoted text (with its quotes) stands for; those that were no UTF-8 are `\\x..` in it."""

    def unescape(match: re.Match[bytes]) -> bytes:
        one, short, long, octal, named = match.groups()
        if one:
            return bytes([int(one, 16)])
        if short or long:
            return chr(int(short or long, 16)).encode("utf-8", "surrogatepass")
        return bytes([int(octal, 8) & 0xFF]) if octal else bytes([_NAMED[named[0]]])

    return _ESCAPE.sub(unescape, text[1:-1])
