"""
Generated source, compiled so that a traceback and a debugger show its lines.

Knows nothing of what the source does.
"""

from __future__ import annotations

import linecache
from itertools import count
from types import CodeType


def compiled(text: str, what: str) -> CodeType:
    """
    Compile generated source as a file `<kstore …>`, whose lines are where the standard library looks for them.

    Args:
        text: the source.
        what: what it is, for the file's name (`reader core.v1.Pod`); other source of the same name gets a number.
    """
    lines = text.splitlines(keepends=True)
    for number in count(1):
        filename = f"<kstore {what}>" if number == 1 else f"<kstore {what} ({number})>"
        # no time of change: linecache takes it for a module without a file, and never looks for one
        entry = linecache.cache.setdefault(filename, (len(text), None, lines, filename))
        if len(entry) == 4 and entry[2] == lines:
            break
    return compile(text, filename, "exec")
