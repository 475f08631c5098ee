"""
Makes a release, or rehearses it: each step stops the rest when it fails (docs/releasing.md).

    python -m tools.release check                # version, tag and changelog agree
    python -m tools.release build [FOLDER]       # wheel, sdist, SBOM, provenance, checksums; twice, and both alike
    python -m tools.release verify [FOLDER]      # installed in fresh environments, and used
    python -m tools.release prepare 0.2.0        # writes the version, and closes the changelog's section
    python -m tools.release                      # the first three: the rehearsal
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.release import artefacts, fresh, statement, version

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Parse the command line, and do the steps."""
    parser = argparse.ArgumentParser(prog="python -m tools.release")
    parser.add_argument("step", nargs="?", choices=("check", "build", "verify", "prepare"))
    parser.add_argument("value", nargs="?", help="the folder of what is built (dist), or the new version")
    given = parser.parse_args()
    if given.step == "prepare":
        if given.value is None:
            parser.error("prepare needs the new version")
        version.prepare(ROOT, given.value)
        return
    folder = Path(given.value or "dist").resolve()
    try:
        if given.step in (None, "check"):
            print(version.agreed(ROOT))
        if given.step in (None, "build"):
            artefacts.build(ROOT, folder)
            fresh.bill_of_materials(ROOT, folder)
            statement.write(ROOT, folder)
            artefacts.write_checksums(folder)
            print(*sorted(path.name for path in folder.iterdir()), sep="\n")
        if given.step in (None, "verify"):
            artefacts.hold_checksums(folder)
            fresh.verify(folder)
    except version.ReleaseFault as fault:
        sys.exit(f"release: {fault}")


if __name__ == "__main__":
    main()
