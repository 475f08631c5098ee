"""
Fill the tutorial with what its commands print: `python -m tools.generate_tutorial [--check]`.

A block ```console in docs/tutorial/*.md holds commands after `$ `, each followed by its output. They run in order, in
a folder for each chapter that has nothing but `examples`, as a checkout has it, on the demo store, in a terminal of 120
columns; standard error is shown like standard output, and what is exported holds for the rest of the chapter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "tutorial"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Write the chapters, or with --check say which are stale."""
    stale = []
    for chapter in sorted(TUTORIAL.glob("*.md")):
        before = chapter.read_text()
        after = filled(before)
        if "--check" in sys.argv:
            stale += [chapter.name] if after != before else []
        else:
            chapter.write_text(after)
    if stale:
        sys.exit(f"not what the commands print: {', '.join(stale)}")


def filled(text: str) -> str:
    """A chapter with the output of every command."""
    exported: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples", Path(folder) / "examples")  # a build of them may write into the folder
        return _BLOCK.sub(lambda block: f"```console\n{_run(block[1], Path(folder), exported)}```", text)


def _run(block: str, folder: Path, exported: dict[str, str]) -> str:
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{output(command, folder, exported)}" for command in commands)


def output(command: str, folder: Path, exported: dict[str, str] | None = None) -> str:
    """
    What one command line prints, on both outputs.

    Args:
        command: for a shell.
        folder: where it runs.
        exported: the variables so far; `export NAME=VALUE` adds one.
    """
    if exported is not None and command.startswith("export "):
        exported.update([command.removeprefix("export ").split("=", 1)])
        return ""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "KSTORE_STORE": "demo",
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "PIP_NO_BUILD_ISOLATION": "false",  # pip's way to say: with what is installed, not with what an index has
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **(exported or {}),
    }
    ran = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    text = "\n".join(line.rstrip() for line in ran.stdout.splitlines())
    return f"{text}\n" if text else ""


if __name__ == "__main__":
    main()
