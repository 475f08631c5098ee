"""
An etcd v2 store over its keys API, as Kubernetes before 1.6 used it: read only, over plain HTTP or TLS.

A node's `createdIndex` and `modifiedIndex` are what revisions are in v3. v2 has no leases but a time to live
on each node; as kine does, such a record's lease is its seconds. How often a node was changed v2 does not
know: `version` is 1 for a node as it was created and 0, unknown, for others. Knows nothing of Kubernetes.
"""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

from kstore.errors import AccessDenied, SourceError, StoreUnreachable, Unsupported, UsageError
from kstore.records import Record
from kstore.source.certificates import tls_context
from kstore.source.interface import Source, StoreStatus
from kstore.source.options import SourceOptions

_KEY_NOT_FOUND = 100
"""`EcodeKeyNotFound` (`server/etcdserver/api/v2error/error.go`)."""
_REFUSALS = (401, 403)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Etcd2Source(Source):
    """
    The v2 keys of an etcd (up to 3.5, where `--enable-v2` says so).

    Args:
        endpoints: `http://host:2379` and the like; the first that answers is used.
        options: credentials and times.
    """

    def __init__(self, endpoints: Sequence[str], options: SourceOptions | None = None) -> None:
        if not endpoints:
            raise UsageError("no endpoint is given", hint="an etcd v2 store is etcd2+http://HOST:PORT")
        self._endpoints = [_checked(endpoint) for endpoint in endpoints]
        self._options = options or SourceOptions()
        self._openers = {endpoint: self._opener(endpoint) for endpoint in self._endpoints}

    @property
    def location(self) -> str:
        """The endpoints as a person would write them."""
        return ",".join(f"etcd2+{endpoint}" for endpoint in self._endpoints)

    def reach(self) -> None:
        """
        Make sure that a server answers.

        Raises:
            StoreUnreachable: none does.
        """
        self._get("/version")

    def status(self) -> StoreStatus:
        """What the server says of itself; its index is the revision."""
        version, _ = self._get("/version")
        index = self._keys("/", recursive=False)[1]
        return StoreStatus(
            location=self.location,
            kind="etcd2",
            revision=index,
            server_version=str(version.get("etcdserver", "")),
            details={"api": "v2 keys, read only"},
        )

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """
        See `Source.scan`. One answer holds all: a v2 store is small, and there is no other way to one index.
        """
        if revision:
            raise Unsupported("a v2 store cannot be looked at as of an earlier index", where=self.location)
        directory = prefix.rpartition(b"/")[0].decode() or "/"
        node, _ = self._keys(directory, recursive=True)
        records = (record for record in _records(node) if record.key.startswith(prefix) and record.key >= start)
        yield from sorted(records, key=lambda record: record.key)

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """See `Source.get`."""
        if revision:
            raise Unsupported("a v2 store cannot be looked at as of an earlier index", where=self.location)
        node, _ = self._keys(key.decode(), recursive=False)
        return None if node is None or node.get("dir") or node.get("key") != key.decode() else _record(node)

    def leases(self) -> dict[int, int]:
        """The times to live in use, each its own lease."""
        return {record.lease: record.lease for record in self.scan() if record.lease}

    def _keys(self, path: str, *, recursive: bool) -> tuple[dict[str, Any] | None, int]:
        """The node at a path, or None where there is none, and the store's index."""
        query = "?recursive=true" if recursive else ""
        answer, headers = self._get(f"/v2/keys{urllib.parse.quote(path)}{query}")
        index = int(headers.get("X-Etcd-Index") or answer.get("index", 0))
        if answer.get("errorCode") == _KEY_NOT_FOUND:
            return None, index
        if not isinstance(answer.get("node"), dict):
            raise SourceError(f"not an answer of the v2 keys API: {str(answer)[:200]}", where=self.location)
        return answer["node"], index

    def _get(self, path: str) -> tuple[dict[str, Any], Any]:
        failures: dict[str, str] = {}
        for endpoint in self._endpoints:
            request = urllib.request.Request(endpoint + path, headers=self._headers())  # noqa: S310 - checked scheme
            try:
                with self._openers[endpoint].open(request, timeout=self._options.command_timeout) as response:
                    return _object(response.read(), endpoint), response.headers
            except urllib.error.HTTPError as error:
                with error:
                    return self._refusal(error, endpoint + path), error.headers
            except (OSError, http.client.HTTPException) as error:
                failures[endpoint] = str(getattr(error, "reason", error)) or type(error).__name__
        words = "; ".join(f"{endpoint}: {reason}" for endpoint, reason in failures.items())
        raise StoreUnreachable(f"no endpoint answers ({words})")

    def _refusal(self, error: urllib.error.HTTPError, where: str) -> dict[str, Any]:
        """An answer that is an error of the API, as an object; other refusals are raised."""
        body = error.read()
        if error.code in _REFUSALS:
            raise AccessDenied("the server refuses these credentials", where=where, hint="see --user and --cert")
        if error.code == http.client.NOT_FOUND and not body.lstrip().startswith(b"{"):
            raise Unsupported(
                "this server has no v2 keys API",
                where=where,
                hint="etcd 3.4 and 3.5 offer it with --enable-v2, later ones not at all",
            )
        answer = _object(body, where)
        if answer.get("errorCode") != _KEY_NOT_FOUND:
            raise SourceError(f"the server answered {error.code}: {answer.get('message', answer)}", where=where)
        return answer

    def _headers(self) -> dict[str, str]:
        if not self._options.user:
            return {}
        pair = f"{self._options.user}:{self._options.password}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def _opener(self, endpoint: str) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = []
        if urllib.parse.urlsplit(endpoint).hostname in _LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        if endpoint.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=tls_context(self._options)))
        return urllib.request.build_opener(*handlers)


def _checked(endpoint: str) -> str:
    parts = urllib.parse.urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("not an endpoint", where=endpoint, hint="an etcd v2 store is etcd2+http://HOST:PORT")
    return endpoint.rstrip("/")


def _object(body: bytes, where: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise SourceError(f"not an answer of etcd: {body[:80]!r}", where=where)
    return answer


def _records(node: dict[str, Any] | None) -> Iterator[Record]:
    """The leaves below a node; a directory holds no value of its own."""
    pending = [] if node is None else [node]
    while pending:
        current = pending.pop()
        if current.get("dir"):
            pending.extend(current.get("nodes", ()))
        else:
            yield _record(current)


def _record(node: dict[str, Any]) -> Record:
    created, modified = int(node["createdIndex"]), int(node["modifiedIndex"])
    return Record(
        key=node["key"].encode("utf-8", "surrogatepass"),
        value=node.get("value", "").encode("utf-8", "surrogatepass"),
        create_revision=created,
        mod_revision=modified,
        version=1 if created == modified else 0,
        lease=int(node.get("ttl", 0)),
    )
