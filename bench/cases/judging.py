"""
What kstore finds in a snapshot, and between two: `check`, `report`, `diff`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench import data
from bench.command import kstore
from bench.rows import Row, prints, says


def judging(folder: Path, count: int) -> Iterator[Row]:
    """Rows of a snapshot, and of another in which every tenth Deployment differs."""
    database = data.snapshot(folder, count)
    later = data.changed_snapshot(folder, count)
    both, differing = 2 * count, len(range(0, count, 10))
    yield Row(
        "check",
        "what a release could not read, and what else is wrong",
        kstore(folder, database, "check", "-o", "json", proof=says(rf'"count": {count},'), units=both, exit_code=5),
        "Every object is decoded and held against all checks; each Deployment is found to be stored in a version that "
        "is removed. No other program does this.",
        streams=True,
    )
    yield Row(
        "report",
        "the page for those who were not there",
        kstore(folder, database, "report", proof=says(r"</html>"), units=both),
        "What `analyze` and `check` find, as one HTML page.",
        streams=True,
    )
    yield Row(
        "diff",
        "what differs between two snapshots",
        kstore(
            folder, "", "diff", str(database), str(later), "-o", "jsonl",
            proof=prints(differing), units=both, exit_code=5,
        ),
        "Two files of which every tenth Deployment has a label more. What is equal byte for byte is not decoded. No "
        "other program does this.",
        streams=True,
    )  # fmt: skip
