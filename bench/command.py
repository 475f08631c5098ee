"""
kstore as a contender.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

from bench.rows import Contender, Proof

KSTORE = (sys.executable, "-m", "kstore")


def kstore(folder: Path, store: str | Path, *arguments: str, proof: Proof, units: int, **others: Any) -> Contender:
    """
    A command of kstore.

    Args:
        folder: where the data are; kstore's cache is there, too, not in its user's home.
        store: what `--store` is given; empty for a filter.
        arguments: of the command.
        proof: shows that it did its work.
        units: how many objects it handles.
        others: of the contender.
    """
    place = ("--store", str(store)) if store else ()
    others["environment"] = {"XDG_CACHE_HOME": str(folder / "cache"), **others.get("environment", {})}
    shown = shlex.join(["kstore", *place, *arguments])
    return Contender("kstore", (*KSTORE, *place, *arguments), nameless(shown, folder), proof, units, **others)


def nameless(command: str, folder: Path) -> str:
    """A command as anyone would type it: without the places and ports of this machine."""
    return re.sub(r"http://127\.0\.0\.1:\d+", "ENDPOINT", command.replace(f"{folder}/", ""))
