"""
Holds all that is pinned against a list of licences, and asks a service for known vulnerabilities.

Exit code 0: everything was asked, and nothing found; 1: something was found; 3: licences are in order, but no
service of advisories answered for every package, so that nothing is known.

    python -m tools.release.audit
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.release.fresh import run, tool

LOCK = Path(__file__).resolve().parents[2] / "requirements" / "everything.txt"
LICENCES = (
    "Apache",
    "MIT",
    "BSD",
    "ISC",
    "MPL-2.0",
    "Mozilla Public License 2.0",
    "PSF-2.0",
    "Python Software Foundation",
    "0BSD",
    "Unlicense",
    "Zlib",
    "CC0-1.0",
)
"""What may be used beside Apache-2.0 without a duty on kstore's own code; parts of the names that packages give."""
FOUND, NOT_ASKED = 1, 3


def main() -> int:
    """Licences first: they need no service."""
    with tempfile.TemporaryDirectory() as scratch:
        python = Path(scratch) / "bin" / "python"
        run(tool("uv"), "venv", "--python", sys.executable, scratch)
        run(tool("uv"), "pip", "install", "--python", python, "--require-hashes", "-r", LOCK)
        options = ["--from", "mixed", "--partial-match", "--allow-only", ";".join(LICENCES)]
        licences = subprocess.run([tool("pip-licenses"), "--python", python, *options], capture_output=True, text=True)
    if licences.returncode:
        print(f"licences: {licences.stderr.strip() or licences.stdout.strip()}", file=sys.stderr)
        return FOUND
    print(f"licences: {len(licences.stdout.splitlines()) - 1} packages, each with one of the list")
    asked = subprocess.run(
        [tool("pip-audit"), "--requirement", LOCK, "--require-hashes", "--disable-pip", "--format", "json"],
        capture_output=True, text=True,
    )  # fmt: skip
    return told(asked.stdout)


def told(answer: str) -> int:
    """What pip-audit's answer comes to; it ends with 0 for packages that it could not ask about, too."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        packages = []
    vulnerable = [one for one in packages if one.get("vulns")]
    for one in vulnerable:
        print(f"{one['name']} {one['version']}: {', '.join(v['id'] for v in one['vulns'])}", file=sys.stderr)
    if vulnerable:
        return FOUND
    unknown = [one for one in packages if "skip_reason" in one]
    if unknown or not packages:
        print(
            f"advisories: not asked: no service answers for {len(unknown) or 'any'} of {len(packages)} packages",
            file=sys.stderr,
        )
        return NOT_ASKED
    print(f"advisories: none for {len(packages)} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
