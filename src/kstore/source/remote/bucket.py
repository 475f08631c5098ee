"""
Objects in the buckets of S3, Google Cloud Storage and Azure, by way of obstore.

Knows how a bucket is opened (credentials are obstore's business: its environment variables, a machine's own role), how
an object is read, and what obstore's errors mean. Knows nothing of what is in an object.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from kstore.errors import (
    AccessDenied,
    BucketNotFound,
    ExtraMissing,
    SourceError,
    StoreNotFound,
    StoreTimedOut,
    StoreUnreachable,
)
from kstore.errors import UsageError as Misused
from kstore.printable import one_line
from kstore.source.options import SourceOptions
from kstore.source.remote.address import BUCKETS, ObjectAddress

_RANGE = 4 << 20
"""Bytes that are asked for at once."""
_AHEAD = 4
"""Ranges that are under way at once: one alone does not fill the line of most services."""
_RETRIES = 3
_STORES = {"s3": "S3Store", "gs": "GCSStore", "az": "AzureStore"}
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE with boto3, or the machine's role",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or the machine's service account",
    "az": "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
}
"""Where obstore finds them."""
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
"""The code of an answer 404, by service; Google Cloud Storage has its words."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that may be a store: in a bucket, or on this machine."""

    address: str
    """What opens it."""
    size: int
    """Bytes."""
    modified: datetime
    version: str = ""
    """What changes whenever its content does (the ETag); empty on this machine."""


