"""
Provenance: an in-toto statement of which commit was built how, and of the digest of each file (SLSA provenance v1).

It says what happened; whoever publishes signs it (docs/releasing.md). The form: https://slsa.dev/spec/v1.0/provenance.
"""

from __future__ import annotations

import json
import platform
import subprocess
from importlib.metadata import version as version_of_package
from pathlib import Path
from typing import Any

from tools.release.artefacts import sha256
from tools.release.version import version_of


def write(root: Path, folder: Path) -> Path:
    """The statement, beside what it is about."""
    path = folder / f"kstore-{version_of(root)}.provenance.json"
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(statement(root, folder), indent=2) + "\n")
    return path


def statement(root: Path, folder: Path) -> dict[str, Any]:
    """What it says; nothing of the machine but its Python and its tools."""
    git = ["git", "-C", str(root)]
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    tools = {name: version_of_package(name) for name in ("build", "cyclonedx-bom", "pip")}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": path.name, "digest": {"sha256": sha256(path)}} for path in sorted(folder.iterdir())],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://packaging.python.org/en/latest/specifications/pyproject-toml/",
                "externalParameters": {"command": "python -m tools.release build"},
                "internalParameters": {"python": platform.python_version(), "tools": tools},
                "resolvedDependencies": [
                    {"name": "source", "digest": {"gitCommit": commit}, "annotations": {"modified": bool(changed)}}
                ],
            },
            "runDetails": {"builder": {"id": "tools/release", "version": {"kstore": version_of(root)}}},
        },
    }
