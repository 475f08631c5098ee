"""
A CRD's conversion webhook, asked over HTTPS: a ConversionReview out, one back.

Knows the review's two versions, how the server is trusted, and how one object that it refuses is told from the others;
whether the objects in the answer may be accepted is `converter.py`'s business. Nothing that it answers is taken on
trust: not its length, not its time, not its types.
(apiextensions-apiserver, `pkg/apiserver/conversion/webhook_converter.go`)
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from kstore.customresource.converter import Review
from kstore.customresource.definition import CustomDefinition
from kstore.decode.json import go_json
from kstore.errors import DecodeError, NotConvertible

if TYPE_CHECKING:  # TLS and HTTP are loaded on use: most stores convert nothing by a webhook
    import ssl

    from kstore.http_exchange import HttpAnswer, HttpClient

_REVIEW_VERSIONS = ("v1", "v1beta1")
_OBJECTS, _BYTES = 100, 4 << 20
"""How much one review holds, so that neither side must keep a whole resource in memory."""
_ANSWER_LIMIT = 16 << 20
"""Bytes of an answer that are taken: four times what was sent."""
_WORDS_LIMIT = 1000
"""Characters of the webhook's own words that are repeated."""
_SILENCE = 60.0
"""Seconds for which a webhook that gave no answer is not asked again: each try may cost its whole timeout."""
_SPLITTING = 4
"""How many times its timeout finding the refused objects of one review may take."""
_REDIRECTS = 10
"""How many redirects are followed (Go's net/http, defaultCheckRedirect)."""
_KEEPING = (307, 308)
"""Redirects after which the same is sent again; after the others Go's client asks by GET, without the objects."""
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")

Object = dict[str, Any]


class _NoAnswer(NotConvertible):
    """The webhook did not answer in time, or nobody listens: asking for fewer objects is no use."""


