"""
A migration through the apiserver: it writes, kstore asks it to and looks at the bytes afterwards.

A server with the StorageVersionMigration API, and its controller, is given one for each resource and watched; any other
is sent, for every object, what that controller sends: a merge patch that asks for nothing, with uid and resourceVersion
(`pkg/controller/storageversionmigrator`). It makes the server write the object anew if its bytes are not what it would
write today.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from kstore.catalog.mapper import NamedResource
from kstore.migrate.apiserver import (
    MERGE_PATCH,
    AnswerTooLarge,
    Apiserver,
    ApiserverRefused,
    object_path,
    unchanging_patch,
    understood,
)
from kstore.write.progress import Stop

_PAGE = 500
_ATTEMPTS = 6
_RETRIED = frozenset({429, 500, 502, 503, 504})
_SETTLED = frozenset({404, 409})
"""Deleted, or written by somebody else meanwhile, which is all that is wanted."""
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""What is patched is named by its metadata; an extension server may not know how to leave out the rest."""
_MIGRATIONS = "/apis/storagemigration.k8s.io"
_POLL = 1.0
_UNCLAIMED = 10.0
"""Seconds after which a StorageVersionMigration that nobody has begun is taken back: no controller runs."""


@dataclass
class Rewritten:
    """What the apiserver did with one resource."""

    resource: str
    objects: int = 0
    """How many objects were patched, or 0 where a StorageVersionMigration did the work."""
    written: int = 0
    """How many of them the server wrote anew."""
    by: str = "updates"
    """`updates` or `StorageVersionMigration`."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Objects that the server would not take, with its reason."""


