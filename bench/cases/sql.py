"""
Questions in SQL, beside the same by the tree, and by jsonpath with the shell's own tools.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from bench import data
from bench.command import KSTORE, kstore
from bench.rows import Contender, Row, says


def sql(folder: Path, count: int) -> Iterator[Row]:
    """Rows of a snapshot."""
    database = data.snapshot(folder, count)
    both = 2 * count
    counted = says(rf"\b{count}\b")
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}
    tree = kstore(folder, database, "ls", proof=says("pods"), units=both)
    yield Row(
        "sql-versions",
        "SQL: objects by stored version",
        kstore(
            folder, database, "sql", "select stored_version, count(*) from objects group by 1",
            proof=counted, units=both,
        ),
        "kstore beside itself: the tree of `ls` has the same counts.",
        peers=[Contender("kstore ls", tree.command, tree.shown, tree.proof, both, environment=tree.environment)],
        aim=1,
    )  # fmt: skip
    path = r'{range .items[*]}{.spec.nodeName} {.status.phase}{"\n"}{end}'
    listed = shlex.join([*KSTORE, "--store", str(database), "ls", "pods", "-o", f"jsonpath={path}"])
    yield Row(
        "sql-fields",
        "SQL: two fields of Pods, counted",
        kstore(
            folder, database, "sql", "select spec.nodeName, status.phase, count(*) from pods group by all",
            proof=counted, units=count,
        ),
        "kstore beside itself and the shell; no Deployment is decoded.",
        peers=[
            Contender(
                "kstore ls and the shell",
                ("sh", "-c", f"{listed} | sort | uniq -c"),
                "kstore ls pods -o jsonpath=… | sort | uniq -c",
                counted,
                count,
                environment=cache,
            )
        ],
        aim=1,
    )  # fmt: skip
