"""
How the C library hands out memory.
"""

from __future__ import annotations

from contextlib import suppress

_M_ARENA_MAX = -8


def share_one_arena() -> None:
    """
    Have all threads served from one arena, before there are any (glibc's `mallopt`; nothing happens elsewhere).

    By itself glibc gives each thread one of its own. Values that come in on one thread and go out on another leave
    holes in all of them, and a long migration grows, slowly, though it holds no more.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
