"""
`--batch`: JSON Lines in, JSON Lines out, on as many processors as there are.

Knows how lines come in and go out, and that another program may ask line by line; what is made of a line is each
filter's business.
"""

from __future__ import annotations

import binascii
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import hint_of
from kstore.cli.settings import Settings, settings
from kstore.cli.stdin_codec import make_codec, open_codec
from kstore.errors import DecodeError, KstoreError, UnknownFields, UsageError
from kstore.regular_file import is_handed_over, open_regular

if TYPE_CHECKING:
    from kstore.codec import StorageCodec

Line = dict[str, Any]
Answer = Callable[[Line], bytes]
"""What makes of a line's members the line that goes out."""

_BLOCK: Final = 1 << 18
"""Bytes of input that are worked on together."""
LONGEST_LINE: Final = 32 << 20
"""Bytes of a line that is answered with more than an error; what is behind them is passed over."""
_ENDLESS: Final = 1 << 30
"""Bytes of what is no line any more, but another kind of file."""


def run_batch(file: Path | None, answering: Callable[[StorageCodec], Answer], workers: int) -> int:
    """
    Answer every line of the input, in order, and say how it went.

    Whatever has been answered is written before more input is waited for, so that another program can ask and read
    in turn.

    Args:
        file: the input; None for standard input.
        answering: makes, of the codec, what answers a line; an error becomes a line of its own. It is pickled.
        workers: how many processes may compute at once.
    """
    from kstore.workers import Workers

    prepare = partial(_prepared, answering, settings())
    failed = False
    with (
        open_codec() as codec,
        _opened(file) as stream,
        Workers(partial(_answered, answering(codec)), prepare, processes=workers) as pool,
    ):
        blocks = _Blocks(stream, str(file or "standard input"))
        while (lines := blocks.next()) is not None:
            pool.put(lines)
            failed |= _write(pool.take() if blocks.more_is_there() else pool.drain())
        failed |= _write(pool.drain())
    return ExitCode.SOME_SKIPPED if failed else ExitCode.DONE


def _prepared(answering: Callable[[StorageCodec], Answer], given: Settings) -> Callable[[bytes], Answered]:
    """What answers lines in a process of its own; its codec is as the options say."""
    return partial(_answered, answering(make_codec(given)))


Answered = tuple[bytes, bool]
"""The lines that go out, and whether one of them is an error."""


def _answered(answer: Answer, lines: bytes) -> Answered:
    answers = []
    failed = False
    for line in lines.removesuffix(b"\n").split(b"\n"):
        try:
            answers.append(answer(_parsed(line)))
        except Exception as error:
            # a co-process must answer every line, even where the fault is our own
            answers.append(_error_line(error))
            failed = True
    return b"\n".join([*answers, b""]), failed


def _write(results: Iterable[Answered]) -> bool:
    """Write what is answered; whether something failed."""
    out = sys.stdout.buffer
    any_failed = False
    for text, failed in results:
        out.write(text)
        any_failed |= failed
    out.flush()
    return any_failed


@contextmanager
def _opened(file: Path | None) -> Iterator[Any]:
    if file is None or str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(file, "rb") if is_handed_over(file) else open_regular(file)  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(file),
            hint="what comes through a pipe is read from standard input: < FILE",
        ) from None
    with stream:
        yield stream


class _Blocks:
    """The lines of a stream, as many together as are there and make a block."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._ended = False

    def next(self) -> bytes | None:
        """Some whole lines, waited for if there are none; None at the end. The last line needs no line feed."""
        parts: list[bytes] = []
        size = 0
        while not self._ended and (not parts or (size < _BLOCK and self.more_is_there())):
            block = self._stream.read1(_BLOCK)
            size += len(block)
            self._ended = not block
            end = block.rfind(b"\n") + 1
            if end:
                first = block.find(b"\n")  # where the line ends that began before
                self._begin(block[:first])
                parts += [*self._rest, block[first:end]]
                self._rest, self._rest_size = [], 0
            self._begin(block[end:])
        if self._ended:
            parts += self._rest
            self._rest = []
        return b"".join(parts) or None

    def _begin(self, piece: bytes) -> None:
        """Add to a line whose end is not there yet; no more of it than tells that it is too long."""
        held = piece[: max(LONGEST_LINE + 1 - self._rest_size, 0)]
        if held:
            self._rest.append(held)
        self._rest_size += len(piece)
        if self._rest_size > _ENDLESS:
            raise UsageError(
                f"{self._name}: a line has more than {_ENDLESS >> 30} GiB",
                hint="--batch reads JSON Lines: an object, a line feed, and so on",
            )

    def more_is_there(self) -> bool:
        """Whether reading on does not wait."""
        if self._ended:
            return True
        try:
            return bool(select.select([self._stream], [], [], 0)[0])
        except (OSError, ValueError):  # what select does not know (a pipe of Windows) may be waiting for our answer
            return False


def _parsed(line: bytes) -> Line:
    from kstore.decode.json import go_json

    if len(line) > LONGEST_LINE:
        raise UsageError(f"the line is longer than {LONGEST_LINE >> 20} MiB, which is all that is read of one")
    try:
        members = go_json.loads_fast(line)
    except DecodeError as error:
        try:
            members = go_json.loads(line)  # lone surrogates, huge numbers
        except DecodeError:
            raise UsageError(f"the line is not JSON: {error.message}") from None
    if not isinstance(members, dict):
        raise UsageError(f"the line is a {type(members).__name__}, not an object")
    return members


def line_value(line: Line) -> bytes:
    """
    The stored bytes that a line brings.

    Raises:
        UsageError: it brings none, or no base64.
    """
    text = line.get("value")
    if not isinstance(text, str):
        raise UsageError("the line has no value", hint='write {"value": "<base64>"}')
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error, and text that is not ASCII
        raise UsageError(f"the line's value is no base64: {error}") from None


def line_text(line: Line, member: str, default: str = "") -> str:
    """
    A member of a line that is text, if it is there.

    Raises:
        UsageError: it is something else.
    """
    found = line.get(member)
    if found is None:
        return default
    if not isinstance(found, str):
        raise UsageError(f"the line's {member} is a {type(found).__name__}, not text")
    return found


def value_line(value: bytes, head: bytes = b"") -> bytes:
    """The line that brings stored bytes: `{"value": "<base64>"}`, after other members."""
    return b'{%b"value":"%b"}' % (head, binascii.b2a_base64(value, newline=False))


@lru_cache(1024)
def type_members(api_version: str, kind: str) -> bytes:
    """The members `apiVersion` and `kind` of a line, with a comma at their end."""
    return b'"apiVersion":%b,"kind":%b,' % (_json(api_version), _json(kind))


def _error_line(error: Exception) -> bytes:
    return _json({"error": error_members(error)})


def _json(value: Any) -> bytes:
    from kstore.view.json_text import to_json_line

    return to_json_line(value).rstrip("\n").encode()


def error_members(error: Exception) -> dict[str, Any]:
    """An error as JSON: its code and message, and where it was met, as far as that is known."""
    if not isinstance(error, KstoreError):
        return {"code": "unexpected", "message": f"{type(error).__name__}: {error}"}
    members: dict[str, Any] = {"code": error.code, "message": str(error)}
    if isinstance(error, UnknownFields):
        members["paths"] = list(error.paths)
    for name in ("path", "offset"):
        if (found := getattr(error, name, None)) not in (None, ""):
            members[name] = found
    if hint := hint_of(error):
        members["hint"] = hint
    return members
