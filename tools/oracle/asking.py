"""
Ask the Go oracle from Python: a process that is left running, a question and an answer a line.

Knows the lines' format (codec.go); knows nothing of kstore.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Refused(Exception):
    """The scheme does not read these bytes; the message is its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one release makes of one stored value."""

    api_version: str
    kind: str
    object: dict[str, Any]
    """In its own version, nothing defaulted."""
    text: str
    """The same as Go's encoding/json prints it."""
    protobuf: Mapping[str, bytes]
    """The bytes it would be stored as, by group/version."""
    json: Mapping[str, bytes]
    errors: Mapping[str, str]
    """What cannot be written, by `group/version media`."""


class Oracle:
    """
    A running `oracle serve`, a context manager that ends it.

    Args:
        binary: the oracle of some release.
    """

    def __init__(self, binary: Path) -> None:
        self._process = subprocess.Popen([str(binary), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(
        self, value: bytes | Mapping[str, Any], *, to: Sequence[str] = (), media: Sequence[str] = ("protobuf", "json")
    ) -> Answer:
        """
        What becomes of a stored value.

        Args:
            value: stored bytes, or an object as JSON storage would hold it.
            to: the versions to write it in; none means all that it can be stored in.
            media: `protobuf`, `json` or both.

        Raises:
            Refused: the value cannot be read.
        """
        question: dict[str, Any] = {"to": list(to), "media": list(media)}
        if isinstance(value, bytes):
            question["value"] = base64.b64encode(value).decode()
        else:
            question["object"] = value
        line = self.ask_line(json.dumps(question).encode())
        answer = json.loads(line)
        errors = answer.get("error") or {}
        if "" in errors:
            raise Refused(errors[""])
        return Answer(
            api_version=answer["from"],
            kind=answer["kind"],
            object=answer["json"],
            # the answer's own text of it, which parsing and printing again would not give
            text=_member(line, b'"json":').decode(),
            protobuf={version: base64.b64decode(text) for version, text in answer["out"].items()},
            json={version: text.encode() for version, text in (answer.get("outJSON") or {}).items()},
            errors=errors,
        )

    def ask_line(self, question: bytes) -> bytes:
        """One line to the oracle as it is, its line back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(question + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the oracle ended with {self._process.wait()}")
        return answer

    def close(self) -> None:
        """End the process by closing its input."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _member(line: bytes, name: bytes) -> bytes:
    """The text of the object that a member of the answer holds, as it stands in the line."""
    text = line[line.index(name) + len(name) :].decode()
    _, end = json.JSONDecoder().raw_decode(text)
    return text[:end].encode()
