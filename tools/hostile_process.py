"""
Hostile files and servers for kstore to be run against, in a process whose time and memory are measured.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND_LINES = """
from kstore.cli.main import run
"""
"""A program for `ends` is Python that defines `run`, which is given the arguments and tells an exit code."""
_MEASURED = """
import json, sys
with open(sys.argv[2]) as file:
    commands = json.load(file)
for arguments in commands:
    code = run(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        stream.buffer.write(b"\\0%d\\0" % code)
        stream.flush()
with open("/proc/self/status") as status:
    peak = next(line for line in status if line.startswith("VmHWM:")).split()[1]
with open(sys.argv[1], "w") as file:
    file.write(peak)
"""
_SLACK_SECONDS = 300
"""For the interpreter to start on a machine that has other things to do."""


@dataclass(frozen=True)
class Bound:
    """What a party may cost."""

    seconds: float
    mebibytes: int


@dataclass(frozen=True)
class Ended:
    """How a command line came to its end."""

    code: int
    out: str
    err: str


def ends(
    bound: Bound,
    *commands: Sequence[str],
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    program: str = COMMAND_LINES,
) -> list[Ended]:
    """
    Run command lines one after another in one process, and see that each ends within the bound, as it was written to.

    Raises:
        subprocess.TimeoutExpired: they did not end in time.
        AssertionError: they took more memory, or called it a fault of kstore's own.
    """
    with tempfile.NamedTemporaryFile() as peak, tempfile.NamedTemporaryFile("w") as given:
        json.dump(commands, given)
        given.flush()
        ran = subprocess.run(
            [sys.executable, "-c", program + _MEASURED, peak.name, given.name],
            input=stdin,
            capture_output=True,
            timeout=bound.seconds * len(commands) + _SLACK_SECONDS,
            check=False,
            env={**os.environ, **(environment or {})},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
        )
        said = ran.stderr.decode("utf-8", "replace")
        assert ran.returncode == 0, said[-2000:]
        mebibytes = int(Path(peak.name).read_text()) / 1024
    assert mebibytes <= bound.mebibytes, (mebibytes, said[-2000:])
    assert "fault of kstore" not in said, said
    assert "Traceback" not in said, said
    out = ran.stdout.decode("utf-8", "replace").split("\0")
    err = said.split("\0")
    return [Ended(int(out[at + 1]), out[at], err[at]) for at in range(0, 2 * len(commands), 2)]


def odd_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """
    What is no file that can be read to an end, by what it is; with the words for it.

    Args:
        folder: where they are made.
    """
    pipe, device, hole = (folder / name for name in ("odd-pipe", "odd-device", "odd-hole"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    hole.touch()
    os.truncate(hole, 60 << 30)
    return {"pipe": (pipe, "a named pipe"), "device": (device, "a device"), "hole": (hole, "larger than")}
