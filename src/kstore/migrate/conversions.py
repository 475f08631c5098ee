"""
The part of planning that computes: bytes of built-in kinds to the bytes that replace them, here or in a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from kstore.errors import KstoreError
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import SchemeSettings

Job = tuple[bytes, GroupVersion, str]
"""Plain bytes, the version that they are to be in, and the media type."""

_SIDE_BY_SIDE = 16
"""How many conversions take their steps in turn: with more, what they work on does not stay in the caches."""


def convert_all(
    codec: ObjectCodec, drop_unknown_fields: bool, server: RunningServer, jobs: list[Job]
) -> list[bytes | KstoreError]:
    """The bytes that an apiserver would leave in the store for each; an error where it could not."""
    results: list[bytes | KstoreError] = []
    for begin in range(0, len(jobs), _SIDE_BY_SIDE):
        results += _side_by_side(codec, drop_unknown_fields, server, jobs[begin : begin + _SIDE_BY_SIDE])
    return results


def _side_by_side(
    codec: ObjectCodec, drop: bool, server: RunningServer, jobs: list[Job]
) -> Iterator[bytes | KstoreError]:
    """Convert a few values, each stage of all before the next; see `ObjectCodec.converting`."""
    running = dict(
        enumerate(
            codec.converting(plain, to, media_type=media, drop_unknown_fields=drop, server=server)
            for plain, to, media in jobs
        )
    )
    results: dict[int, bytes | KstoreError] = {}
    while running:
        for number, work in list(running.items()):
            try:
                next(work)
                continue
            except StopIteration as end:
                results[number] = end.value[1]
            except KstoreError as error:
                results[number] = error
            del running[number]
    return (results[number] for number in range(len(jobs)))


def conversion(
    settings: SchemeSettings, drop_unknown_fields: bool, server: RunningServer
) -> Callable[[list[Job]], list[bytes | KstoreError]]:
    """`convert_all` in a process of its own, for the scheme of these settings."""
    return partial(convert_all, ObjectCodec(settings.scheme()), drop_unknown_fields, server)
