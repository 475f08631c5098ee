"""
Make golden cases of the oracle: `python -m tools.oracle.golden OUTPUT.jsonl.xz [fuzz's own flags]`.

Asks twice, a second apart: a version whose bytes differ depends on the time of day, and is named in the case's `clock`.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools.cluster import find

HERE = Path(__file__).parent


def main() -> None:
    """Write the cases."""
    output, flags = Path(sys.argv[1]), sys.argv[2:]
    first = list(cases(flags))
    time.sleep(1.1)
    lines = [marked(*pair) for pair in zip(first, cases(flags), strict=True)]
    output.write_bytes(lzma.compress(b"".join(lines), preset=9 | lzma.PRESET_EXTREME))


def cases(flags: list[str]) -> Iterator[bytes]:
    """One answer of the oracle, line by line; it looks for enumerations in the sources of its own module."""
    run = subprocess.run([str(find("oracle")), "fuzz", *flags], cwd=HERE, check=True, capture_output=True)
    return iter(run.stdout.splitlines(keepends=True))


def marked(line: bytes, later: bytes) -> bytes:
    """A case, with the versions that were different a second later."""
    if line == later:
        return line
    case, again = json.loads(line), json.loads(later)
    differ = [version for version, value in (case.get("out") or {}).items() if again["out"][version] != value]
    return line.rstrip(b"\n").removesuffix(b"}") + b',"clock":' + json.dumps(differ).encode() + b"}\n"


if __name__ == "__main__":
    main()
