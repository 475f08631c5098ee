"""
How lines come in: whole, in order, however the stream cuts them, and no longer than they may be.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from kstore.cli import batch
from kstore.cli.batch import error_members
from kstore.errors import DecodeError, UsageError

LONGEST, ENDLESS = 12, 60


class Pieces(io.RawIOBase):
    """A stream that comes in pieces, of which no program can say beforehand whether there is one."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [*pieces]

    def read1(self, _size: int) -> bytes:
        """The next one."""
        return self._pieces.pop(0) if self._pieces else b""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are soon too long."""
    monkeypatch.setattr(batch, "LONGEST_LINE", LONGEST)
    monkeypatch.setattr(batch, "_ENDLESS", ENDLESS)


def blocks(*pieces: bytes) -> Iterator[bytes]:
    """What a stream is worked on in."""
    found = batch._Blocks(Pieces(*pieces), "a stream")
    while (block := found.next()) is not None:
        yield block


def lines(*pieces: bytes) -> list[bytes]:
    """The lines of a stream, of whole blocks of them."""
    found = list(blocks(*pieces))
    assert all(block.endswith(b"\n") for block in found[:-1])
    return b"".join(found).split(b"\n")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_lines_in_pieces(size: int) -> None:
    """However the stream is cut, the lines are what they were; many after one another may be as long as they may."""
    wanted = [b"a" * LONGEST, b"", b"bc", b"d" * LONGEST, b"e" * LONGEST, b"end"]
    text = b"\n".join(wanted)
    assert lines(*(text[at : at + size] for at in range(0, len(text), size))) == wanted


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("more", [1, 2, 30])
def test_a_line_that_is_too_long(size: int, more: int) -> None:
    """So much of it is kept that it is told, which is an answer in its place; the line after it is whole."""
    text = b"x" * (LONGEST + more) + b"\n" + b"y" * LONGEST + b"\n"
    first, second, rest = lines(*(text[at : at + size] for at in range(0, len(text), size)))
    assert len(first) > LONGEST
    with pytest.raises(UsageError, match="longer than"):
        batch._parsed(first)
    assert (second, rest) == (b"y" * LONGEST, b"")


def test_a_line_without_end() -> None:
    """Another kind of file is given up on; a line that just ends in time is not."""
    assert lines(b"x" * ENDLESS, b"\n1\n")[1:] == [b"1", b""]
    with pytest.raises(UsageError, match="a stream: a line has more than"):
        lines(b"x" * ENDLESS, b"x", b"\n1\n")


def answer(line: dict[str, Any]) -> bytes:
    """The answer to a line that has one."""
    if line["n"] < 0:
        raise DecodeError("below zero", offset=0)
    return b"%d" % line["n"]


@pytest.mark.parametrize(
    ("asked", "failed"), [([1, 2, 3], False), ([-1, 2, 3], True), ([1, -2, 3], True), ([1, 2, -3], True)]
)
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_an_answer_for_every_line(asked: list[int], failed: bool, end: bytes) -> None:
    """An error is one, wherever it stands, and the run has failed then."""
    text, has_failed = batch._answered(answer, b"\n".join(b'{"n":%d}' % n for n in asked) + end)
    error = b'{"error":{"code":"undecodable","message":"below zero at byte 0","offset":0}}'
    assert text.split(b"\n") == [*(b"%d" % n if n > 0 else error for n in asked), b""]
    assert has_failed is failed


def test_where_an_error_was_met() -> None:
    """The first byte is a place; no place is none, and neither is the object as a whole."""
    first = error_members(DecodeError("it is broken", offset=0, path="spec"))
    assert (first["offset"], first["path"]) == (0, "spec")
    assert error_members(DecodeError("it is broken")) == {"code": "undecodable", "message": "it is broken"}
    assert error_members(KeyError("x")) == {"code": "unexpected", "message": "KeyError: 'x'"}