class Bucket:
    """
    A bucket.

    Args:
        address: something in it.
        options: times to wait, certificates.

    Raises:
        UsageError: obstore is not installed, or its configuration is none.
    """

    def __init__(self, address: ObjectAddress, options: SourceOptions) -> None:
        self.address = address
        try:
            import obstore
            from obstore import store
        except ImportError:
            raise ExtraMissing(
                f"reading from {BUCKETS[address.scheme]} needs obstore, which is not installed",
                where=str(address),
                extra="remote",
            ) from None
        self._obstore: Any = obstore
        with self._named(address):
            self._store: Any = getattr(store, _STORES[address.scheme])(
                address.bucket,
                client_options=self._client(options),
                retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=options.command_timeout)},
                **self._credentials(),
            )

    def _client(self, options: SourceOptions) -> dict[str, Any]:
        """How obstore is to speak HTTP."""
        endpoints = [value for name, value in os.environ.items() if name in _ENDPOINTS[self.address.scheme]]
        client: dict[str, Any] = {
            "connect_timeout": timedelta(seconds=options.dial_timeout),
            "read_timeout": timedelta(seconds=options.command_timeout),
            "timeout": timedelta(days=1),  # of a whole answer, which may be gigabytes
            "allow_invalid_certificates": options.insecure_skip_tls_verify,
        }
        if any(value.startswith("http://") for value in endpoints):
            client["allow_http"] = True  # whoever names such an endpoint means it
        if options.cacert:
            client["root_certificate"] = options.cacert.read_bytes()
        return client

    def _credentials(self) -> dict[str, Any]:
        """A profile of the AWS configuration, which only boto3 reads, where one is named and no key is."""
        profile = os.environ.get("AWS_PROFILE")
        if self.address.scheme != "s3" or not profile or os.environ.get("AWS_ACCESS_KEY_ID"):
            return {}
        try:
            from obstore.auth.boto3 import Boto3CredentialProvider
        except ImportError:
            raise Misused(
                f"$AWS_PROFILE names the profile {profile}, which only boto3 can read, and it is not installed",
                where=str(self.address),
                hint='install boto3 beside kstore, or eval "$(aws configure export-credentials --format env)"',
            ) from None
        return {"credential_provider": Boto3CredentialProvider()}

    def find(self, key: str) -> StoredFile:
        """
        What is known of one object.

        Raises:
            SourceError: there is none, or the bucket cannot be asked.
        """
        with self._named(self.address.at(key)):
            try:
                return self._file(self._obstore.head(self._store, key))
            except FileNotFoundError:
                # an answer to HEAD has no body to tell what is missing; the list does
                below = self._below(key)
                if not below["objects"] and not below["common_prefixes"]:
                    raise
        raise StoreNotFound(
            "there is no such object in the bucket, but a folder",
            where=str(self.address.at(key)),
            hint=f"{self.address.at(key)}/ is the one store in it",
        )

    def list(self, folder: str) -> tuple[list[str], list[StoredFile]]:
        """
        The folders and the objects directly below a folder.

        Args:
            folder: ends with a slash, or is empty for the whole bucket.

        Raises:
            SourceError: the bucket cannot be asked.
        """
        found = self._below(folder)
        return [f"{each}/" for each in found["common_prefixes"]], [self._file(each) for each in found["objects"]]

    def _below(self, folder: str) -> Any:
        with self._named(self.address.at(folder), listing=True):
            return self._obstore.list_with_delimiter(self._store, folder.rstrip("/") or None)

    def walk(self, folder: str) -> Iterator[StoredFile]:
        """
        All objects below a folder, in the order of their keys.

        Raises:
            SourceError: the bucket cannot be asked.
        """
        with self._named(self.address.at(folder), listing=True):
            for page in self._obstore.list(self._store, folder.rstrip("/") or None, chunk_size=1000):
                yield from map(self._file, page)

    def pieces(self, file: StoredFile, key: str) -> Iterator[bytes]:
        """
        The bytes of an object, a few ranges of it under way at once; all of the version that was found.

        Raises:
            SourceError: it cannot be read to its end, or has been replaced meanwhile.
        """
        with self._named(self.address.at(key)), ThreadPoolExecutor(_AHEAD, "kstore-remote") as threads:
            ahead: deque[Future[Any]] = deque()
            starts = iter(range(0, file.size, _RANGE))
            try:
                for start in starts:
                    ahead.append(threads.submit(self._range, key, start, min(start + _RANGE, file.size), file.version))
                    if len(ahead) >= _AHEAD:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for each in ahead:
                    each.cancel()

    def _range(self, key: str, start: int, end: int, version: str) -> bytes:
        options: dict[str, Any] = {"range": (start, end)}
        if version:
            options["if_match"] = version
        found = self._obstore.get(self._store, key, options=options)
        return cast(bytes, memoryview(found.bytes()))

    def _file(self, found: Mapping[str, Any]) -> StoredFile:
        address = str(self.address.at(found["path"]))
        return StoredFile(address, found["size"], found["last_modified"], found["e_tag"] or "")

    @contextmanager
    def _named(self, address: ObjectAddress, *, listing: bool = False) -> Iterator[None]:
        """What obstore raises, as an error of a store."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError, ValueError) as error:
            raise named(error, address, listing=listing) from None


_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
"""obstore's variables that name another server than the service's own."""


def named(error: Exception, address: ObjectAddress, *, listing: bool = False) -> SourceError | Misused:
    """
    The error of a store that says what obstore's does.

    obstore tells apart what is missing, forbidden and unauthenticated by its classes; the rest is one class, whose text
    has the structure of the errors below it (`object_store/src/client/retry.rs`, `http/mod.rs`: `HttpErrorKind`).
    A `listing` that is not found is that of a bucket: a folder without objects is an empty list, whoever serves it.
    """
    text = str(error)
    where = str(address)
    service = BUCKETS[address.scheme]
    status, said = _answered(text)
    missing = isinstance(error, FileNotFoundError)
    if any(word in text for word in _NO_BUCKET) or (listing and (missing or status == 404)):
        return BucketNotFound(f"there is no bucket {address.bucket}", where=where, bucket=address.bucket)
    if missing:
        return StoreNotFound("there is no such object in the bucket", where=where)
    kind = type(error).__name__
    if kind in ("PermissionDeniedError", "UnauthenticatedError") or status in (401, 403):
        return AccessDenied(
            f"{service} does not let these credentials read it" + (f": {said}" if said else ""),
            where=where,
            hint=f"credentials are obstore's: {_CREDENTIALS[address.scheme]}",
        )
    if kind == "PreconditionError":
        return SourceError("the object was replaced while it was read", where=where, hint="try again")
    if kind in ("InvalidPathError", "ValueError"):
        return Misused(f"no object can have this key: {text.splitlines()[0]}", where=where)
    if status:
        return SourceError(f"{service} answered {status}" + (f": {said}" if said else ""), where=where)
    return _unanswered(text, where, service, _CREDENTIALS[address.scheme])


def _answered(text: str) -> tuple[int, str]:
    """The status of the answer that an error tells of, 0 where there was none, and what it says for people."""
    status = re.search(r"non-2xx status code: (\d{3})", text)
    said = re.search(r"<Message>([^<]*)</Message>", text)
    return int(status[1]) if status else 0, one_line(said[1]) if said else ""


def _unanswered(text: str, where: str, service: str, credentials: str) -> SourceError:
    if "169.254.169.254" in text or "metadata.google" in text or "MissingCredentials" in text:
        return AccessDenied("no credentials were found", where=where, hint=f"credentials are obstore's: {credentials}")
    if "kind: Timeout" in text or "TimedOut" in text:
        return StoreTimedOut(f"{service} did not answer in time", where=where)
    if "kind: Connect" in text:
        return StoreUnreachable(f"no connection to {service}: {_reason(text)}", where=where)
    return SourceError(f"{service} cannot be asked: {text.splitlines()[0]}", where=where)


def _reason(text: str) -> str:
    """Why no connection was made, in the words of the innermost error."""
    quoted = re.findall(r'(?:message|error): "([^"]+)"', text)
    kinds = re.findall(r"\b(?:Invalid|Unknown|Expired|NotValid|Bad)\w+", text)
    return one_line((quoted or kinds or ["it was not made"])[-1])


__all__ = ["Bucket", "StoredFile", "named"]