@dataclass(slots=True)
class ConversionWebhook:
    """
    A webhook, as a `Review` for `CustomConverter`.

    Args:
        name: the CRD's name, for errors.
        url: where it listens.
        certificate_authority: PEM certificates that its server is verified with; empty for the system's own.
        review_versions: those that the webhook understands, the preferred one first.
        timeout: seconds in which the whole answer to a review must be there (the apiserver's own is 30).
        server_name: the name that the server's certificate must bear, if not the URL's host.
    """

    name: str
    url: str
    certificate_authority: str = ""
    review_versions: tuple[str, ...] = ("v1",)
    timeout: float = 30
    server_name: str = ""
    _silent_since: float | None = field(default=None, init=False, repr=False, compare=False)
    _http: dict[str, HttpClient] = field(default_factory=dict, init=False, repr=False, compare=False)
    """A client for each place: the webhook's, and where it redirects to."""

    @staticmethod
    def of(name: str, webhook: Mapping[str, Any], *, url: str = "") -> ConversionWebhook:
        """
        The webhook of a CRD.

        The certificate of a service is verified for the service's name, wherever it is asked
        (`apiserver/pkg/util/webhook/client.go`).

        Args:
            name: the CRD's name.
            webhook: its `spec.conversion.webhook`.
            url: used instead of the CRD's own, which is often a service's name that only the cluster resolves.

        Raises:
            NotConvertible: the CRD says neither a URL nor a service, or wants a review that nobody knows.
        """
        client = webhook.get("clientConfig") or {}
        service = client.get("service") or {}
        server_name = ""
        if service:
            place = str(service.get("name") or ""), str(service.get("namespace") or "")
            if not all(map(_LABEL.match, place)):
                raise NotConvertible(f"{name} converts by a webhook whose service has no valid name")
            server_name = ".".join((*place, "svc"))
        if not url:
            url = client.get("url") or ""
        if not url and service:
            path = "/" + str(service.get("path") or "").lstrip("/")
            url = f"https://{server_name}:{service.get('port') or 443}{path}"
        if not url:
            raise NotConvertible(
                f"{name} converts by a webhook, and does not say where it is", hint="`webhook_url=` says it"
            )
        try:
            authority = base64.b64decode(client.get("caBundle") or "").decode("ascii", "replace").strip()
        except ValueError:
            raise NotConvertible(f"{name} converts by a webhook whose caBundle is no base64") from None
        wanted = webhook.get("conversionReviewVersions") or ("v1beta1",)
        known = tuple(version for version in wanted if version in _REVIEW_VERSIONS)
        if not known:
            raise NotConvertible(
                f"{name}: the webhook understands ConversionReview {', '.join(wanted)}, kstore v1 and v1beta1"
            )
        return ConversionWebhook(name, url, authority, known, server_name=server_name)

    def __call__(self, objects: list[Object], api_version: str) -> list[Object | NotConvertible]:
        """
        The objects in another version, as the webhook has them, in order; in place of one, why it could not be had.

        What is refused together is asked for again by halves, so that one refused object costs only itself. A webhook
        that does not answer is not asked again for a minute.
        """
        return [one for batch in _batches(objects) for one in self._converted(batch, api_version)]

    def _converted(self, objects: list[Object], api_version: str) -> list[Object | NotConvertible]:
        until = time.monotonic() + _SPLITTING * self.timeout
        results: list[Object | NotConvertible] = []
        waiting = [objects]
        while waiting:
            part = waiting.pop()
            try:
                if time.monotonic() > until:
                    raise self._fault("it refuses some objects, and takes too long to tell which", _NoAnswer)
                results += self._review(part, api_version)
            except NotConvertible as error:
                if len(part) > 1 and not isinstance(error, _NoAnswer):
                    half = len(part) // 2
                    waiting += [part[half:], part[:half]]
                else:
                    results += [error] * len(part)
        return results

    def _review(self, objects: list[Object], api_version: str) -> list[Object]:
        import uuid

        version, uid = self.review_versions[0], str(uuid.uuid4())
        review = {
            "kind": "ConversionReview",
            "apiVersion": f"apiextensions.k8s.io/{version}",
            "request": {"uid": uid, "desiredAPIVersion": api_version, "objects": objects},
        }
        answer = self._post(go_json.dumps(review))
        found = answer.get("response")
        if not isinstance(found, dict):
            raise self._fault("no response provided")
        if version == "v1" and (answer.get("kind"), answer.get("apiVersion")) != (review["kind"], review["apiVersion"]):
            given = _words(f"{answer.get('apiVersion')} {answer.get('kind')}")
            raise self._fault(f"answered with {given}, expected a review of v1")
        if version == "v1" and found.get("uid") != uid:
            raise self._fault(f"answered another request: uid {_words(found.get('uid'))!r}, expected {uid!r}")
        result = found.get("result") or {}
        if not isinstance(result, dict):
            raise self._fault("response.result is no Status")
        if result.get("status") != "Success":
            status = _words(result.get("status"))
            raise self._fault(_words(result.get("message")) or f"result.status is {status!r}, not 'Success'")
        converted = found.get("convertedObjects") or []
        if not isinstance(converted, list):
            raise self._fault("response.convertedObjects is no list")
        if len(converted) != len(objects):
            raise self._fault(f"returned {len(converted)} objects, expected {len(objects)}")
        return converted

    def _post(self, body: bytes) -> Object:
        if self._silent_since is not None and time.monotonic() - self._silent_since < _SILENCE:
            raise self._fault(f"{self.url} gave no answer a moment ago, and is not asked again yet", _NoAnswer)
        answer = self._answer(body)
        if not 200 <= answer.status <= 206:  # client-go/rest/request.go, transformResponse
            raise self._fault(f"{self.url} answered {answer.status} {_words(answer.reason)}")
        if not answer.body:
            raise self._fault(f"{self.url} answered {answer.status} without a body")
        found = self._parsed(answer.body)
        if not isinstance(found, dict):
            raise self._fault(f"{self.url} answered with no object")
        return found

    def _answer(self, body: bytes) -> HttpAnswer:
        """The answer to a request, redirects followed as Go's client does."""
        from kstore.http_exchange import ExchangeFailed

        url = self.url
        for _ in range(_REDIRECTS):
            try:
                client = self._client(url)
                answer = client.request("POST", "", body=body, headers={"Content-Type": "application/json"})
            except ExchangeFailed as error:
                if error.kind in ("deadline", "unreachable", "tls"):
                    self._silent_since = time.monotonic()
                    raise self._fault(f"{url} cannot be asked: {error.reason}", _NoAnswer) from None
                raise self._fault(f"{url}: {error.reason}") from None
            if answer.status not in _KEEPING or not answer.headers.get("Location"):
                return answer
            url = urljoin(url, answer.headers["Location"])
        raise self._fault(f"{self.url} redirects more than {_REDIRECTS} times")

    def _parsed(self, body: bytes) -> Any:
        """
        What an answer says: JSON where it begins with a brace, else YAML; what it calls itself is not asked
        (`apimachinery/pkg/runtime/serializer/recognizer/recognizer.go`).
        """
        try:
            if body.lstrip().startswith(b"{"):
                return go_json.loads(body)
        except DecodeError as error:
            raise self._fault(f"{self.url} answered with no JSON: {_words(error)}") from None
        from kstore.decode.yaml_input import read_document

        try:
            return read_document(body)
        except DecodeError as error:
            raise self._fault(f"{self.url} answered with neither JSON nor YAML: {_words(error)}") from None

    def _client(self, url: str) -> HttpClient:
        from kstore.http_exchange import HttpClient

        if url not in self._http:
            if not url.startswith("https://"):
                raise self._fault("a webhook's URL begins with https://")
            try:
                self._http[url] = HttpClient(
                    url,
                    tls=self._trust(),
                    timeout=self.timeout,
                    limit=_ANSWER_LIMIT,
                    server_name=self.server_name,
                    keep_alive=True,
                )
            except ValueError:
                raise self._fault(f"{url} is no URL of a server") from None
        return self._http[url]

    def _trust(self) -> ssl.SSLContext:
        from kstore.http_exchange import verifying_context

        try:
            return verifying_context(cadata=self.certificate_authority or None)
        except (OSError, ValueError) as error:
            raise self._fault(f"the CRD's caBundle is no certificate: {error}") from error

    def _fault(self, message: str, kind: type[NotConvertible] = NotConvertible) -> NotConvertible:
        return kind(f"conversion webhook of {self.name}: {message}", hint="`webhook_url=` asks another")


