"""
Files on web servers, by HTTP: with credentials, through redirects, resumed where the connection breaks.

Knows HTTP as the standard library has it. obstore's own HTTP store would neither send a query, as the address that a
service has signed beforehand has one, nor read an answer whose length is not told.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import IO, Any
from urllib.parse import urldefrag, urlsplit

from kstore.errors import AccessDenied, NotADatabase, SourceError, StoreNotFound, StoreTimedOut, StoreUnreachable
from kstore.errors import UsageError as Misused
from kstore.http_exchange import verifying_context
from kstore.source.options import SourceOptions
from kstore.source.remote.address import without_credentials
from kstore.source.remote.stream import BUFFER

_RESUMED = 3
"""How often an answer is asked to go on that has broken off, without a byte in between."""
_LOST = (ConnectionError, TimeoutError, http.client.IncompleteRead, ssl.SSLError)


class WebFile:
    """
    A file on a web server, asked for.

    Args:
        url: where it is.
        options: times to wait, certificates, user and password, further headers.

    Raises:
        SourceError: the server does not give it.
        UsageError: the address or a header is none.
    """

    def __init__(self, url: str, options: SourceOptions) -> None:
        self.url = urldefrag(url).url
        self.shown = without_credentials(url)
        """The address without its query, which may be what permits to read it."""
        self._headers = headers_of(options)
        self._opener = urllib.request.build_opener(_Redirects(), *_handlers(options))
        self._answer = self._ask({})
        self.size = int(self._answer.headers.get("Content-Length") or 0)
        """Bytes; 0 where the server does not tell."""
        self.version = self._answer.headers.get("ETag") or ""
        kind = self._answer.headers.get_content_type()
        if kind == "text/html":
            self.close()
            raise NotADatabase(
                "the server sent a page for people", where=self.shown, hint="does it want to be logged in at?"
            )

    def pieces(self) -> Iterator[bytes]:
        """
        What is in it; a connection that breaks off is made anew, where the server can go on.

        Raises:
            SourceError: it cannot be read to its end.
        """
        done, tries = 0, 0
        try:
            while True:
                try:
                    piece = self._answer.read1(BUFFER)
                    if not piece and self.size > done:
                        raise ConnectionError(f"the answer ends {self.size - done} bytes early")
                except _LOST as error:
                    tries += 1
                    if tries > _RESUMED or not self._can_go_on:
                        raise self._named(error) from None
                    self._go_on(done)
                    continue
                if not piece:
                    return
                done, tries = done + len(piece), 0
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()

    @property
    def _can_go_on(self) -> bool:
        """Whether the server sends parts, and says what the parts must be of."""
        return self._answer.headers.get("Accept-Ranges") == "bytes" and self.version.startswith('"')

    def _go_on(self, done: int) -> None:
        """Ask for the rest (RFC 9110, 13.1.5: all of it comes again if it is another file by now)."""
        self._answer.close()
        self._answer = self._ask({"Range": f"bytes={done}-", "If-Range": self.version})
        begins = self._answer.headers.get("Content-Range", "")
        if self._answer.status != 206 or not begins.startswith(f"bytes {done}-"):
            raise SourceError("the file was replaced while it was read", where=self.shown, hint="try again")

    def _ask(self, headers: Mapping[str, str]) -> Any:
        try:
            request = urllib.request.Request(self.url, headers={**self._headers, **headers})  # noqa: S310 - is_web
            return self._opener.open(request)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._named(error) from None

    def _named(self, error: Exception) -> SourceError | Misused:
        """What the standard library raises, as an error of a store."""
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            return self._refused(error.code, error.reason)
        reason: Any = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, TimeoutError):
            return StoreTimedOut("the server did not answer in time", where=self.shown)
        if isinstance(reason, ssl.SSLError):
            words = getattr(reason, "verify_message", "") or reason.reason or str(reason)
            return StoreUnreachable(f"no connection that can be trusted: {words}", where=self.shown)
        if isinstance(reason, http.client.InvalidURL | ValueError):
            return Misused(f"this is no address: {reason}", where=self.shown)
        words = getattr(reason, "strerror", "") or str(reason) or type(reason).__name__
        return StoreUnreachable(f"no answer of the server: {words}", where=self.shown)

    def _refused(self, status: int, reason: str) -> SourceError:
        said = f"the server answered {status} {reason}".rstrip()
        if status in (401, 403, 407):
            hint = "name a user and its password, or another header that the server wants"
            return AccessDenied(said, where=self.shown, hint=hint)
        if status in (404, 410):
            return StoreNotFound(said, where=self.shown)
        return SourceError(said, where=self.shown)


def headers_of(options: SourceOptions) -> dict[str, str]:
    """
    What every request has: the user as Basic, and the headers that were given.

    Raises:
        UsageError: one of them is no header.
    """
    found: dict[str, str] = {}
    if options.user:
        pair = f"{options.user}:{options.password}".encode()
        found["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    for line in options.http_headers:
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or any(char in line for char in "\r\n\0"):
            raise Misused("this is no header of HTTP", where=name.strip(), hint="write NAME: VALUE")
        found[name.strip()] = value.strip()
    return found


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; what was given for one server is not shown to another, nor to all on the way."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """See `HTTPRedirectHandler`."""
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if before.scheme == "https" and after.scheme != "https":
            raise urllib.error.URLError(
                OSError(f"it redirects to {without_credentials(newurl)}, which is not encrypted")
            )
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and (before.scheme, before.netloc) != (after.scheme, after.netloc):
            kept = {name: value for name, value in made.headers.items() if name in ("Range", "If-range")}
            made.headers = kept
        return made


def _handlers(options: SourceOptions) -> list[urllib.request.BaseHandler]:
    """Connections that wait as long as the options say, and verify as they say."""
    context = verifying_context(cafile=str(options.cacert) if options.cacert else None)
    if options.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.cert and options.key:
        context.load_cert_chain(options.cert, options.key)
    return [_Http(options), _Https(options, context)]


@contextmanager
def _dialing(connection: http.client.HTTPConnection, options: SourceOptions) -> Iterator[None]:
    """Connect within one time, and wait for answers another."""
    connection.timeout = options.dial_timeout
    yield
    connection.sock.settimeout(options.command_timeout)


class _HttpConnection(http.client.HTTPConnection):
    def __init__(self, *arguments: Any, options: SourceOptions, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._options = options

    def connect(self) -> None:
        with _dialing(self, self._options):
            super().connect()


class _HttpsConnection(http.client.HTTPSConnection):
    def __init__(self, *arguments: Any, options: SourceOptions, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._options = options

    def connect(self) -> None:
        with _dialing(self, self._options):
            super().connect()


class _Http(urllib.request.HTTPHandler):
    def __init__(self, options: SourceOptions) -> None:
        super().__init__()
        self._options = options

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_HttpConnection, options=self._options), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, options: SourceOptions, context: ssl.SSLContext) -> None:
        super().__init__()
        self._options = options
        self._tls = context

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        made: Any = partial(_HttpsConnection, options=self._options, context=self._tls)
        return self.do_open(made, req)


__all__ = ["WebFile", "headers_of"]
