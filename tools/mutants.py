"""
Mutation testing by mutmut: every small change of a module that its tests do not notice.

    python -m tools.mutants [--record] [MODULE ...]     # those of src/kstore/write, unless modules are named

Works on a copy of the checkout in build/mutants, so that nothing is left in this one. What survives is printed, as a
difference each; `--record` keeps the figures in docs/guarantees.md, where the survivors are judged.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from kstore import __version__
from tools import figures

ROOT = Path(__file__).parents[1]
COPY = ROOT / "build" / "mutants"
MODULES = ("write",)
TESTS = (
    "tests/write", "tests/migrate/test_apply.py", "tests/migrate/test_move.py", "tests/migrate/test_undone.py",
    "tests/migrate/test_rollback.py", "tests/repair/test_offline.py", "tests/repair/test_restore.py",
)  # fmt: skip
"""What a mutant is held against: the quick ones, whose stores are in memory."""
CONFIGURATION = """
[tool.mutmut]
source_paths = {sources}
also_copy = ["src/kstore", "tests", "tools", "docs", "README.md", "CHANGELOG.md", "Makefile"]
pytest_add_cli_args = ["-p", "no:randomly", "-n", "0", "-q"]
pytest_add_cli_args_test_selection = {tests}
"""
NOTICED = {"killed", "timeout", "segfault", "suspicious"}


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(MODULES), metavar="MODULE", help="below src/kstore")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    copy(given.modules)
    mutmut = [sys.executable, "-m", "mutmut"]
    ran = subprocess.run([*mutmut, "run", "--max-children", str(given.jobs)], cwd=COPY, check=False)
    if ran.returncode:
        return ran.returncode
    listed = subprocess.run([*mutmut, "results", "--all", "true"], cwd=COPY, capture_output=True, text=True, check=True)
    results = parsed(listed.stdout)
    for name in sorted(name for name, what in results.items() if what not in NOTICED):
        shown = subprocess.run([*mutmut, "show", name], cwd=COPY, capture_output=True, text=True, check=False).stdout
        print(f"{name}: {results[name]}\n{shown}")
    print(table(results))
    if given.record:
        figures.record("mutants", table(results))
    return 0


def copy(modules: Sequence[str]) -> None:
    """A copy of what git knows, with a configuration of mutmut's."""
    shutil.rmtree(COPY, ignore_errors=True)
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    sources = json.dumps([f"src/kstore/{module}" for module in modules])
    tests = json.dumps([*TESTS, "-m", "not etcd and not slow and not alone"])
    with (COPY / "pyproject.toml").open("a") as file:
        file.write(CONFIGURATION.format(sources=sources, tests=tests))


def parsed(listed: str) -> dict[str, str]:
    """What became of each mutant, by its name."""
    pairs = (line.strip().rpartition(": ") for line in listed.splitlines() if ": " in line)
    return {name: what for name, _, what in pairs}


def table(results: Mapping[str, str]) -> str:
    """The part of docs/guarantees.md: how many mutants each module has, and how many the tests noticed."""
    modules: dict[str, Counter[str]] = {}
    for name, what in results.items():
        modules.setdefault(name.partition(".x")[0], Counter())[what] += 1
    rows = [f"{date.today()}, kstore {__version__}, mutmut {version('mutmut')}:", ""]
    rows += ["| module | mutants | noticed | survived | no quick test |", "|---|---|---|---|---|"]
    for module, found in sorted(modules.items()):
        noticed = sum(found[what] for what in NOTICED)
        file = module.removeprefix("kstore.").replace(".", "/") + ".py"
        rows.append(f"| `{file}` | {found.total()} | {noticed} | {found['survived']} | {found['no tests']} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
