"""
The user's cache: files that can be made again, so that losing them costs time only.
"""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path | None:
    """kstore's folder in the XDG cache directory, which need not exist; None for a user who has no home."""
    home = os.path.expanduser("~")
    base = os.environ.get("XDG_CACHE_HOME") or (home != "~" and os.path.join(home, ".cache"))
    return Path(base, "kstore") if base else None


def write_whole(path: Path, content: bytes) -> None:
    """
    Write a file so that another process sees it complete or not at all; its folder is made, for the user alone.

    Raises:
        OSError: it cannot be written.
    """
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
