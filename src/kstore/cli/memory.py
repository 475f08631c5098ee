"""
Memory that a command has no use for: arenas of the C library, and what libraries import by themselves.
"""

from __future__ import annotations

import sys
from contextlib import suppress

_M_ARENA_MAX = -8


def share_one_arena() -> None:
    """
    Have all threads served from one arena, before there are any (glibc's `mallopt`; nothing happens elsewhere).

    By itself glibc gives each thread one of its own. The client of a live store has threads, and values that come in on
    one and are let go on another leave holes in all of them: a listing takes a quarter more, and a long migration
    grows, slowly, though it holds no more.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


class _Refused:
    """Finds no module, and lets nobody else look for pandas."""

    def find_spec(self, fullname: str, path: object, target: object = None, /) -> None:
        """Refuse pandas; of all else this knows nothing."""
        if fullname == "pandas":
            raise ModuleNotFoundError("commands have no use for pandas", name=fullname)


def leave_pandas_out() -> None:
    """
    Keep pyarrow from importing pandas, in a process that is only a command.

    It does so at its first array, where pandas is installed: 40 MB, for conversions that no command makes.
    """
    sys.meta_path.insert(0, _Refused())  # its base class would cost 20 ms to import
