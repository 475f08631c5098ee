"""
The part of planning that computes: bytes of built-in kinds to the bytes that replace them, here or in a worker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kstore.codec import ObjectCodec
from kstore.errors import KstoreError
from kstore.naming import GroupVersion
from kstore.scheme.scheme import Recipe

Job = tuple[bytes, GroupVersion, str]
"""Plain bytes, the version that they are to be in, and the media type."""


def convert_all(codec: ObjectCodec, drop_unknown_fields: bool, jobs: list[Job]) -> list[bytes | KstoreError]:
    """The bytes that an apiserver would store for each; an error where it could not."""
    return [_convert(codec, drop_unknown_fields, *job) for job in jobs]


def _convert(codec: ObjectCodec, drop: bool, plain: bytes, to: GroupVersion, media_type: str) -> bytes | KstoreError:
    try:
        return codec.convert(plain, to, media_type=media_type, drop_unknown_fields=drop)
    except KstoreError as error:
        return error


def conversion(recipe: Recipe, drop_unknown_fields: bool) -> Callable[[list[Job]], list[bytes | KstoreError]]:
    """`convert_all` in a process of its own, for the scheme of a recipe."""
    return partial(convert_all, ObjectCodec(recipe.scheme()), drop_unknown_fields)
