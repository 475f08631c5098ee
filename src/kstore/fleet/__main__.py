"""
The process that answers tasks: each a line of JSON on standard input, its answer a line of JSON on standard output.

Each is done in a copy of the process, which may die, and leaves nothing behind for the next; what every task needs is
loaded before. A line says how the copy ended. Where there can be no copy, the process does one task itself, and ends.

Whoever asks holds standard input open: when it closes, nobody waits for an answer any more, and the process ends.
"""

from __future__ import annotations

import gc
import json
import sys
from functools import partial
from itertools import count
from typing import Final

from kstore.errors import KstoreError
from kstore.fleet.processes import ENDED
from kstore.fleet.tasks import Task, answer, kstore_version, prepare
from kstore.operating_system import end_after, end_when_closed, run_copy

_MANY: Final = 2
"""After so many tasks there will be more: then it is worth a second to have ready what they compile."""
_WAITS: Final = 60
"""Seconds without a task after which it ends."""


def main() -> None:
    """Answer tasks until none comes any more."""
    for number in count():
        end_after(_WAITS)
        line = sys.stdin.readline()
        end_after(0)
        if not line:
            return
        task = Task(**json.loads(line))
        if number == _MANY:
            prepare(task)
            gc.freeze()  # so that copies share what is there
        code = run_copy(partial(_answer, task))
        if code is None:
            _answer(task)
            return
        sys.stdout.write(f"\n{ENDED.decode()}{code}\n")
        sys.stdout.flush()


def _answer(task: Task) -> None:
    """Answer one task; an error is an answer, too."""
    end_when_closed(sys.stdin.fileno())
    found: dict[str, object] = {"kstore": kstore_version()}
    try:
        found["rows"] = answer(task)
    except KstoreError as error:
        found["error"] = f"{error.code}: {error}"
    except Exception as error:  # a store that trips a fault of ours must not end the others
        found["error"] = f"unexpected {type(error).__name__}: {error}"
    json.dump(found, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
