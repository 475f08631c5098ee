"""
A client of an apiserver in plain http.client: objects as dicts, verbs as methods.

Knows HTTP and how a path is made of group, version and resource; knows nothing of what an object means.
"""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any
from urllib.parse import quote


class ApiError(Exception):
    """An answer that is no success; `status` is the HTTP status, `body` what the server said."""

    def __init__(self, status: int, body: str, request: str) -> None:
        super().__init__(f"{request}: {status} {body[:500]}")
        self.status = status
        self.body = body


class Client:
    """
    Ask one apiserver.

    Args:
        host: where it listens.
        port: its secure port.
        token: a bearer token.
        context: how to trust its certificate.
    """

    def __init__(self, host: str, port: int, token: str, context: ssl.SSLContext) -> None:
        self._address = (host, port)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._context = context
        self._connection: http.client.HTTPSConnection | None = None
        self._resources: dict[str, dict[str, Any]] = {}

    def request(self, method: str, path: str, body: Any = None, *, media: str = "application/json") -> Any:
        """
        One request, its JSON answer.

        Raises:
            ApiError: the server did not answer with success.
        """
        text = self.raw(method, path, None if body is None else _compact(body), media=media)
        return json.loads(text) if text else None

    def raw(self, method: str, path: str, body: bytes | None = None, *, media: str, accept: str = "") -> bytes:
        """One request with bytes in and out."""
        headers = {**self._headers, "Content-Type": media, "Accept": accept or "application/json"}
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(*self._address, context=self._context, timeout=60)
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            self._connection = None
            raise
        if answer.status >= 300:
            raise ApiError(answer.status, text.decode(errors="replace"), f"{method} {path}")
        return text

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of an object, or of its list without a name; the resource is asked of discovery."""
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if api_version not in self._resources:
            listed = self.request("GET", base)["resources"]
            self._resources[api_version] = {row["kind"]: row for row in listed if "/" not in row["name"]}
        if kind not in self._resources[api_version]:
            del self._resources[api_version]
            raise KeyError(f"{api_version} serves no {kind}")
        resource = self._resources[api_version][kind]
        parts = [base]
        if resource["namespaced"]:
            parts += ["namespaces", namespace or "default"]
        parts.append(resource["name"])
        if name:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)

    def path_of(self, manifest: dict[str, Any], subresource: str = "", *, named: bool = True) -> str:
        """The path of the object that a manifest describes, or of the list it belongs in."""
        metadata = manifest["metadata"]
        name = metadata["name"] if named else ""
        return self.path(manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), name, subresource)

    def create(self, manifest: dict[str, Any], *, manager: str = "kstore") -> Any:
        """POST a manifest; the created object."""
        return self.request("POST", f"{self.path_of(manifest, named=False)}?fieldManager={manager}", manifest)

    def get(self, manifest: dict[str, Any]) -> Any:
        """The object that a manifest names."""
        return self.request("GET", self.path_of(manifest))

    def merge(self, manifest: dict[str, Any], change: Any, subresource: str = "", *, manager: str = "kstore") -> Any:
        """Merge-patch the object that a manifest names, or one of its subresources; the changed object."""
        path = f"{self.path_of(manifest, subresource)}?fieldManager={manager}"
        return self.request("PATCH", path, change, media="application/merge-patch+json")

    def delete(self, manifest: dict[str, Any]) -> Any:
        """DELETE the object that a manifest names."""
        return self.request("DELETE", self.path_of(manifest))


def _compact(body: Any) -> bytes:
    """JSON as Kubernetes' own clients send it: what a server keeps as raw text is compared byte by byte."""
    return json.dumps(body, separators=(",", ":")).encode()
