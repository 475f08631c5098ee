"""
An etcd v2 store over its keys API, as Kubernetes before 1.6 used it: read only, over plain HTTP or TLS.

A node's `createdIndex` and `modifiedIndex` are what revisions are in v3. v2 has no leases but a time to live
on each node; as kine does, such a record's lease is its seconds. How often a node was changed v2 does not
know: `version` is 1 for a node as it was created and 0, unknown, for others. Knows nothing of Kubernetes.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any

from kstore.errors import AccessDenied, SourceError, StoreUnreachable, Unsupported, UsageError
from kstore.http_exchange import ExchangeFailed, HttpAnswer, HttpClient
from kstore.records import Record
from kstore.source.certificates import tls_context
from kstore.source.interface import Source, StoreStatus
from kstore.source.options import SourceOptions
from kstore.source.remote.address import without_credentials

_KEY_NOT_FOUND = 100
"""`EcodeKeyNotFound` (`server/etcdserver/api/v2error/error.go`)."""
_REFUSALS = (401, 403)
_REDIRECTS = (301, 302, 303, 307, 308)
_REDIRECT_LIMIT = 5
_ANSWER_LIMIT = 256 << 20
"""Bytes of one answer, which holds a whole store: more than an etcd 2 kept in memory."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"http": 80, "https": 443}


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
        self._clients: dict[tuple[str, str, int], HttpClient] = {}

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
        records = (
            record for record in _records(node, self.location) if record.key.startswith(prefix) and record.key >= start
        )
        yield from sorted(records, key=lambda record: record.key)

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """See `Source.get`."""
        if revision:
            raise Unsupported("a v2 store cannot be looked at as of an earlier index", where=self.location)
        try:
            path = key.decode()
        except UnicodeDecodeError:
            return None
        if not path.startswith("/"):  # the v2 API has paths only; `compact_rev_key` is no key of its
            return None
        node, _ = self._keys(path, recursive=False)
        if node is None or node.get("dir") or node.get("key") != path:
            return None
        return next(_records(node, self.location))

    def leases(self) -> dict[int, int]:
        """The times to live in use, each its own lease."""
        return {record.lease: record.lease for record in self.scan() if record.lease}

    def _keys(self, path: str, *, recursive: bool) -> tuple[dict[str, Any] | None, int]:
        """The node at a path, or None where there is none, and the store's index."""
        query = "?recursive=true" if recursive else ""
        answer, headers = self._get(f"/v2/keys{urllib.parse.quote(path)}{query}")
        index = _number(headers.get("X-Etcd-Index") or answer.get("index", 0))
        if answer.get("errorCode") == _KEY_NOT_FOUND:
            return None, index
        if not isinstance(answer.get("node"), dict):
            members = ", ".join(sorted(answer)[:10]) or "nothing"
            raise SourceError(f"not an answer of the v2 keys API: it holds {members[:200]}", where=self.location)
        return answer["node"], index

    def _get(self, path: str) -> tuple[dict[str, Any], Any]:
        failures: dict[str, str] = {}
        for endpoint in self._endpoints:
            try:
                answer, where = self._follow(endpoint + path)
            except ExchangeFailed as error:
                failures[endpoint] = error.reason
                continue
            if answer.status == HTTPStatus.OK:
                return _object(answer.body, where), answer.headers
            return self._refusal(answer, where), answer.headers
        words = "; ".join(f"{endpoint}: {reason}" for endpoint, reason in failures.items())
        raise StoreUnreachable(f"no endpoint answers ({words})")

    def _follow(self, url: str) -> tuple[HttpAnswer, str]:
        """
        The answer to a GET, and where it was found: redirects are followed, a few, and never from https to http.

        User and password go to the endpoint that was named and to nobody else.
        """
        first = _origin(url)
        for _ in range(_REDIRECT_LIMIT + 1):
            client = self._client(_origin(url))
            headers = self._headers() if _origin(url) == first else {}
            answer = client.request("GET", _path(url), headers=headers)
            place = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not place:
                return answer, url
            following = urllib.parse.urljoin(url, place)
            try:
                scheme, host, _ = _origin(following)
            except ValueError:
                scheme, host = "", ""
            if scheme not in _PORTS or not host or (scheme == "http" and url.startswith("https:")):
                raise SourceError(f"redirects to {following[:200]!r}, which is not followed", where=url)
            url = following
        raise SourceError(f"more than {_REDIRECT_LIMIT} redirects", where=url[:200])

    def _client(self, origin: tuple[str, str, int]) -> HttpClient:
        if origin not in self._clients:
            scheme, host, port = origin
            self._clients[origin] = HttpClient(
                f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}",
                tls=self._tls if scheme == "https" else None,
                timeout=self._options.command_timeout,
                limit=_ANSWER_LIMIT,
                server_name=self._options.tls_server_name,
                proxy=_proxy(scheme, host),
            )
        return self._clients[origin]

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context(self._options)

    def _refusal(self, answer: HttpAnswer, where: str) -> dict[str, Any]:
        """An answer that is an error of the API, as an object; other refusals are raised."""
        if answer.status in _REFUSALS:
            raise AccessDenied("the server refuses these credentials", where=where, hint="see `user=` and `cert=`")
        if answer.status == HTTPStatus.NOT_FOUND and not answer.body.lstrip().startswith(b"{"):
            raise Unsupported(
                "this server has no v2 keys API",
                where=where,
                hint="etcd 3.4 and 3.5 offer it with --enable-v2, later ones not at all",
            )
        found = _object(answer.body, where)
        if found.get("errorCode") != _KEY_NOT_FOUND:
            words = str(found.get("message", found))[:200]
            raise SourceError(f"the server answered {answer.status}: {words}", where=where)
        return found

    def _headers(self) -> dict[str, str]:
        if not self._options.user:
            return {}
        pair = f"{self._options.user}:{self._options.password}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what credentials are given for."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _path(url: str) -> str:
    """What is asked of the server: path and query."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))


def _proxy(scheme: str, host: str) -> str:
    """The proxy that the environment names for a server, as curl and Go take it; none for this machine."""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(scheme, "")


def _checked(endpoint: str) -> str:
    try:
        scheme, host, _ = _origin(endpoint)
    except ValueError:
        scheme, host = "", ""
    if scheme not in _PORTS or not host or "?" in endpoint:
        raise UsageError(
            "not an endpoint", where=without_credentials(endpoint), hint="an etcd v2 store is etcd2+http://HOST:PORT"
        )
    return endpoint.rstrip("/")


def _object(body: bytes, where: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise SourceError(f"not an answer of etcd: {body[:80]!r}", where=where)
    return answer


def _records(node: dict[str, Any] | None, where: str) -> Iterator[Record]:
    """
    The leaves below a node; a directory holds no value of its own.

    Raises:
        SourceError: something that is no node of the v2 keys API.
    """
    pending: list[Any] = [] if node is None else [node]
    while pending:
        current = pending.pop()
        try:
            if current.get("dir"):
                pending.extend(current.get("nodes") or ())
            else:
                yield _record(current)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise SourceError(
                "not a node of the v2 keys API: each has a key, its indexes and a value", where=where
            ) from None


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


def _number(text: Any) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        return 0
