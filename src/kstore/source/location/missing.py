"""
What to say of an address at which there is no file: of an unknown kind, or nearly the name of one.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from kstore.errors import StoreNotFound, UsageError
from kstore.similar import question, similar

_NO_FILE: Final = "there is no such file or directory"
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.I)
_KNOWN: Final = (
    "etcd is https://HOST:PORT, an object of a bucket s3://, gs:// or az://, a file on a web server https://HOST/PATH"
)


def nothing_at(path: Path) -> StoreNotFound | UsageError:
    """The error for a path at which there is nothing, with the file that was probably meant."""
    if scheme := _SCHEME.match(str(path)):
        address = f"{scheme[1]}://{str(path)[scheme.end() :]}"
        return UsageError(f"{scheme[1]}:// is no address of a store", where=address, hint=_KNOWN)
    if not path.parent.is_dir():
        return StoreNotFound(f"there is no directory {path.parent}", where=str(path))
    with suppress(OSError):
        if close := similar(path.name, os.listdir(path.parent)):
            return StoreNotFound(_NO_FILE, where=str(path), hint=question(str(path.with_name(close[0]))))
    return StoreNotFound(_NO_FILE, where=str(path), hint="a running etcd is https://HOST:PORT")
