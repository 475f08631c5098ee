"""
The standard streams as every command writes to them: stored text cannot steer the terminal that shows it.

Standard error, and every form that people read, is escaped wherever it goes; a form that programs read is left as it
is on its way into a file or a pipe. On a terminal everything is escaped, bytes too. kstore's own colours pass, since
they bear a mark that is drawn anew for each run, which no stored text can know.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO, cast

from kstore.printable import escaped, is_unsafe
from kstore.view.styles import MARK, unmarked


class SupportsWrite(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> int:
        """Take a text."""

    def flush(self) -> None:
        """Pass on what is held back."""


class EscapingStream:
    """
    A text stream that makes visible what would steer a terminal.

    Args:
        stream: where the text goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._target: SupportsWrite = stream
        self._is_terminal = stream.isatty()
        self._exact = False
        self._before: Callable[[], None] | None = None

    def before_next(self, action: Callable[[], None]) -> None:
        """Have something done before more is written: what is shown for the time being makes room."""
        self._before = action

    def exact(self) -> None:
        """Let text through as it is, unless this is a terminal: what follows is for programs."""
        self._exact = not self._is_terminal

    def write(self, text: str) -> int:
        """Write a text; what kstore styled itself keeps its style."""
        if self._before is not None:
            before, self._before = self._before, None
            before()
        if not self._exact and is_unsafe(text):
            text = "".join(_safe(text)) if MARK in text else escaped(text)
        self._target.write(text)
        return len(text)

    def redirect(self, target: SupportsWrite | None) -> None:
        """Have what is written go through a pager, which shows it on the same terminal; None goes back to that."""
        self._target = target or self._stream

    @property
    def is_redirected(self) -> bool:
        """Whether a pager has the terminal."""
        return self._target is not self._stream

    @property
    def unescaped(self) -> TextIO:
        """The stream itself."""
        return self._stream

    def flush(self) -> None:
        """Pass on what is held back."""
        self._target.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        """Write one text after the other."""
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> Any:
        """The stream of bytes: as it is, but on a terminal one that escapes."""
        return _EscapingBytes(self) if self._is_terminal else self._stream.buffer

    def __getattr__(self, name: str) -> Any:
        """All else (encoding, file number, flushing) is the stream's own."""
        return getattr(self._stream, name)


def _safe(text: str) -> Iterator[str]:
    """The pieces of a text that kstore styled: its own sequences, and between them what is escaped."""
    first, *rest = text.split(MARK)
    yield escaped(first)
    for piece in rest:
        sequence, following = unmarked(piece)
        yield sequence
        yield escaped(following)


class _EscapingBytes:
    """Bytes for a terminal: escaped as text, those that are none as `\\x` and two digits."""

    def __init__(self, stream: EscapingStream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, data: bytes) -> int:
        """Write bytes."""
        self._stream.write(self._decoder.decode(bytes(data)))
        return len(data)

    def flush(self) -> None:
        """Write out what is held back, half a character too."""
        self._stream.write(self._decoder.decode(b"", final=True))
        self._stream.flush()


@contextmanager
def escaping_streams() -> Iterator[None]:
    """Have everything that is written to the standard streams pass through `EscapingStream`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", EscapingStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def for_programs() -> None:
    """What is printed from now on is a form for programs: exact in a file or pipe."""
    if isinstance(sys.stdout, EscapingStream):
        sys.stdout.exact()


def unescaped_stdout() -> TextIO:
    """Standard output itself, for a prompt that moves the cursor and makes control characters visible by itself."""
    stream = sys.stdout
    return stream.unescaped if isinstance(stream, EscapingStream) else stream


def unescaped_stderr() -> TextIO:
    """Standard error itself, for what draws on the terminal; whatever is written there must be safe already."""
    stream = sys.stderr
    return stream.unescaped if isinstance(stream, EscapingStream) else stream
