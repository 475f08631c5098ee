"""
The names that stand directly below a folder of keys, as a person completes them: few keys are read for many.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kstore.printable import key_text

if TYPE_CHECKING:
    from kstore.source.interface import Source


def children_of(source: Source, folder: bytes, start: bytes, revision: int) -> Iterator[str]:
    """What stands directly below a folder of keys, beginning with `start`; folders end in a slash."""
    at = start
    while True:
        for key in source.keys(start, revision=revision, start=at):
            head, slash, _ = key.removeprefix(folder).partition(b"/")
            yield key_text(head) + ("/" if slash else "")
            if slash:
                at = folder + head + b"0"  # the character after the slash: past all of this folder
                break
        else:
            return
