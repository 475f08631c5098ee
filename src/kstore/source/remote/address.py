"""
Addresses of stores that lie elsewhere: `s3://BUCKET/KEY`, `gs://`, `az://CONTAINER/KEY`, `https://HOST/PATH`.

Knows how they are written, and which of them are patterns. Knows nothing of how they are asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kstore.errors import UsageError

BUCKETS = {"s3": "S3", "gs": "Google Cloud Storage", "az": "Azure Blob Storage"}
"""The services that keep objects in buckets, by the scheme of their addresses."""
_BUCKET = re.compile(rf"({'|'.join(BUCKETS)})://")
_WEB = re.compile(r"https?://[^/,?#]+/+[^/,]")
_WILD = re.compile(r"[*?\[]")
_USER = re.compile(r"(://)[^/,\s]*@")
_QUERY = re.compile(r"(https?://[^,?#]*)[?#]\S*", re.I)


@dataclass(frozen=True, slots=True)
class ObjectAddress:
    """An object in a bucket, many of them by a pattern, or a folder when the key ends with a slash."""

    scheme: str
    """A key of `BUCKETS`."""
    bucket: str
    """Azure calls it a container."""
    key: str
    """As it is stored: nothing in it is escaped."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"

    def at(self, key: str) -> ObjectAddress:
        """Another key of the same bucket."""
        return ObjectAddress(self.scheme, self.bucket, key)


def is_bucket(address: str) -> bool:
    """Whether an address names something in a bucket."""
    return bool(_BUCKET.match(address))


def is_web(address: str) -> bool:
    """
    Whether an address names a file on a web server.

    Endpoints of an etcd are written the same, but have no path: gRPC has none to give.
    """
    return bool(_WEB.match(address))


def is_remote(address: str) -> bool:
    """Whether an address names a store that must be fetched before it can be read."""
    return is_bucket(address) or is_web(address)


def without_credentials(address: str) -> str:
    """
    An address as it may be shown and kept: without user and password, and, of a web server, query and fragment.

    In the query is what permits to read a file, where a service has signed its address beforehand.
    """
    return _USER.sub(r"\1", _QUERY.sub(r"\1", address))


def is_folder(address: str) -> bool:
    """Whether an address names all that is below it in a bucket."""
    return is_bucket(address) and (address.endswith("/") or "/" not in address.partition("://")[2])


def is_pattern(text: str) -> bool:
    """Whether a key or a path stands for those that match it."""
    return bool(_WILD.search(text))


def parse(address: str) -> ObjectAddress:
    """
    The parts of an address of a bucket.

    Raises:
        UsageError: it names no bucket.
    """
    scheme, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in BUCKETS or not bucket:
        raise UsageError("no bucket is named", where=address, hint=f"write {scheme}://BUCKET/KEY")
    return ObjectAddress(scheme, bucket, key)


__all__ = ["BUCKETS", "ObjectAddress", "is_bucket", "is_folder", "is_pattern", "is_remote", "is_web", "parse",
           "without_credentials"]  # fmt: skip
