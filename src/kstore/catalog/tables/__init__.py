"""
The tables themselves, generated (see README.md beside this file), and the one function that reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
"""Not by importlib.resources, whose import takes as long as all tables of a listing."""


def read_table(name: str) -> Any:
    """The parsed content of a table file of this folder, such as `kinds.json` or `types/apps.v1.json`."""
    import orjson

    return orjson.loads(_FOLDER.joinpath(name).read_bytes())


def table_exists(name: str) -> bool:
    """Whether there is a table file of that name."""
    return _FOLDER.joinpath(name).is_file()
