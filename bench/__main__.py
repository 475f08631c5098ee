"""
python -m bench [CASE …] [--count N] [--folder DIR] [-o table|json]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.cases import CASES, as_json
from bench.measure import Figure


def main() -> None:
    """Run the cases and print what each took."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast kstore is, beside its peers.")
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all if none is named")
    parser.add_argument(
        "--count", type=int, default=20_000, help="objects of each kind; 50000 makes the 617 MB database"
    )
    parser.add_argument("--folder", type=Path, help="where the data are, and are found again")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures: list[Figure] = []
        for name in arguments.cases or CASES:
            for figure in CASES[name](folder, arguments.count):
                figures.append(figure)
                if arguments.output == "table":
                    show(figure)
    if arguments.output == "json":
        print(as_json(figures))


def show(figure: Figure) -> None:
    """One line of the table, as soon as it is known."""
    mine, theirs = figure.kstore, figure.peer
    print(
        f"{figure.work:50} {mine.seconds:7.2f} s {mine.peak >> 20:5} MiB  ",
        f"{figure.peer_name:24} {theirs.seconds:7.2f} s {theirs.peak >> 20:5} MiB  {figure.ratio:6.2f} x  {figure.aim}",
        flush=True,
    )


if __name__ == "__main__":
    main()
