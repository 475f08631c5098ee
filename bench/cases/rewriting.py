"""
A snapshot copied: `export`, `migrate --output`, `encrypt --output`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import data
from bench.command import kstore
from bench.rows import Row, made, says


def rewriting(folder: Path, count: int) -> Iterator[Row]:
    """Rows that write a file or a directory."""
    database = data.snapshot(folder, count)
    both = 2 * count
    directory = folder / "exported"
    yield Row(
        "export",
        "a backup directory of a file",
        kstore(
            folder, database, "export", str(directory), units=both, before=removing(directory),
            proof=made(lambda: (directory / "index.jsonl").read_bytes().count(b"\n"), both),
        ),
        "A file of stored bytes and one of YAML an object, and an index with hashes.",
        streams=True,
        rounds=1,
    )  # fmt: skip
    shutil.rmtree(directory, ignore_errors=True)
    written, journal = folder / "written.db", folder / "written.journal"
    removed = removing(written, journal)
    changes = says(rf'"changes": {count},')
    write = ("--yes", "--output", str(written), "--journal", str(journal), "-o", "json")
    yield Row(
        "migrate-file",
        "Deployments of a file from apps/v1beta1 to apps/v1",
        kstore(folder, database, "migrate", "--to", "apps/v1", *write, proof=changes, units=count, before=removed),
        "A new database with every Deployment in its new version; a journal with what was replaced.",
        streams=True,
        rounds=1,
    )
    config = data.encryption_config(folder)
    yield Row(
        "encrypt-file",
        "Pods of a file encrypted",
        kstore(
            folder, database, "encrypt", "pods", "--encryption-provider-config", str(config), *write,
            proof=changes, units=count, before=removed,
        ),
        "A new database with every Pod encrypted with AES-GCM, as an apiserver of that configuration would store it.",
        streams=True,
        rounds=1,
    )  # fmt: skip
    removed()


def removing(*paths: Path) -> Callable[[], None]:
    """What removes what a run before has made."""

    def remove() -> None:
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    return remove
