"""
The demo store: a small cluster's etcd snapshot that ships with kstore, so that everything can be tried with no server.

Knows where it is and how it is packed. What is in it, and how real servers made it, `tools/demo/` knows.
"""

from __future__ import annotations

import lzma
from importlib import resources


def database() -> bytes:
    """The snapshot as `etcdctl snapshot save` wrote it."""
    return lzma.decompress((resources.files(__name__) / "demo.db.xz").read_bytes())
