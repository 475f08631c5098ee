"""
python -m bench.instructions [WORK …] [--record]

How many instructions the processor executes for small fixed works, under valgrind. That hardly differs from run to run,
however busy the machine is, so that a slow-down is noticed where a clock tells nothing. The figures that count are in
instructions.json, by the version of Python; more than a tenth above them fails.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.data import Inputs, demo_templates

FIGURES = Path(__file__).parent / "instructions.json"
TOLERANCE = 0.1
OBJECTS = 500
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
WORKS: dict[str, list[str]] = {
    "help": ["--help"],
    "tree": ["--store", "demo", "ls"],
    "keys": ["--store", "demo", "ls", "/", "-o", "keys"],
    "table": ["--store", "demo", "ls", "clusterroles"],
    "decode": ["decode", "--batch", "--workers", "1"],
    "convert": ["convert", "--batch", "--to", "apps/v1", "--workers", "1"],
}
"""kstore's arguments, by the name of the work."""
_INPUTS = {"decode": "pod", "convert": "deployment"}
"""Of which kind of object a work reads `OBJECTS` from standard input."""
_VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
_REFERENCES = re.compile(r"I +refs: +([\d,]+)")


def count(name: str, folder: Path) -> int:
    """
    The instructions of one work.

    Raises:
        RuntimeError: it failed.
    """
    stdin = Path(os.devnull)
    if name in _INPUTS:
        stdin = Inputs(folder, _INPUTS[name], OBJECTS, demo_templates).lines()
    command = [sys.executable, "-m", "kstore", *WORKS[name]]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "XDG_CACHE_HOME": str(folder), "COLUMNS": "120"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for prefix in ([], _VALGRIND):  # once without: what is cached, compiled modules for one, is so then
        with stdin.open("rb") as source:
            ended = subprocess.run([*prefix, *command], stdin=source, capture_output=True, text=True, env=environment)
        if ended.returncode:
            raise RuntimeError(f"{name} ended with {ended.returncode}: {ended.stderr[-500:]}")
    found = _REFERENCES.search(ended.stderr)
    if found is None:
        raise RuntimeError(f"valgrind does not say how many instructions {name} took: {ended.stderr[-500:]}")
    return int(found[1].replace(",", ""))


def judged(counted: Mapping[str, int], expected: Mapping[str, int]) -> dict[str, str]:
    """What is to be said of each work whose count is not as expected; `slower` and `unknown` are failures."""
    found = {}
    for name, instructions in counted.items():
        if name not in expected:
            found[name] = "unknown"
        elif instructions > expected[name] * (1 + TOLERANCE):
            found[name] = "slower"
        elif instructions < expected[name] * (1 - TOLERANCE):
            found[name] = "faster: record it"
    return found


def main() -> int:
    """Count, compare, and say."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions")
    parser.add_argument("works", nargs="*", help=f"of {', '.join(WORKS)}; all if none is named")
    parser.add_argument("--record", action="store_true", help="these are the figures from now on")
    arguments = parser.parse_args()
    if unknown := set(arguments.works) - set(WORKS):
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: instructions are not counted here", file=sys.stderr)
        return 1
    known: dict[str, dict[str, int]] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    expected = known.get(PYTHON, {})
    with tempfile.TemporaryDirectory() as folder:
        counted = {name: count(name, Path(folder)) for name in arguments.works or WORKS}
    remarks = judged(counted, expected)
    for name, instructions in counted.items():
        against = f"{instructions / expected[name]:6.2f} of {expected[name]:,}" if name in expected else ""
        print(f"{name:8} {instructions:15,}  {against}  {'' if arguments.record else remarks.get(name, '')}".rstrip())
    if arguments.record:
        known[PYTHON] = {**expected, **counted}
        FIGURES.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        return 0
    return int(any(remark in ("slower", "unknown") for remark in remarks.values()))


if __name__ == "__main__":
    sys.exit(main())
