"""
Bytes as a hex dump: offset, sixteen bytes, and what of them is printable, as `hexdump -C` shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

_ROW: Final = 16
_PRINTABLE: Final = bytes(byte if 0x20 <= byte < 0x7F else ord(".") for byte in range(256))


def hex_dump(data: bytes, shown: Sequence[tuple[int, int]] | None = None) -> Iterator[str]:
    """
    Yield the lines of the dump; the last is the length alone.

    Args:
        data: the bytes.
        shown: the only places, as begin and end, whose bytes may be seen; the others are asterisks. None shows all.
    """
    seen = bytearray(b"\1" * len(data) if shown is None else len(data))
    for begin, end in shown or ():
        seen[begin:end] = b"\1" * (end - begin)
    for offset in range(0, len(data), _ROW):
        row = data[offset : offset + _ROW]
        cells = [f"{byte:02x}" if seen[offset + at] else "**" for at, byte in enumerate(row)]
        text = "".join(chr(_PRINTABLE[byte]) if seen[offset + at] else "*" for at, byte in enumerate(row))
        yield f"{offset:08x}  {' '.join(cells[:8]):<23}  {' '.join(cells[8:]):<23}  |{text}|\n"
    yield f"{len(data):08x}\n"
