"""
Bytes as a hex dump: offset, sixteen bytes, and what of them is printable, as `hexdump -C` shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_ROW: Final = 16
_PRINTABLE: Final = bytes(byte if 0x20 <= byte < 0x7F else ord(".") for byte in range(256))


def hex_dump(data: bytes) -> Iterator[str]:
    """Yield the lines of the dump; the last is the length alone."""
    for offset in range(0, len(data), _ROW):
        row = data[offset : offset + _ROW]
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        yield f"{offset:08x}  {left:<23}  {right:<23}  |{row.translate(_PRINTABLE).decode('ascii')}|\n"
    yield f"{len(data):08x}\n"
