"""
A snapshot file: its keys, one object of it, what fills it, a field of each object, its Pods as a table and as JSON.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import data
from bench.command import kstore, nameless
from bench.peers import beside
from bench.rows import Contender, Missing, Proof, Row, prints, says


def reading(folder: Path, count: int) -> Iterator[Row]:
    """Rows of a snapshot of `count` Deployments and as many Pods."""
    database = data.snapshot(folder, count)
    both = 2 * count
    key = f"{data.PREFIXES['pod'].decode()}frontend-{min(7, count - 1):06}"
    one = says(key.rpartition("/")[2])

    def auger(*arguments: str, proof: Proof, units: int) -> Contender | Missing:
        words = (arguments[0], "-f", str(database), *arguments[1:])
        shown = nameless(f"auger {' '.join(words)}", folder)
        return beside("auger", contender=lambda path: Contender("auger", (path, *words), shown, proof, units))

    by_key = auger("extract", "-k", key, proof=one, units=1)
    forget: Callable[[], None] = lambda: shutil.rmtree(folder / "cache", ignore_errors=True)  # noqa: E731
    yield Row(
        "first-look",
        "one object of a file that was never seen before",
        kstore(folder, database, "get", key, "-o", "yaml", proof=one, units=1, before=forget),
        "kstore holds the file against the SHA-256 that etcdctl wrote at its end, and so reads all of it; auger checks "
        "nothing. What kstore has found is kept in its cache (`docs/reference/cache.md`).",
        peers=[by_key],
        aim=1,
        limit="Some 0.3 s are the start; what grows with the file takes less than auger's: of 617 MB (50,000 objects "
        "of each kind) auger takes 1.09 times as long.",
    )
    yield Row(
        "one-object",
        "one object of a file that was seen before",
        kstore(folder, database, "get", key, "-o", "yaml", proof=one, units=1),
        "What is left of the time is Python's start, for the most part.",
        peers=[by_key],
        aim=1,
        limit="Of 617 MB auger takes 2.2 times as long. The key is searched for in all pages, and no list of keys is "
        "made.",
    )
    keys = ("ls", "/", "-o", "keys")
    all_keys = auger("extract", "--fields=key", proof=prints(both), units=both)
    yield Row(
        "keys",
        "all keys of a file",
        kstore(folder, database, *keys, proof=prints(both), units=both),
        "The live keys, in order. auger reads every revision of each and keeps them in memory.",
        peers=[all_keys],
        aim=5,
        streams=True,
    )
    yield Row(
        "keys-cold",
        "all keys of a file that is not in the page cache",
        kstore(folder, database, *keys, proof=prints(both), units=both, before=lambda: cold(database)),
        "The kernel is asked to forget the file before each run (`posix_fadvise`): what is measured is the disk, too.",
        peers=[_cold(all_keys, database)],
        aim=1,
    )
    yield Row(
        "analyze",
        "what fills a file",
        kstore(folder, database, "analyze", proof=says(r"pods"), units=both),
        "Bytes live, in history and in tombstones, by resource, namespace and field manager; the largest objects. "
        "auger counts kinds and the largest objects.",
        peers=[auger("analyze", proof=says(f"Total kubernetes objects: {both}"), units=both)],
        limit="A profile of 10,000 keys in 15,000 revisions: 34 % of the time walks the revisions, 30 % opens the "
        "values and reads times and managedFields past all other fields, 15 % counts the pages in use, 8 % reads "
        "the values from the file, 8 % adds up field managers. managedFields are not decoded: their size is that "
        "of their bytes. Tried: a tuple for each record instead of an object, and runs of fields passed over at "
        "once, for 13 % fewer instructions; many keys stage by stage, for 5 % less time, and left out again.",
        aim=2.5,
        streams=True,
    )
    template = r'{range .items[*]}{.metadata.name}{"\n"}{end}'
    yield Row(
        "field",
        "a field of each object of a file",
        kstore(folder, database, "ls", "/registry", "-o", f"jsonpath={template}", proof=prints(both), units=both),
        "The name of each object, by an expression: only what it asks for is decoded.",
        peers=[auger("extract", "--template", "{{.Value.metadata.name}}", proof=prints(both), units=both)],
        aim=4,
        streams=True,
    )
    yield Row(
        "table",
        "a table of all Pods of a file",
        kstore(folder, database, "ls", "pods", proof=prints(count + 1), units=count, header_lines=1),
        "As `kubectl get pods -A` prints it; no other program has it from a file.",
        streams=True,
        first_row=True,
    )
    yield Row(
        "json-lines",
        "all Pods of a file as JSON",
        kstore(folder, database, "ls", "pods", "-o", "jsonl", proof=prints(count), units=count),
        "A line an object, with all that is stored.",
        streams=True,
    )


def cold(path: Path) -> None:
    """Ask the kernel to forget what it holds of a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _cold(peer: Contender | Missing, database: Path) -> Contender | Missing:
    from dataclasses import replace

    return replace(peer, before=lambda: cold(database)) if isinstance(peer, Contender) else peer
