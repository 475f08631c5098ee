"""
A running apiserver, by a kubeconfig: single requests, and what discovery tells of it.

Knows HTTP and JSON; nothing of kubeconfigs.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from kstore.catalog.mapper import NamedResource
from kstore.catalog.server_flags import ServerFlags
from kstore.errors import SourceError, UsageError
from kstore.http_exchange import ExchangeFailed
from kstore.migrate.kubeconfig import ServerAccess
from kstore.naming import GroupVersion

ANSWER_SECONDS = 60.0
"""How long a whole answer may take; the apiserver gives itself as long (`--request-timeout`)."""
ANSWER_LIMIT = 16 << 20
"""Bytes of an answer that are taken; a page of more is asked for in smaller ones."""
_MOST_GROUPS = 5_000
"""API groups of a server; each is one more request."""
_REASON = 1000
"""Characters of the server's own words that are repeated."""
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class ApiserverRefused(SourceError):
    """
    The apiserver cannot be reached, or answered with an error.

    Args:
        status: its HTTP status, 0 for none.
        is_absent: nobody listens there.
        continue_token: with which a list goes on whose own token has expired (410).
    """

    code = "apiserver"

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        is_absent: bool = False,
        continue_token: str = "",
        where: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status
        self.is_absent = is_absent
        self.continue_token = continue_token


class AnswerTooLarge(ApiserverRefused):
    """An answer of more bytes than are taken."""


def storage_version_hash(group: str, version: str, kind: str) -> str:
    """What discovery tells of a stored version (`apiserver/pkg/endpoints/discovery/storageversionhash.go`)."""
    return base64.b64encode(hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()[:8]).decode()


