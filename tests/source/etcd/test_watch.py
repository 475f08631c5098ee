"""
A watch that goes on after its stream has ended, and the ranges that it is of.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kstore.records import Progress, Revision
from kstore.source.etcd import watch as watching
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.watch import in_range, reports_progress_rightly, watch


class Stream:
    """What a server says on one stream before it ends it."""

    member = None

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)

    def next(self, _timeout: float) -> Any:
        return next(self._answers, None)

    def close(self) -> None:
        """Nothing is left of it."""


def answer(revision: int, *changed: int) -> Any:
    """Changes at these revisions, or, without any, how far the watch has come."""
    entry = {"key": b"/k", "value": b"v", "create_revision": 1, "version": 1, "lease": 0}
    events = [SimpleNamespace(type=0, kv=SimpleNamespace(mod_revision=one, **entry)) for one in changed]
    return SimpleNamespace(header=SimpleNamespace(revision=revision), events=events)


def test_it_goes_on_behind_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """After changes behind the last of them, after progress behind that revision: nothing twice, nothing left out."""
    streams = iter(
        [
            Stream(answer(9, 5, 6)),
            Stream(answer(9)),
            Stream(answer(8)),
            Stream(),
            Stream(answer(12, 10, 10, 12)),
            Stream(),
        ]
    )
    begun: list[int] = []

    def opened(_connection: Any, _key: bytes, _end: bytes, start: int, _deadline: float) -> Stream:
        begun.append(start)
        return next(streams)

    monkeypatch.setattr(watching, "_reopen", opened)
    attempts = SimpleNamespace(deadline=0.0, begin=lambda: None)
    connection = cast(Connection, SimpleNamespace(attempts=lambda: attempts))

    def told() -> Iterator[Revision | Progress]:
        try:
            yield from watch(connection, b"/", b"0", 5)
        except RuntimeError:  # no stream is left
            return

    found = [one.revision if isinstance(one, Progress) else one.record.mod_revision for one in islice(told(), 7)]
    assert found == [5, 6, 9, 8, 10, 10, 12]
    assert begun == [5, 7, 10, 10, 10]


@pytest.mark.parametrize(
    ("key", "end", "inside", "outside"),
    [
        (b"/a", b"", [b"/a"], [b"/", b"/a/b", b"/b"]),
        (b"/a/", b"/a0", [b"/a/", b"/a/b", b"/a/\xff\xff"], [b"/a", b"/a0", b"/b"]),
        (b"/a/", b"\0", [b"/a/", b"/b", b"\xff"], [b"/a", b""]),
        (b"\0", b"\0", [b"\0", b"/a"], [b""]),
    ],
)
def test_what_a_range_holds(key: bytes, end: bytes, inside: list[bytes], outside: list[bytes]) -> None:
    """Its first key, and not the one that it ends before."""
    assert [one for one in (*inside, *outside) if in_range(one, key, end)] == inside


@pytest.mark.parametrize(
    ("version", "rightly"),
    [
        ("3.4.30", False), ("3.4.31", True), ("3.4.40", True), ("3.5.0", False), ("3.5.12", False), ("3.5.13", True),
        ("3.6.0", True), ("3.7.0-beta.1", True), ("4.0.0", True), ("3.3.99", False), ("", False), ("3.5", False),
    ],
)  # fmt: skip
def test_who_reports_progress_rightly(version: str, rightly: bool) -> None:
    """The patch releases that have the repair, and all after them; 3.5 began without it though 3.4 has it."""
    assert reports_progress_rightly(cast(Any, SimpleNamespace(status=SimpleNamespace(version=version)))) is rightly
    assert not reports_progress_rightly(cast(Any, SimpleNamespace(status=None)))
