"""
Reading a range of keys page by page: at one revision, in answers of a bounded size, one ahead of the reader.

A big answer costs server and client several times its size in memory; a small one makes the server count the
rest of the range once more (`server/storage/mvcc/index.go`, `Revisions`). So pages begin small, and are sized
by the bytes that came. A server that has RangeStream (etcd 3.7) does the paging itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from kstore.errors import Compacted, SourceError, StoreUnreachable
from kstore.printable import key_text
from kstore.source.etcd import messages as rpc
from kstore.source.etcd.connection import Connection

_FIRST_LIMIT = 200
"""Keys of a first page with values: even of 1.5 MiB each, the most etcd takes, they are no danger."""
_FIRST_LIMIT_KEYS = 5_000
_MAX_LIMIT = 10_000
"""The apiserver's own `maxLimit` (`pkg/storage/etcd3/store.go`)."""
_GROWTH = 8
"""How many times as many keys the next page may have: the first ones may be no sample of the rest."""
_PAGE_BYTES = 2 * 1024 * 1024
"""The size of a page, however long the range: a million keys take no more memory than fifty thousand."""


def next_limit(limit: int, keys: int, size: int) -> int:
    """
    How many keys to ask for after a page.

    Args:
        limit: how many were asked for.
        keys: how many came.
        size: the bytes of their keys and values.
    """
    average = max(size // max(keys, 1), 1)
    return max(1, min(_PAGE_BYTES // average, limit * _GROWTH, _MAX_LIMIT))


@dataclass(slots=True)
class RangeReader:
    """
    One pass over the keys from `key` up to `end`, which holds what is needed to go on after a failure.

    Args:
        connection: who answers.
        key: the first key; moves on as pages are read.
        end: the first key after the range, or `b"\\0"` for all.
        revision: read as of this revision; 0 is the newest, pinned with the first page.
        keys_only: leave the values out.
        streams: whether to try RangeStream; becomes False when the server has none.
        across_compactions: go on with the newest revision when the one pinned here is compacted away.
    """

    connection: Connection
    key: bytes
    end: bytes
    revision: int = 0
    keys_only: bool = False
    streams: bool = True
    across_compactions: bool = False

    def pages(self) -> Iterator[Sequence[Any]]:
        """
        Yield the range's `KeyValue`s, a page at a time.

        Raises:
            Compacted: the revision is no longer held, and it was not said to go on with the newest.
            KstoreError: the store failed; see `Connection.ask`.
        """
        # the caller's own revision is never exchanged for another
        pinned_here = not self.revision
        where = key_text(self.key.strip(b"\0"))
        while True:
            try:
                yield from self._at_one_revision(where)
            except Compacted as error:
                if not pinned_here:
                    raise
                if not self.across_compactions:
                    error.hint = "the store was compacted while it was being read; read it again"
                    raise
                self.connection.compactions += 1
                self.revision = 0
            else:
                return

    def _at_one_revision(self, where: str) -> Iterator[Sequence[Any]]:
        limit = _FIRST_LIMIT_KEYS if self.keys_only else _FIRST_LIMIT
        first = self.connection.ask(_range, self._request(limit), where=where)
        self.revision = self.revision or first.header.revision
        limit = self._advance(first, limit)
        yield first.kvs
        if first.more and self.streams:
            yield from self._streamed(where)
        if first.more and not self.streams:
            yield from self._paged(limit, where)

    def _paged(self, limit: int, where: str) -> Iterator[Sequence[Any]]:
        ahead = self.connection.start(_range, self._request(limit))
        try:
            while True:
                answer = self._arrived(ahead, limit, where)
                limit = self._advance(answer, limit)
                if not answer.more:
                    yield answer.kvs
                    return
                ahead = self.connection.start(_range, self._request(limit))
                yield answer.kvs
        finally:
            ahead.cancel()

    def _advance(self, answer: Any, limit: int) -> int:
        """Move on behind the page; how many keys to ask for next."""
        if not answer.more:
            return limit
        if not answer.kvs:
            raise SourceError("the server says there is more, but sends nothing", where=self.connection.location)
        self._move(answer.kvs)
        # the message's own `ByteSize` takes ten times as long
        size = sum([len(entry.key) + len(entry.value) for entry in answer.kvs])
        return next_limit(limit, len(answer.kvs), size)

    def _move(self, kvs: Sequence[Any]) -> None:
        """Go on behind these keys, which must lie behind those before: else there would be no end of it."""
        if kvs[-1].key < self.key:
            raise SourceError(
                "the server sends keys that it has sent before",
                where=f"{self.connection.location}: {key_text(kvs[-1].key)}",
            )
        self.key = kvs[-1].key + b"\0"

    def _request(self, limit: int) -> Any:
        return rpc.RangeRequest(
            key=self.key,
            range_end=self.end,
            limit=limit,
            revision=self.revision,
            keys_only=self.keys_only,
            serializable=self.connection.options.serializable,
        )

    def _arrived(self, ahead: grpc.Future[Any], limit: int, where: str) -> Any:
        """
        The page that was asked for ahead; asked for again, with all that `ask` does about it, if it failed.
        """
        try:
            return ahead.result()
        except (grpc.RpcError, grpc.FutureCancelledError):
            return self.connection.ask(_range, self._request(limit), where=where)

    def _streamed(self, where: str) -> Iterator[Sequence[Any]]:
        """
        The rest of the range through RangeStream; nothing, and `streams` False, when the server has none.

        Taken up again on another member where it broke off, since the revision is known by now.
        """
        options = self.connection.options
        attempts = self.connection.attempts()
        while True:
            member, answers = self.connection.open_stream(_range_stream, self._request(0))
            try:
                while (message := answers.next(options.command_timeout)) is not None:
                    kvs = message.range_response.kvs
                    if kvs:
                        self._move(kvs)
                        yield kvs
                        attempts.begin()
                return
            except TimeoutError:
                raise StoreUnreachable(
                    f"the answer stopped for {options.command_timeout:g} s", where=member.endpoint.url
                ) from None
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                    self.streams = False
                    return
                if not attempts.again(member, error):
                    raise self.connection.error(error, member, where, attempts.failed) from None
            finally:
                answers.close()


def _range(member: Any) -> Any:
    return member.client.kvstub.Range


def _range_stream(member: Any) -> Any:
    return member.client.kvstub.RangeStream
