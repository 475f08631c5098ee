"""
The demo store: a small cluster's etcd snapshot that ships with kstore, so that everything can be tried with no server.

Knows where it is and how it is packed. What is in it, and how real servers made it, `tools/demo/` knows.
"""

from __future__ import annotations

from pathlib import Path

PACKED = Path(__file__).with_name("demo.db.xz")
"""The snapshot as `etcdctl snapshot save` wrote it, compressed."""


def database() -> bytes:
    """
    The snapshot, unpacked.

    Raises:
        FileNotFoundError: this installation was packed without it.
    """
    import lzma

    return lzma.decompress(PACKED.read_bytes())
