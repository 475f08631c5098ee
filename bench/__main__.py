"""
python -m bench [CASE or ROW …] [--count N] [--rounds N] [--folder DIR] [--scale KEYS,…] [--page FILE] [--results FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.cases import CASES
from bench.machine import machine
from bench.page import page, picture
from bench.rows import Row, WorkUndone, measured
from bench.scale import scale


def main() -> int:
    """Measure, print what each row took, keep it, and write the page."""
    arguments = _arguments()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # without compiled modules each kstore would compile itself
    results = _known(arguments.results, arguments.count)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        results["machine"] = machine()
        try:
            for row in _rows(arguments.what, folder, arguments.count):
                found = measured(row, arguments.rounds)
                _put(results["rows"], found)
                _keep(arguments.results, results)
                if arguments.output == "table":
                    print(line(found), flush=True)
            if arguments.scale:
                results["scale"] = []
                for one in scale(folder, arguments.scale):
                    results["scale"].append(one)
                    _keep(arguments.results, results)
        except (RuntimeError, WorkUndone) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    if arguments.output == "json":
        print(json.dumps(results, indent=2))
    if arguments.page:
        arguments.page.write_text(page(results))
        if results.get("scale"):
            arguments.page.with_suffix(".svg").write_text(picture(results["scale"]))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast kstore is, beside its peers.")
    parser.add_argument(
        "what", nargs="*", help=f"rows, or all of a case: {', '.join(CASES)}; everything if none is named"
    )
    parser.add_argument(
        "--count",
        type=int,
        default=20_000,
        help="objects of each kind; 50000 makes the 617 MB database, 500000 a 7 GB one",
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run, in turn")
    parser.add_argument("--folder", type=Path, help="where the data are, and are found again")
    parser.add_argument(
        "--scale", type=lambda text: [int(word) for word in text.split(",")], default=[],
        help="numbers of keys on which the streaming commands are run, joined by commas",
    )  # fmt: skip
    parser.add_argument("--page", type=Path, help="write this page, and the plot beside it")
    parser.add_argument("--results", type=Path, help="add what is measured to this file; the page is of all in it")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    return parser.parse_args()


def _rows(what: list[str], folder: Path, count: int) -> Iterator[Row]:
    """
    The rows that are meant; of a case none of which is, nothing is prepared.

    Raises:
        RuntimeError: one is not there.
    """
    left = set(what) - set(CASES)
    for name, case in CASES.items():
        if what and name not in what and not left:
            continue
        for row in case(folder, count):
            if not what or name in what or row.name in left:
                yield row
            if row.name in left:
                left.discard(row.name)
                if not left and name not in what:
                    break
    if left:
        raise RuntimeError(f"no such row or case: {', '.join(sorted(left))}")


def _known(path: Path | None, count: int) -> dict[str, Any]:
    """What was measured before, of as many objects."""
    if path and path.exists():
        known: dict[str, Any] = json.loads(path.read_text())
        if known["count"] == count:
            return known
    return {"count": count, "rows": []}


def _put(rows: list[dict[str, Any]], found: dict[str, Any]) -> None:
    """In the place of what was known of the row, or behind all others."""
    for number, row in enumerate(rows):
        if row["name"] == found["name"]:
            rows[number] = found
            return
    rows.append(found)


def _keep(path: Path | None, results: dict[str, Any]) -> None:
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=2) + "\n")


def line(row: dict[str, Any]) -> str:
    """One row for a terminal."""

    def took(one: dict[str, Any]) -> str:
        return f"{one['seconds'][0]:8.2f} s {one['processor'][0]:7.2f} s {int(max(one['peak'])) >> 20:6} MiB"

    lines = [f"{row['name']:14} {row['kstore']['name']:24}{took(row['kstore'])}"]
    lines += [
        f"{'':14} {peer['name']:24}{took(peer)}  {peer['secondsRatio']:6.2f} x {peer['processorRatio']:6.2f} x"
        + (f"  aim {row['aim']:g}" if row["aim"] else "")
        for peer in row["peers"]
    ]
    lines += [f"{'':14} {peer['name']:24}{peer['why']}" for peer in row["missing"]]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
