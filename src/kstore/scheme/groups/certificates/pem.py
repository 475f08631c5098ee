"""
The first block of PEM text, found as Go's `encoding/pem` finds it: text around it and headers are passed over.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"\n-----END ", b"-----"


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between a pair of lines."""

    type: bytes
    content: bytes


def first_block(data: bytes) -> Block | None:
    """The first block that is one; None where there is none."""
    at = 0
    while (end := data.find(_END, at)) >= 0:
        begin = data.rfind(_BEGIN, at, end)
        if begin == at or (begin > at and data[begin - 1 : begin] == b"\n"):
            block = _block(data, begin + len(_BEGIN), end)
            if block is not None:
                return block
        at = end + len(_END)
    return None


def _block(data: bytes, start: int, end: int) -> Block | None:
    """The block whose type stands at `start`, and whose last line begins at `end`; None where it is broken."""
    line, at = _line(data, start)
    if not line.endswith(_DASHES):
        return None
    header, after = _line(data, at)
    while b":" in header:
        at = after
        header, after = _line(data, at)
    if not _ends(data, end + len(_END), line):
        return None
    text = bytes(byte for byte in data[at:end] if byte not in b" \t\r\n")
    try:
        return Block(line.removesuffix(_DASHES), base64.b64decode(text, validate=True))
    except ValueError:
        return None


def _ends(data: bytes, at: int, line: bytes) -> bool:
    """Whether the type and the dashes of the first line are repeated here, and nothing follows them."""
    return data.startswith(line, at) and not _line(data, at + len(line))[0]


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """The line at a place, without white space at its end, and where the next one begins."""
    found = data.find(b"\n", at)
    end = len(data) if found < 0 else found
    return data[at:end].removesuffix(b"\r").rstrip(b" \t"), min(end + 1, len(data))
