"""
A plan that is saved, reviewed, and applied later: exactly the changes that it names, if nothing has moved since.

A text file, a JSON object a line: first the request, then a change each, last the end mark, which counts and hashes
what stands before it. A plan that was cut has none, and a plan that somebody edited is not what it counts; only who
says that this is meant may apply it. Holds no values, only their SHA-256. Described in `docs/reference/journal.md`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kstore.encryption import read_encryption_header
from kstore.errors import Conflict, JournalError, NotFound
from kstore.migrate.journal_format import MalformedLine, check, digest, from_base64
from kstore.migrate.plan import Change, Planner, Skipped, Step, Unchanged
from kstore.migrate.request import Request
from kstore.new_file import NewFile
from kstore.records import Record
from kstore.source.interface import Source
from kstore.source.lines_by_key import LineChanged, LinesByKey
from kstore.source.mvcc.view import View

FORMAT, VERSION = "kstore-plan", 2
"""Version 1 had no end mark."""
HEADER: dict[str, type] = {"format": str, "version": int, "request": dict}
"""The members of the first line."""
CHANGE: dict[str, type] = {
    "key": bytes, "path": str, "modRevision": int, "kind": str, "from": str, "to": str, "reason": str,
    "bytesBefore": int, "bytesAfter": int, "afterSHA256": str,
}  # fmt: skip
"""The members of a change; bytes are in base64."""
FOR_PEOPLE = {"path", "kind", "from", "to", "reason", "bytesBefore", "bytesAfter"}
"""Those that say what is planned; what is applied depends on the others."""
END: dict[str, type] = {"end": int, "sha256": str}
"""The members of the last line: how many changes there are, and the SHA-256 of all lines before."""

LONGEST_LINE = 1 << 20
"""Bytes of a line: etcd's keys are shorter than its requests."""


def save_plan(path: Path, request: Request, steps: Iterable[Step]) -> Iterator[Step]:
    """
    Yield the steps on, and write down the changes among them; the file appears when all have been taken.

    Raises:
        JournalError: the file cannot be written, or is there already.
    """
    try:
        if path.exists():
            raise FileExistsError
        with NewFile(path) as new, os.fdopen(os.dup(new.descriptor), "wb") as file:
            lines = _Lines()
            file.write(lines.add({"format": FORMAT, "version": VERSION, **request.header()}))
            for step in steps:
                if isinstance(step, Change):
                    file.write(lines.add(_packed(step)))
                yield step
            file.write(lines.add({"end": lines.changes, "sha256": lines.sha256}))
            file.flush()
            new.publish(replace=False)
    except FileExistsError:
        raise JournalError("the file already exists", where=str(path), hint="name another") from None
    except OSError as error:
        raise JournalError(f"the plan cannot be written: {error.strerror}", where=str(path)) from error


