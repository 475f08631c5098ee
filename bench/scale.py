"""
The same commands on more and more keys: time grows with their number, memory does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.cases import CASES, STREAMING


def scale(folder: Path, sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield what each streaming command took, at each number of keys; kstore alone, once each."""
    for keys in sizes:
        for case in STREAMING:
            for row in CASES[case](folder, keys // 2):
                if row.streams:
                    took = row.kstore.once()
                    yield {
                        "name": row.name,
                        "keys": keys,
                        "seconds": round(took.seconds, 3),
                        "processor": round(took.processor, 3),
                        "peak": took.peak,
                    }
