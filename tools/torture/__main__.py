"""
Torture: `python -m tools.torture [ORDEAL ...] [--long] [--kills N ...] [--seed N] [--record]`.

Without words every ordeal, each so often as its option says, else as in the short form, which takes some minutes. A
promise that was not kept ends the run with exit code 1, the seed, and the folder where journal, logs and data are left.
What is not possible on this machine is named, and does not count as done. `--record` keeps the figures in result.json,
and in docs/guarantees.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from kstore import __version__
from tools import figures
from tools.torture.ordeals import ORDEALS, Bench, NotHere, etcd_binary
from tools.torture.processes import Unbalanced

RESULT = Path(__file__).with_name("result.json")


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(prog="python -m tools.torture", description=__doc__)
    parser.add_argument("ordeals", nargs="*", choices=[*ORDEALS, []], metavar="ORDEAL", help=", ".join(ORDEALS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--long", action="store_true", help="as often as docs/guarantees.md says")
    parser.add_argument("--record", action="store_true")
    for name, ordeal in ORDEALS.items():
        parser.add_argument(f"--{name}", type=int, metavar="N", help=f"{ordeal.unit} ({ordeal.short}; {ordeal.long})")
    given = parser.parse_args()
    print(f"seed {given.seed}, {_etcd_version()}, kstore {__version__}", flush=True)
    for name in given.ordeals or ORDEALS:
        wanted = getattr(given, name.replace("-", "_"))
        times = wanted if wanted is not None else ORDEALS[name].long if given.long else ORDEALS[name].short
        if not times:
            continue
        result = _endured(name, times, given.seed)
        if result is None:
            return 1
        if given.record and result:
            _record(name, result)
    return 0


def _endured(name: str, times: int, seed: int) -> dict[str, Any] | None:
    """Hold one ordeal; what it came to, nothing where it cannot be held here, or None if a promise was not kept."""
    folder = Path(tempfile.mkdtemp(prefix=f"kstore-torture-{name}-"))
    bench = Bench(folder, random.Random(f"{seed} {name}"))
    began = time.monotonic()
    try:
        with bench.stack:
            done = ORDEALS[name].run(bench, times)
    except NotHere as missing:
        print(f"not run here: {name}: {missing}", flush=True)
        return {}
    except Exception as error:  # whatever it is: where to look
        kind = "" if isinstance(error, Unbalanced) else f"{type(error).__name__}: "
        print(f"{name}, seed {seed}: {kind}{error}\nwhat is left: {folder}", file=sys.stderr)
        return None
    seconds = time.monotonic() - began
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{name:14} {done:6} {ORDEALS[name].unit}, the books balance ({seconds:.0f} s)", flush=True)
    return {
        "times": done, "seconds": round(seconds), "seed": seed, "date": str(date.today()), "kstore": __version__,
        "etcd": _etcd_version(), "python": platform.python_version(),
    }  # fmt: skip


def _etcd_version() -> str:
    said = subprocess.run([str(etcd_binary()), "--version"], capture_output=True, text=True, check=True).stdout
    return "etcd " + said.split()[2]


# ---- what it came to


def _record(name: str, result: dict[str, Any]) -> None:
    """Keep an ordeal's figures, in place of what it came to before."""
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    results[name] = result
    RESULT.write_text(json.dumps(results, indent=2) + "\n")
    figures.record("tortured", table(results))


def table(results: dict[str, dict[str, Any]]) -> str:
    """The part of docs/guarantees.md."""
    rows = ["| what | times | in | date | seed | versions |", "|---|---|---|---|---|---|"]
    for name, one in ((name, results[name]) for name in ORDEALS if name in results):
        versions = f"kstore {one['kstore']}, {one['etcd']}, Python {one['python']}"
        what = f"{ORDEALS[name].unit} (`--{name}`)"
        rows.append(f"| {what} | {one['times']:,} | {one['seconds']} s | {one['date']} | {one['seed']} | {versions} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
