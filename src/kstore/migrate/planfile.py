"""
A plan that is saved, reviewed, and applied later: exactly the changes that it names, if nothing has moved since.

A text file, a JSON object a line: first the request, then a change each. Holds no values, only their SHA-256.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kstore.encryption import read_seal
from kstore.errors import Conflict, JournalError
from kstore.migrate.journal import digest
from kstore.migrate.plan import Change, Planner, Skipped, Step
from kstore.migrate.request import Request
from kstore.records import Record
from kstore.source.interface import Source

_FORMAT, _VERSION = "kstore-plan", 1


def save_plan(path: Path, request: Request, steps: Iterable[Step]) -> Iterator[Step]:
    """
    Yield the steps on, and write down the changes among them.

    Raises:
        JournalError: the file cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps({"format": _FORMAT, "version": _VERSION, **request.header()}) + "\n")
            for step in steps:
                if isinstance(step, Change):
                    file.write(json.dumps(_packed(step)) + "\n")
                yield step
    except FileExistsError:
        raise JournalError("the file is there already", where=str(path), hint="name another") from None
    except OSError as error:
        raise JournalError(f"the plan cannot be written: {error.strerror}", where=str(path)) from error


def _packed(change: Change) -> dict[str, Any]:
    return {
        "key": base64.b64encode(change.record.key).decode(),
        "path": change.record.key.decode("utf-8", "backslashreplace"),
        "modRevision": change.record.mod_revision,
        "kind": change.stored.kind,
        "from": change.stored.api_version,
        "to": str(change.target),
        "reason": change.reason,
        "bytesBefore": len(change.record.value),
        "bytesAfter": len(change.value),
        "afterSHA256": digest(change.value),
    }


class SavedPlan:
    """
    A plan read from its file; plans as another planner does, but only what the file says.

    Args:
        path: the file.

    Raises:
        JournalError: there is none, or it is no plan.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        first = next(self._lines(), None)
        if first is None or first.get("format") != _FORMAT or first.get("version") != _VERSION:
            raise JournalError("this is no saved plan of a version that is known", where=str(path))
        self.request = Request.of(first)

    def records(self, source: Source) -> Iterator[Record]:
        """Yield the records that the plan names, as they are now; those that are gone are left out."""
        for change in self._changes():
            record = source.get(base64.b64decode(change["key"]))
            if record is not None:
                yield record

    def only(self, planner: Planner) -> Planner:
        """The planner, held to this plan: what has moved since is skipped."""
        return _Held(planner, self)

    def _changes(self) -> Iterator[dict[str, Any]]:
        lines = self._lines()
        next(lines, None)
        yield from lines

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            with self._path.open(encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    try:
                        yield dict(json.loads(line))
                    except (ValueError, TypeError):
                        fault = f"line {number} is damaged" if number > 1 else "this is no saved plan"
                        raise JournalError(fault, where=str(self._path)) from None
        except FileNotFoundError:
            raise JournalError("there is no such plan", where=str(self._path)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise JournalError(f"the plan cannot be read: {error}", where=str(self._path)) from error


class _Held:
    def __init__(self, planner: Planner, saved: SavedPlan) -> None:
        self._planner = planner
        self._expected = {line["key"]: line for line in saved._changes()}

    def plan(self, records: Iterable[Record]) -> Iterator[Step]:
        for step in self._planner.plan(records):
            expected = self._expected.get(base64.b64encode(step.record.key).decode())
            if expected is None:
                continue
            if isinstance(step, Change) and _is_as_saved(step, expected):
                yield step
            else:
                stored = None if isinstance(step, Skipped) else step.stored
                yield Skipped(step.record, Conflict("not as it was when the plan was saved"), stored)


def _is_as_saved(change: Change, saved: dict[str, Any]) -> bool:
    """Whether nothing moved: the same revision, and the same bytes, but that each sealing makes other ones."""
    same = read_seal(change.value) is not None or digest(change.value) == saved["afterSHA256"]
    return same and bool(change.record.mod_revision == saved["modRevision"])