@contextlib.contextmanager
def understood(server: Apiserver) -> Iterator[None]:
    """
    Where answers are taken apart.

    Raises:
        ApiserverRefused: one has not the members that an apiserver's has.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ApiserverRefused(
            f"its answers are not an apiserver's ({type(error).__name__}: {error})"[:200], where=server.address
        ) from error


class Apiserver:
    """
    A running apiserver, by a kubeconfig.

    Args:
        kubeconfig: the file; empty for kubectl's own default.
        context: one of its contexts; empty for the current one.
        timeout: seconds in which each whole answer must be there.

    Raises:
        UsageError: there is no such file or context, or it cannot be used.
    """

    def __init__(self, kubeconfig: str = "", context: str = "", *, timeout: float = ANSWER_SECONDS) -> None:
        self._access = ServerAccess(kubeconfig, context)
        self.address = self._access.address
        self._http = self._access.client(timeout, ANSWER_LIMIT)

    @property
    def is_verified(self) -> bool:
        """Whether the server's certificate is verified; a kubeconfig can ask that it is not."""
        return self._access.is_verified

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, body: Any = None, *, media: str = JSON, accept: str = JSON) -> Any:
        """
        One request, and its JSON answer.

        Args:
            method: the verb of HTTP.
            path: on the server, and its query.
            body: what is sent, as JSON.
            media: the media type of what is sent.
            accept: the media types of the answer, all of them JSON.

        Raises:
            AnswerTooLarge: the answer is larger than what is taken.
            ApiserverRefused: no answer in time, or no success.
        """
        answer = self.exchange(method, path, body, media=media, accept=accept)
        try:
            return json.loads(answer) if answer else None
        except (ValueError, RecursionError):
            raise ApiserverRefused(f"{method} {path}: the answer is no JSON", where=self.address) from None

    def exchange(self, method: str, path: str, body: Any = None, *, media: str = JSON, accept: str = JSON) -> bytes:
        """As `request`, with the answer as it is sent."""
        headers = {"Accept": accept, "Content-Type": media, **self._access.headers()}
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = self._http.request(method, path, headers=headers, body=content)
        except ExchangeFailed as error:
            if error.kind == "size":
                raise AnswerTooLarge(f"{method} {path}: {error.reason}", where=self.address) from None
            raise ApiserverRefused(
                f"cannot be asked: {error.reason}", is_absent=error.kind == "unreachable", where=self.address
            ) from None
        if answer.status >= 300:
            raise self._refusal(f"{method} {path}", answer.status, answer.body)
        return answer.body

    def _refusal(self, asked: str, status: int, body: bytes) -> ApiserverRefused:
        """What the server said when it refused: the message of its Status, and the token of an expired list."""
        reason, token = body[:_REASON].decode("utf-8", "replace"), ""
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
            said = json.loads(body)
            reason = str(said["message"])[:_REASON]
            token = str((said.get("metadata") or {}).get("continue") or "")
        return ApiserverRefused(f"{asked}: {reason}", status=status, continue_token=token, where=self.address)

    def storage_version_hashes(self) -> dict[str, str]:
        """`resource.group` -> the hash that discovery gives of the version it is stored in (`storageVersionHash`)."""
        found = {}
        with understood(self):
            for prefix, resource in self.resources():
                if resource.get("storageVersionHash"):
                    group = prefix.split("/")[2] if prefix.startswith("/apis/") else ""
                    found[f"{resource['name']}.{group}".rstrip(".")] = resource["storageVersionHash"]
        return found

    def resources(self) -> list[tuple[str, dict[str, Any]]]:
        """
        Every resource that can be listed and patched, each with the path of its preferred version.

        Raises:
            ApiserverRefused: the server failed, or it is no apiserver.
        """
        with understood(self):
            return list(self._resources())

    def _resources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        groups = self.request("GET", "/apis")["groups"]
        if len(groups) > _MOST_GROUPS:
            raise ApiserverRefused(f"it serves {len(groups)} groups, more than any apiserver", where=self.address)
        for prefix in ("/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)):
            try:
                listed = self.request("GET", prefix)["resources"]
            except ApiserverRefused as error:
                if error.status in (404, 503):  # an extension server that does not answer
                    continue
                raise
            for resource in listed:
                if "/" not in resource["name"] and {"list", "patch"} <= set(resource["verbs"]):
                    yield prefix, resource

    def resources_in(self, version: GroupVersion) -> dict[str, dict[str, Any]]:
        """
        The resources of one version, by name; none where it is not served.

        Raises:
            ApiserverRefused: the server failed.
        """
        try:
            listed = self.request("GET", self.prefix_of(version))["resources"]
        except ApiserverRefused as error:
            if error.status == 404:
                return {}
            raise
        return {row["name"]: row for row in listed}

    @staticmethod
    def prefix_of(version: GroupVersion) -> str:
        """The path of a version: `/apis/apps/v1`, `/api/v1`."""
        return f"/apis/{version}" if version.group else f"/api/{version}"

    def started(self) -> tuple[str, ServerFlags]:
        """
        The release that the server is, such as `1.37`, and those that it says it emulates and is compatible with.

        Raises:
            ApiserverRefused: the server failed, or it is no apiserver.
        """
        with understood(self):
            told = self.request("GET", "/version")
            own, emulated, compatible = (_minor(told, prefix) for prefix in ("m", "emulationM", "minCompatibilityM"))
        return own, ServerFlags(emulated, compatible)

    def place(self, wanted: NamedResource) -> tuple[str, dict[str, Any]]:
        """
        Where the server serves a resource.

        Raises:
            UsageError: it does not.
        """
        for prefix, resource in self.resources():
            group = prefix.split("/")[2] if prefix.startswith("/apis/") else ""
            if (group, resource["name"]) == (wanted.group, wanted.resource):
                return prefix, resource
        raise UsageError(f"the apiserver serves no {wanted.resource}.{wanted.group}".rstrip("."), hint=self.address)


def _minor(told: Mapping[str, Any], prefix: str) -> str:
    """One of the versions of `/version`, such as `1.37`; empty where it is not there."""
    if prefix == "m" or told.get(f"{prefix}inor"):
        return f"{told[f'{prefix}ajor']}.{str(told[f'{prefix}inor']).rstrip('+')}"
    return ""


def object_path(prefix: str, resource: Mapping[str, Any], namespace: str, name: str) -> str:
    """
    Where an object is served; names may hold what a URL has other uses for: `ops#1`, `why?x=1`, `100%`.

    Args:
        prefix: the path of the version: `/apis/apps/v1`.
        resource: the resource as discovery has it.
        namespace: the object's; empty where it has none.
        name: the object's.
    """
    space = f"/namespaces/{quote(namespace, safe='')}" if namespace and resource["namespaced"] else ""
    return f"{prefix}{space}/{resource['name']}/{quote(name, safe='')}"


def unchanging_patch(api_version: str, kind: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """
    The merge patch that asks for nothing, of the very object that was read: the in-tree migrator's
    (`pkg/controller/storageversionmigrator/storageversionmigrator.go`, typeMetaUIDRV).
    """
    identity = {name: metadata[name] for name in ("uid", "resourceVersion") if metadata.get(name)}
    return {"apiVersion": api_version, "kind": kind, "metadata": identity}
