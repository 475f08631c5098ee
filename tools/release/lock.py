"""
Writes the lock files: every package that can be installed with kstore, pinned, with the hash of each of its files.

One file serves every platform and Python (markers tell them apart), and pip itself reads it: `pip install
--require-hashes -r requirements/container.txt`. That is why it is no lock of uv's own form, which only uv reads.

    python -m tools.release.lock [--upgrade]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.release.fresh import EXTRAS, tool

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {
    "container.txt": [word for extra in EXTRAS.split(",") for word in ("--extra", extra)],
    "everything.txt": ["--all-extras"],
}
"""What the container has; and what any user can have."""


def main() -> None:
    """Pins that still fit stay, but with --upgrade."""
    for name, chosen in LOCKS.items():
        command = [
            tool("uv"),
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
        ]
        command += ["--no-annotate", "--custom-compile-command", "make lock", *chosen, *sys.argv[1:]]
        subprocess.run([*command, "pyproject.toml", "--output-file", f"requirements/{name}"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
