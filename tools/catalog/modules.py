"""
Go modules of a release: have them on this disk, build in a folder, and say clearly what Go lacks.

Needs Go and a Go module proxy. Which Go is used is for the environment to say: `GOTOOLCHAIN=go1.27.0` makes an older
Go fetch that one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_TOO_OLD = re.compile(r"requires go >= (\S+) \(running go ([^;)]+)")
BUILDING = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -buildvcs=false"}
"""The environment of a build in a throw-away module."""


def published(patch: str) -> str:
    """The version of the modules beside k8s.io/kubernetes: `v0.37.2` for `1.37.2`."""
    return f"v0.{patch.removeprefix('1.')}"


def downloaded(module: str, version: str, folder: Path) -> Path:
    """
    Have a module in Go's module cache.

    Returns:
        Where its files are.

    Raises:
        SystemExit: there is no such module, or it needs a newer Go; the message says which.
    """
    done = _done(["go", "mod", "download", "-json", f"{module}@{version}"], folder)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    if "Dir" not in answer:
        sys.exit(refusal(f"{module}@{version}", answer.get("Error") or done.stderr.strip()))
    return Path(answer["Dir"])


def refusal(module: str, error: str) -> str:
    """What a person is told when Go does not hand out a module."""
    old = _TOO_OLD.search(error)
    if old is None:
        return f"{module} cannot be had: {error}"
    return (
        f"{module} needs Go {old[1]} or newer, and this is Go {old[2]}.\n"
        f"Install it, or let Go fetch it: GOTOOLCHAIN=go{old[1]} in the environment."
    )


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None, *, stdin: str = "") -> str:
    """Run a command and give what it printed; a failure ends the tool with what it complained of."""
    done = _done(command, folder, environment, stdin)
    if done.returncode:
        sys.exit(f"{' '.join(command)} (in {folder}): {done.stderr[-4000:]}")
    return done.stdout


def _done(
    command: list[str], folder: Path, environment: dict[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    if command[0] == "go" and shutil.which("go") is None:
        sys.exit("Go is needed, and there is no `go` on the path")
    environment = {**os.environ, **(environment or {})}
    return subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=False
    )
