"""
A CRD's conversion webhook, asked over HTTPS: a ConversionReview out, one back.

Knows the review's two versions and how the server is trusted; whether the objects in the answer may be accepted is
`custom.py`'s business. (apiextensions-apiserver, `pkg/apiserver/conversion/webhook_converter.go`)
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kstore.decode.json import go_json
from kstore.errors import NotConvertible

_REVIEW_VERSIONS = ("v1", "v1beta1")
_OBJECTS, _BYTES = 100, 4 << 20
"""How much one review holds, so that neither side must keep a whole resource in memory."""
_ANSWER_LIMIT = 64 << 20
"""Bytes of an answer that are read; a webhook that sends more is broken."""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ConversionWebhook:
    """
    A webhook, as a `Review` for `CustomConverter`.

    Args:
        name: the CRD's name, for errors.
        url: where it listens.
        certificate_authority: PEM certificates that its server is verified with; empty for the system's own.
        review_versions: those that the webhook understands, the preferred one first.
        timeout: seconds to wait for an answer.
    """

    name: str
    url: str
    certificate_authority: str = ""
    review_versions: tuple[str, ...] = ("v1",)
    timeout: float = 30

    @staticmethod
    def of(name: str, webhook: Mapping[str, Any], *, url: str = "") -> ConversionWebhook:
        """
        The webhook of a CRD.

        Args:
            name: the CRD's name.
            webhook: its `spec.conversion.webhook`.
            url: used instead of the CRD's own, which is often a service's name that only the cluster resolves.

        Raises:
            NotConvertible: the CRD says neither a URL nor a service, or wants a review that nobody knows.
        """
        client = webhook.get("clientConfig") or {}
        service = client.get("service") or {}
        if not url:
            url = client.get("url") or ""
        if not url and service:
            path = "/" + str(service.get("path") or "").lstrip("/")
            url = f"https://{service.get('name')}.{service.get('namespace')}.svc:{service.get('port') or 443}{path}"
        if not url:
            raise NotConvertible(
                f"{name} converts by a webhook, and does not say where it is", hint="--webhook-url URL"
            )
        authority = base64.b64decode(client.get("caBundle") or "").decode("ascii", "replace").strip()
        wanted = webhook.get("conversionReviewVersions") or ("v1beta1",)
        known = tuple(version for version in wanted if version in _REVIEW_VERSIONS)
        if not known:
            raise NotConvertible(
                f"{name}: the webhook understands ConversionReview {', '.join(wanted)}, kstore v1 and v1beta1"
            )
        return ConversionWebhook(name, url, authority, known)

    def __call__(self, objects: list[Object], api_version: str) -> list[Object]:
        """
        The objects in another version, as the webhook has them, in order.

        Raises:
            NotConvertible: it cannot be reached, or does not answer as a conversion webhook answers.
        """
        return [one for batch in _batches(objects) for one in self._review(batch, api_version)]

    def _review(self, objects: list[Object], api_version: str) -> list[Object]:
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
            raise self._fault(f"answered with {answer.get('apiVersion')} {answer.get('kind')}, expected a review of v1")
        if version == "v1" and found.get("uid") != uid:
            raise self._fault(f"answered another request: uid {found.get('uid')!r}, expected {uid!r}")
        result = found.get("result") or {}
        if result.get("status") != "Success":
            raise self._fault(result.get("message") or f"result.status is {result.get('status')!r}, not 'Success'")
        converted = found.get("convertedObjects") or []
        if len(converted) != len(objects):
            raise self._fault(f"returned {len(converted)} objects, expected {len(objects)}")
        return list(converted)

    def _post(self, body: bytes) -> dict[str, Any]:
        place = urlsplit(self.url)
        if place.scheme != "https" or not place.hostname:
            raise self._fault("a webhook's URL begins with https://")
        try:
            connection = http.client.HTTPSConnection(
                place.hostname, place.port or 443, timeout=self.timeout, context=self._trust()
            )
            try:
                path = (place.path or "/") + (f"?{place.query}" if place.query else "")
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read(_ANSWER_LIMIT + 1)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise self._fault(f"{self.url} cannot be asked: {error}") from error
        if response.status != 200:
            raise self._fault(f"{self.url} answered {response.status} {response.reason}")
        if len(text) > _ANSWER_LIMIT:
            raise self._fault(f"{self.url} answered with more than {_ANSWER_LIMIT >> 20} MiB")
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise self._fault(f"{self.url} answered with no JSON: {error}") from error
        if not isinstance(answer, dict):
            raise self._fault(f"{self.url} answered with no object")
        return answer

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cadata=self.certificate_authority or None)
        except (ssl.SSLError, ValueError) as error:
            raise self._fault(f"the CRD's caBundle is no certificate: {error}") from error

    def _fault(self, message: str) -> NotConvertible:
        return NotConvertible(f"conversion webhook of {self.name}: {message}", hint="--webhook-url URL asks another")


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
