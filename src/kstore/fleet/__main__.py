"""
The process of one task: the task as a line of JSON on standard input, the answer as JSON on standard output.

Whoever asked holds standard input open: when it closes, nobody waits for the answer any more, and the process ends.
"""

from __future__ import annotations

import json
import sys

from kstore.errors import KstoreError
from kstore.fleet.tasks import Task, answer, kstore_version
from kstore.operating_system import end_when_closed


def main() -> None:
    """Answer one task; an error is an answer, too."""
    found: dict[str, object] = {"kstore": kstore_version()}
    task = json.loads(sys.stdin.readline())
    end_when_closed(sys.stdin.fileno())
    try:
        found["rows"] = answer(Task(**task))
    except KstoreError as error:
        found["error"] = f"{error.code}: {error}"
    except Exception as error:  # a store that trips a fault of ours must not end the others
        found["error"] = f"unexpected {type(error).__name__}: {error}"
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