@dataclass(frozen=True)
class Webhooks:
    """How the conversion webhooks that CRDs name are asked."""

    allowed: bool = False
    """Whether objects may be sent where a CRD says, which is where whoever wrote the store wants them sent."""
    url: str = ""
    """Where objects are sent instead; naming it allows that, too."""

    def review(self, definition: CustomDefinition) -> Review | None:
        """What asks the webhook of a definition, or says why it is not asked; None where it has none."""
        if definition.webhook is None:
            return None
        try:
            webhook = ConversionWebhook.of(definition.name, definition.webhook, url=self.url)
        except NotConvertible as error:
            return _refusing(error)
        return webhook if self.allowed or self.url else _refusing(_not_asked(webhook))


def _refusing(error: NotConvertible) -> Review:
    """What stands in for a webhook that must not, or cannot, be asked."""

    def review(objects: list[Object], api_version: str) -> list[Object | NotConvertible]:
        return [error] * len(objects)

    return review


def _not_asked(webhook: ConversionWebhook) -> NotConvertible:
    """Why a webhook that only the store names is not asked: whoever wrote the store would be sent its objects."""
    return NotConvertible(
        f"{webhook.name} converts by the webhook {webhook.url}, where objects are sent only if that is allowed",
        hint="`allow_webhooks=True`, or `webhook_url=` for another place",
    )


def _words(given: Any) -> str:
    """What the other side said, as text of a bounded length."""
    text = given if isinstance(given, str) else "" if given is None else str(given)
    return text if len(text) <= _WORDS_LIMIT else f"{text[:_WORDS_LIMIT]}…"


def _batches(objects: list[Object]) -> Iterator[list[Object]]:
    """The objects in order, as many at a time as one review may hold."""
    batch: list[Object] = []
    size = 0
    for one in objects:
        length = len(go_json.dumps(one))
        if batch and (len(batch) == _OBJECTS or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += length
    if batch:
        yield batch
