"""
Whether colours are wanted: what the command line says, else the environment, else whether somebody looks at a terminal.

`NO_COLOR` (https://no-color.org) and `FORCE_COLOR` (https://force-color.org) hold where the command line is silent.
"""

from __future__ import annotations

import os
from typing import Final, TextIO

AUTO, ALWAYS, NEVER = WHEN = ("auto", "always", "never")
_DULL: Final = frozenset({"dumb"})


def wants_color(stream: TextIO, when: str = AUTO) -> bool:
    """
    Whether a stream is to be coloured.

    Args:
        stream: where the text goes.
        when: the value of `--color`.
    """
    if when != AUTO:
        return when == ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0", "false"):
        return True
    return stream.isatty() and os.environ.get("TERM") not in _DULL


def asked_for(arguments: list[str]) -> str:
    """What a command line says of colours, where none of it has been understood yet."""
    if "--no-color" in arguments:
        return NEVER
    given = " ".join(arguments).replace("--color ", "--color=").split()
    return next((one.partition("=")[2] for one in given if one.startswith("--color=")), AUTO)
