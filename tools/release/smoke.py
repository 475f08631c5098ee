"""
The smoke tests of an installed kstore: a new user's first minutes, in an empty home and folder, with nothing else.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.release.version import ReleaseFault


@dataclass(frozen=True)
class Step:
    """A command, how it ends, and what it prints."""

    command: str
    prints: str
    code: int = 0


STEPS = (
    Step("kstore --version", r"^kstore \d+\.\d+\.\d+"),
    Step("kstore", r"Usage: kstore"),
    Step("kstore --store demo ls", r"horizontalpodautoscalers +2 .* v2: 1, v1: 1"),
    Step("kstore --store demo get pods/default/webserver -o yaml", r"^kind: Pod$"),
    Step("kstore --store demo check", r"storage-version|other-version|legacy", 5),
    Step("kstore --store demo migrate --to apps/v1 --dry-run=diff", r"extensions/v1beta1 -> apps/v1"),
    Step("kstore --store demo migrate --to apps/v1 --yes --output migrated.db", r"5 changes"),
    Step("kstore migrate verify migrated.db", r"all are as planned"),
    Step("kstore --store migrated.db ls deploy -A --stored-version '*beta*'", r"^$"),
    Step("kstore completion bash", r"complete "),
    Step("kubectl-kstore --store demo get deploy -A", r"checkout|frontend"),
)


def use(programs: Path, home: Path, environment: dict[str, str]) -> None:
    """
    Take every step, then do what kstore says where an extra is missing.

    Args:
        programs: the folder where the installer put them.
        home: an empty folder, to be the home and the working folder.
        environment: variables beside the usual ones: where the installer has its files.

    Raises:
        ReleaseFault: a step ended or printed otherwise.
    """
    for step in STEPS:
        take(step, programs, home, environment)
    missing = Step("kstore browse", r"browse needs textual", 2)
    hint = re.search(r"hint: `(.*)`", take(missing, programs, home, environment))
    if hint is None:
        raise ReleaseFault("browse does not say how to get textual")
    take(Step(hint[1], ""), programs, home, environment)
    take(Step("kstore browse", r"browse needs a terminal", 2), programs, home, environment)


def take(step: Step, programs: Path, home: Path, environment: dict[str, str]) -> str:
    """
    Run one step; what it printed.

    Raises:
        ReleaseFault: it ended or printed otherwise.
    """
    kept = {
        name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_", "LANG", "SYSTEMROOT"))
    }
    path = os.pathsep.join([str(programs), environment.get("PATH", os.defpath)])
    ran = subprocess.run(
        shlex.split(step.command),
        cwd=home,
        env={**kept, **environment, "HOME": str(home), "USERPROFILE": str(home), "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode != step.code or re.search(step.prints, ran.stdout, re.MULTILINE) is None:
        raise ReleaseFault(
            f"{step.command}: exit code {ran.returncode}, not {step.code}, or other words:\n{ran.stdout}"
        )
    return ran.stdout