class _Lines:
    """The lines of a plan so far: how many changes, and what they hash to."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, members: Mapping[str, Any]) -> bytes:
        """Take a line that is written; its text."""
        line = json.dumps(members).encode() + b"\n"
        self.take(line)
        return line

    def take(self, line: bytes) -> None:
        """Take a line that was read."""
        self.count += 1
        self._digest.update(line)

    @property
    def changes(self) -> int:
        """How many lines there are but for the first."""
        return self.count - 1

    @property
    def sha256(self) -> str:
        """Of all lines, in hex."""
        return self._digest.hexdigest()


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

    All of it is read and held to its end mark before anything is planned. In memory stays where some of the changes
    are in the file, which takes the same for any number of them; a line is read again when it is its object's turn.

    Args:
        path: the file.
        edited: somebody changed it on purpose: its end mark does not count.

    Raises:
        JournalError: there is none, it is no plan, a line is not as described, or it is not whole.
    """

    def __init__(self, path: Path, *, edited: bool = False) -> None:
        self.path = path
        self._edited = edited
        self.sha256 = ""
        """Of the whole file, in hex."""
        try:
            self._lines = LinesByKey(path, LONGEST_LINE)
            self.request, self._changes = self._read()
        except FileNotFoundError:
            raise self._error("there is no such plan") from None
        except OSError as error:
            raise self._error(f"the plan cannot be read: {error.strerror}") from error

    def records(self, source: Source) -> Iterator[Record]:
        """Yield the records that the plan names, as they are now; one that is gone has no revision."""
        for keys in self._changes.keys(self._changes.span()):
            for key, record in zip(keys, source.get_all(keys), strict=True):
                yield record or Record(key, b"", 0, 0, 0)

    def only(self, planner: Planner) -> Planner:
        """The planner, held to this plan: what has moved since is skipped."""
        return _Held(planner, self._expected)

    def _expected(self, key: bytes) -> _Expected | None:
        """
        What the plan says of one object.

        Raises:
            JournalError: the file is not as it was read before.
        """
        place = self._changes.find(key)
        if place is None:
            return None
        try:
            members = _object(self._lines.at(place))
        except LineChanged:
            raise self._error("the plan was changed while it is applied") from None
        except OSError as error:
            raise self._error(f"the plan cannot be read: {error.strerror}") from error
        return _Expected(members["modRevision"], members["afterSHA256"])

    # ---- reading

    def _read(self) -> tuple[Request, View]:
        """The request, and where the change of each key is."""
        request = None
        lines = _Lines()
        end: dict[str, Any] | None = None
        before_end = "", 0
        for number, (at, line) in enumerate(self._lines.lines(), 1):
            if len(line) == LONGEST_LINE:
                raise self._error(f"line {number} is longer than {LONGEST_LINE} bytes")
            if request is None:
                request = self._request(line)
            elif end is not None:
                raise self._error(f"line {number} stands behind the end mark")
            else:
                members = self._members(number, line)
                if "end" in members:
                    end, before_end = members, (lines.sha256, lines.changes)
                else:
                    self._lines.note(self._key(number, members), at, line)
            lines.take(line)
        if request is None:
            raise self._error("this is no saved plan")
        changes = self._lines.in_order()
        if len(changes) < lines.changes - (end is not None):
            raise self._error(f"line {self._named_again(changes)} names a key that an earlier line names")
        if not self._edited:
            if end is None:
                raise self._cut(f"it has no end mark: it breaks off after {lines.changes} changes")
            self._check_end(end, *before_end)
        self.sha256 = lines.sha256
        return request, changes

    def _named_again(self, changes: View) -> int:
        """The first line whose key a later one names, and so that later one: where the key's change was noted last."""
        again: int | None = None
        for number, (at, line) in enumerate(self._lines.lines(), 1):
            if at == again:
                return number
            if at and again is None and "end" not in (members := self._members(number, line)):
                place = changes.find(self._key(number, members))
                begin = self._lines.begin(place) if place else at
                again = begin if begin > at else None
        raise AssertionError("no key is named twice")

    def _request(self, line: bytes) -> Request:
        try:
            header = _object(line)
            check(header, {"format": str})
        except MalformedLine:
            header = {}
        if header.get("format") != FORMAT:
            raise self._error("this is no saved plan")
        if header.get("version") not in (1, VERSION):
            raise self._error(f"the plan is of version {header.get('version')}, this kstore reads {VERSION} and 1")
        return Request.of(header, str(self.path))

    def _members(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            found = _object(line)
            if "end" in found:
                check(found, END)
            else:
                check(found, CHANGE, FOR_PEOPLE)
        except MalformedLine as error:
            raise self._error(f"line {number} is not as a plan has it: {error}") from None
        return found

    def _key(self, number: int, members: dict[str, Any]) -> bytes:
        try:
            return from_base64(members, "key")
        except MalformedLine as error:
            raise self._error(f"line {number} is not as a plan has it: {error}") from None

    def _check_end(self, end: Mapping[str, Any], sha256: str, changes: int) -> None:
        if end["end"] != changes:
            raise self._cut(f"the end mark counts {end['end']} changes, {changes} stand before it")
        if end["sha256"] != sha256:
            raise self._cut("its lines are not those that were saved: the SHA-256 in the end mark is another")

    def _error(self, message: str) -> JournalError:
        return JournalError(message, where=str(self.path))

    def _cut(self, message: str) -> JournalError:
        return JournalError(
            message,
            where=str(self.path),
            hint="save it again with `plan.save()`; `edited=True` applies what somebody changed on purpose",
        )


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise MalformedLine("it is not JSON") from None
    if not isinstance(found, dict):
        raise MalformedLine("it is not an object")
    return found


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a plan says of one object."""

    mod_revision: int
    after: str

    def admits(self, step: Step) -> bool:
        """Whether the step is the one that was saved, or has been taken since."""
        match step:
            case Change(record=record, value=value):
                return record.mod_revision == self.mod_revision and self._will_be(value)
            case Unchanged(record=record):
                return self._will_be(record.value)
        return False

    def _will_be(self, value: bytes) -> bool:
        """Whether these are the bytes that were planned; each encryption makes other ones of the same object."""
        return read_encryption_header(value) is not None or digest(value) == self.after


class _Held:
    """A planner that is held to a saved plan: every object that the plan names is a change as saved, or skipped."""

    def __init__(self, planner: Planner, expected: Callable[[bytes], _Expected | None]) -> None:
        self._planner = planner
        self._expected = expected

    def plan(self, records: Iterable[Record]) -> Iterator[Step]:
        gone: list[Record] = []
        for step in self._planner.plan(_there(records, gone)):
            expected = self._expected(step.record.key)
            if expected is None:
                continue
            if expected.admits(step):
                yield step
            else:
                stored = None if isinstance(step, Skipped) else step.stored
                yield Skipped(step.record, Conflict("not as it was when the plan was saved"), stored)
        yield from (Skipped(record, NotFound("it is gone since the plan was saved")) for record in gone)


def _there(records: Iterable[Record], gone: list[Record]) -> Iterator[Record]:
    """The records that are in the store; the others are put aside."""
    for record in records:
        if record.mod_revision:
            yield record
        else:
            gone.append(record)
