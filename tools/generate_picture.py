"""
Writes docs/picture.svg: the beginning of `ls`, `check` and a dry run with its diff, on the demo store, as a terminal
shows them.

    python -m tools.generate_picture
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).parents[1] / "docs" / "picture.svg"
WIDTH = 96
COMMANDS = (
    ("kstore --store demo ls", 12),
    ("kstore --store demo check --target-release 1.37", 14),
    ("kstore --store demo migrate ingresses --to networking.k8s.io/v1 --dry-run=diff", 18),
)
"""Each command, and how many lines of it are shown."""
_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)


def picture() -> str:
    """The picture; nothing in it comes from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for command, lines in COMMANDS:
        words = [sys.executable, "-m", "kstore", *command.split()[1:], "--color=always"]
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")), no_wrap=True)
        shown = ran.stdout.splitlines()
        for line in shown[:lines]:
            console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis", crop=True)
        console.print("…\n" if len(shown) > lines else "", style="dim")
    return _ELSEWHERE.sub("", console.export_svg(title="kstore", unique_id="kstore"))


def main() -> int:
    """Write it."""
    TARGET.write_text(picture())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
