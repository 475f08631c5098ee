"""
Numbers of things, in words: `1 object`, `2 objects`.
"""

from __future__ import annotations


def counted(number: int, singular: str, plural: str = "") -> str:
    """
    How many of something there are.

    Args:
        number: how many; thousands are set apart.
        singular: what one is called.
        plural: what several are called, if not the same with an s.
    """
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
