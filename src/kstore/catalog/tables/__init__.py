"""
The tables themselves, generated (see README.md beside this file), and the one function that reads them.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def read_table(name: str) -> Any:
    """The parsed content of a table file of this folder, such as `kinds.json` or `types/apps.v1.json`."""
    import orjson

    return orjson.loads(files(__name__).joinpath(name).read_bytes())


def table_exists(name: str) -> bool:
    """Whether there is a table file of that name."""
    return files(__name__).joinpath(name).is_file()
