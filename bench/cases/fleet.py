"""
Many small stores, beside a shell loop of single commands.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from bench import data
from bench.cases.rewriting import removing
from bench.command import KSTORE, kstore
from bench.rows import Contender, Row, prints, says


def fleet(folder: Path, count: int) -> Iterator[Row]:
    """One row."""
    stores = data.small_stores(folder, max(8, count // 500))
    forget = removing(folder / "cache")  # nothing is known of any store
    loop = f'for store in {shlex.join(map(str, stores))}; do {shlex.join(KSTORE)} --store "$store" ls; done'
    mine = kstore(
        folder, "", "fleet", "versions", "--no-cache", *map(str, stores),
        proof=says(stores[-1].name), units=len(stores), before=forget,
    )  # fmt: skip
    yield Row(
        "fleet",
        f"what {len(stores)} small stores have in which version",
        Contender(
            "kstore", mine.command, "kstore fleet versions --no-cache small-*.db", mine.proof, mine.units,
            environment=mine.environment, before=forget,
        ),
        "kstore beside itself: one process a core that goes from store to store, or a process a store.",
        peers=[
            Contender(
                "shell loop of kstore ls",
                ("sh", "-c", loop),
                'for store in small-*.db; do kstore --store "$store" ls; done',
                prints(len(stores)),
                len(stores),
                environment=mine.environment,
                token=b"/registry",
                before=forget,
            )
        ],
        aim=1.7,
    )  # fmt: skip
