"""
The stores that a pattern names: `s3://backups/*/latest.db.gz`, `night/*.db`.

Knows patterns as the shell has them: `*` and `?` stay within a part of the path, `**` goes through any number of them.
A bucket is listed folder by folder, so that only what may match is asked for: a million old backups beside the newest
cost nothing.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from kstore.errors import BucketNotFound, StoreNotFound, UsageError
from kstore.source.options import SourceOptions
from kstore.source.remote.address import is_bucket, is_pattern, is_web, parse
from kstore.source.remote.bucket import Bucket, StoredFile

_AT_ONCE = 16
"""Folders that are listed at once."""


def find_files(pattern: str, options: SourceOptions | None = None) -> Iterator[StoredFile]:
    """
    The files that a pattern matches, in the order of their addresses; of what is no pattern, the file itself.

    Args:
        pattern: a path, or an address of a bucket; a key that ends with a slash stands for all objects below it.
        options: how to reach it.

    Raises:
        StoreNotFound: there is no such bucket, or, for what is no pattern, no such file.
        SourceError: the bucket cannot be asked.
        UsageError: a web server, which lists nothing; obstore is not installed.
    """
    if is_web(pattern):
        raise UsageError("a web server has no list of its files", where=pattern.partition("?")[0])
    if not is_bucket(pattern):
        yield from _local(pattern)
        return
    address = parse(pattern)
    bucket = Bucket(address, options or SourceOptions())
    if address.key in ("", "/") or (address.key.endswith("/") and not is_pattern(address.key)):
        yield from bucket.walk(address.key.strip("/"))
    elif not is_pattern(address.key):
        yield bucket.find(address.key)
    else:
        yield from _matched(bucket, address.key.strip("/").split("/"))


def _local(pattern: str) -> Iterator[StoredFile]:
    paths = sorted(glob.glob(pattern, recursive=True)) if is_pattern(pattern) else [pattern]
    for path in paths:
        try:
            found = os.stat(path)
        except OSError:
            if not is_pattern(pattern):
                raise StoreNotFound("there is no such file or directory", where=path) from None
            continue
        yield StoredFile(path, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _matched(bucket: Bucket, parts: list[str]) -> Iterator[StoredFile]:
    """The objects whose keys match, part by part."""
    folders = [""]
    with ThreadPoolExecutor(_AT_ONCE, "kstore-list") as threads:
        for at, part in enumerate(parts[:-1]):
            if part == "**":
                for folder in folders:
                    yield from _below(bucket, folder, parts[at:])
                return
            if is_pattern(part):
                listed = threads.map(bucket.list, folders)
                folders = [each for below, _ in listed for each in sorted(below) if _fits(each[:-1], part)]
            else:
                folders = [f"{folder}{part}/" for folder in folders]
        for found in threads.map(partial(_last, bucket, parts[-1]), folders):
            yield from found


def _last(bucket: Bucket, part: str, folder: str) -> list[StoredFile]:
    """The objects of a folder that the last part of a pattern matches."""
    if part == "**":
        return list(bucket.walk(folder))
    if is_pattern(part):
        return sorted((one for one in bucket.list(folder)[1] if _fits(one.address, part)), key=lambda one: one.address)
    try:
        return [bucket.find(f"{folder}{part}")]
    except BucketNotFound:
        raise
    except StoreNotFound:
        return []


def _below(bucket: Bucket, folder: str, parts: list[str]) -> Iterator[StoredFile]:
    """The objects below a folder whose further parts a pattern with `**` matches."""
    pattern = re.compile(_expression(parts))
    base = str(bucket.address.at(folder))
    return (one for one in bucket.walk(folder) if pattern.fullmatch(one.address.removeprefix(base)))


def _fits(path: str, part: str) -> bool:
    """Whether the last part of a path matches."""
    return bool(re.fullmatch(_expression([part]), path.rpartition("/")[2]))


def _expression(parts: list[str]) -> str:
    """A pattern as a regular expression: the rules of `fnmatch`, but nothing save `**` matches a slash."""
    return "".join(
        ("(?s:.*)" if at == len(parts) - 1 else "(?s:.*/)?")
        if part == "**"
        else _TOKEN.sub(_translated, part) + ("" if at == len(parts) - 1 else "/")
        for at, part in enumerate(parts)
    )


def _translated(token: re.Match[str]) -> str:
    text = token[0]
    if text in _WILD:
        return _WILD[text]
    if len(text) > 1:
        body = text[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"(?!/)[^{body[1:]}]" if body.startswith("!") else f"[{body}]"
    return re.escape(text)


_TOKEN = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)
_WILD = {"*": "[^/]*", "?": "[^/]"}


__all__ = ["StoredFile", "find_files"]