class ViaApiserver:
    """
    Has an apiserver rewrite resources.

    Args:
        server: the apiserver.
        concurrency: objects that are patched at once.
        timeout: seconds to wait for a StorageVersionMigration that a controller has begun.
        stop: looked at between two objects.
        note: is told what is waited for.
    """

    def __init__(
        self,
        server: Apiserver,
        *,
        concurrency: int = 4,
        timeout: float = 3600,
        stop: Stop | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._server = server
        self._note = note
        self._concurrency = concurrency
        self._timeout = timeout
        self._stop = stop or Stop()
        self._has_controller = True  # until a migration of the server's own is not taken up

    def rewrite(self, wanted: NamedResource, namespace: str = "") -> Rewritten:
        """
        Have all objects of a resource written as the server writes them today.

        Raises:
            ApiserverRefused: the server failed.
            UsageError: it does not serve the resource.
        """
        with understood(self._server):
            return self._rewrite(wanted, namespace)

    def _rewrite(self, wanted: NamedResource, namespace: str) -> Rewritten:
        prefix, resource = self._server.place(wanted)
        result = Rewritten(f"{wanted.resource}.{wanted.group}".rstrip("."))
        version = self._migration_version() if self._has_controller else ""
        if version and not namespace and self._by_migration(version, wanted, prefix.rpartition("/")[2], result):
            return result
        self._by_updates(prefix, resource, namespace, result)
        return result

    # ---- by the server's own controller

    def _migration_version(self) -> str:
        """The version of StorageVersionMigration that is served, or empty."""
        try:
            return str(self._server.request("GET", _MIGRATIONS)["preferredVersion"]["groupVersion"])
        except ApiserverRefused as error:
            if error.status == 404:
                return ""
            raise

    def _by_migration(self, version: str, wanted: NamedResource, served: str, result: Rewritten) -> bool:
        """Create a StorageVersionMigration and watch it; False where nobody takes it up."""
        collection = f"/apis/{version}/storageversionmigrations"
        place: dict[str, str] = {"group": wanted.group, "resource": wanted.resource}
        if version.endswith("v1alpha1"):
            place["version"] = served
        body = {
            "apiVersion": version,
            "kind": "StorageVersionMigration",
            "metadata": {"generateName": f"kstore-{wanted.resource}-"},
            "spec": {"resource": place},
        }
        name = self._server.request("POST", collection, body)["metadata"]["name"]
        self._note(f"{result.resource}: waiting for the server's StorageVersionMigration {name}")
        began = time.monotonic()
        while not self._stop.wait(_POLL):
            conditions = self._conditions(f"{collection}/{name}")
            waited = time.monotonic() - began
            if "Succeeded" in conditions:
                result.by = "StorageVersionMigration"
                return True
            if "Failed" in conditions:
                raise ApiserverRefused(
                    f"the StorageVersionMigration {name} failed: {conditions['Failed']}", where=self._server.address
                )
            if not conditions and waited > _UNCLAIMED:
                self._server.request("DELETE", f"{collection}/{name}")
                self._note("no controller takes it up: every object is patched instead")
                self._has_controller = False
                return False
            if waited > self._timeout:
                raise ApiserverRefused(
                    f"the StorageVersionMigration {name} is not done after {waited:.0f} s",
                    where=self._server.address,
                    hint=f"it goes on by itself: kubectl get storageversionmigration {name} -o yaml",
                )
        return True

    def _conditions(self, path: str) -> dict[str, str]:
        """The conditions of a StorageVersionMigration that are true, with their messages."""
        status = self._server.request("GET", path).get("status") or {}
        return {
            one["type"]: one.get("message", "") for one in status.get("conditions") or () if one["status"] == "True"
        }

    # ---- by updates that change nothing

    def _by_updates(self, prefix: str, resource: dict[str, Any], namespace: str, result: Rewritten) -> None:
        inner = f"{prefix}/namespaces/{quote(namespace, safe='')}" if namespace and resource["namespaced"] else prefix
        with ThreadPoolExecutor(self._concurrency) as pool:
            for page in self._pages(f"{inner}/{resource['name']}"):
                if self._stop.asked:
                    return
                result.objects += len(page)
                result.written += sum(pool.map(lambda one: self._update(prefix, resource, one, result), page))

    def _pages(self, path: str) -> Iterator[list[dict[str, Any]]]:
        """
        Yield the metadata of all objects of a list.

        A token lives as long as the server's etcd holds the list's revision; the 410 that says it does not any more has
        one with which the rest is read as it is by now (`apiserver/pkg/storage/etcd3/errors.go`,
        handleCompactedErrorForPaging).
        """
        following, limit, expired = "", _PAGE, False
        before = ""
        while True:
            query = {"limit": str(limit), **({"continue": following} if following else {})}
            try:
                answer = self._server.request("GET", f"{path}?{urlencode(query)}", accept=_METADATA_ONLY)
            except AnswerTooLarge:
                if limit == 1:
                    raise
                limit = max(limit // 8, 1)
                continue
            except ApiserverRefused as error:
                if error.status != 410 or not error.continue_token or expired:
                    raise
                following, expired = error.continue_token, True
                continue
            expired = False
            yield [item["metadata"] for item in answer["items"]]
            before, following = following, answer["metadata"].get("continue") or ""
            if not following:
                return
            if following == before or not answer["items"]:
                raise ApiserverRefused(f"GET {path}: the list does not go on", where=self._server.address)

    def _update(self, prefix: str, resource: dict[str, Any], metadata: dict[str, Any], result: Rewritten) -> bool:
        """Ask for an update of one object that changes nothing; whether the server wrote it anew."""
        path = object_path(prefix, resource, metadata.get("namespace") or "", metadata["name"])
        api_version = prefix.removeprefix("/apis/").removeprefix("/api/")
        patch = unchanging_patch(api_version, resource["kind"], metadata)
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._server.request("PATCH", f"{path}?fieldManager=kstore", patch, media=MERGE_PATCH)
                return bool(answer["metadata"]["resourceVersion"] != metadata["resourceVersion"])
            except ApiserverRefused as error:
                if error.status in _SETTLED:
                    return False
                if not error.status and not (error.is_absent and attempt < _ATTEMPTS - 1):
                    raise  # it would cost as long for each of the others
                if error.status and (error.status not in _RETRIED or attempt == _ATTEMPTS - 1):
                    result.refused.append((path, error.message))
                    return False
                if self._stop.wait(0.1 * 2**attempt):
                    return False
        return False
