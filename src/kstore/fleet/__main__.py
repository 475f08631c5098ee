"""
The process of one task: the task as JSON on standard input, the answer as JSON on standard output.
"""

from __future__ import annotations

import json
import sys

from kstore.errors import KstoreError
from kstore.fleet.tasks import Task, answer, kstore_version


def main() -> None:
    """Answer one task; an error is an answer, too."""
    found: dict[str, object] = {"kstore": kstore_version()}
    try:
        found["rows"] = answer(Task(**json.load(sys.stdin)))
    except KstoreError as error:
        found["error"] = f"{error.code}: {error}"
    except Exception as error:  # a store that trips a fault of ours must not end the others
        found["error"] = f"unexpected {type(error).__name__}: {error}"
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
