"""
A migration through the apiserver: it writes, kstore asks it to and looks at the bytes afterwards.

A server with the StorageVersionMigration API, and its controller, is given one for each resource and watched; any other
is sent every object back as it was read, which makes it write the object anew if its bytes are not what it would
write today. The only module that knows the `kubernetes` client.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from kstore.catalog.mapper import NamedResource
from kstore.errors import KstoreError, SourceError, UsageError
from kstore.http_exchange import ExchangeFailed, HttpClient, verifying_context
from kstore.write.progress import Stop

_PAGE = 500
ANSWER_SECONDS = 60.0
"""How long a whole answer may take; the apiserver gives itself as long (`--request-timeout`)."""
_ANSWER_LIMIT = 64 << 20
"""Bytes of an answer that are taken; a page of more is asked for in smaller ones."""
_REASON = 1000
"""Characters of the server's own words that are repeated."""
_ATTEMPTS = 6
_RETRIED = frozenset({409, 429, 500, 502, 503, 504})
_MIGRATIONS = "/apis/storagemigration.k8s.io"
_POLL = 1.0
_UNCLAIMED = 10.0
"""Seconds after which a StorageVersionMigration that nobody has begun is taken back: no controller runs."""


class ApiserverRefused(SourceError):
    """
    The apiserver cannot be reached, or answered with an error.

    Args:
        status: its HTTP status, 0 for none.
        is_absent: nobody listens there.
    """

    code = "apiserver"

    def __init__(
        self, message: str, *, status: int = 0, is_absent: bool = False, where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status
        self.is_absent = is_absent


class AnswerTooLarge(ApiserverRefused):
    """An answer of more bytes than are taken."""


def storage_version_hash(group: str, version: str, kind: str) -> str:
    """What discovery tells of a stored version (`apiserver/pkg/endpoints/discovery/storageversionhash.go`)."""
    return base64.b64encode(hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()[:8]).decode()


@dataclass
class Rewritten:
    """What the apiserver did with one resource."""

    resource: str
    objects: int = 0
    """How many objects were sent back, or 0 where a StorageVersionMigration did the work."""
    written: int = 0
    """How many of them the server wrote anew."""
    by: str = "updates"
    """`updates` or `StorageVersionMigration`."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Objects that the server would not take, with its reason."""


@contextlib.contextmanager
def _understood(server: Apiserver) -> Iterator[None]:
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
        from kubernetes import config

        try:
            connect: Any = config.new_client_from_config
            self._client = connect(config_file=kubeconfig or None, context=context or None)
        except Exception as error:  # the client raises whatever its YAML reader does
            raise UsageError(f"the kubeconfig cannot be used: {error}", hint="--kubeconfig FILE") from error
        self.address: str = self._client.configuration.host
        self._http = _http_client(self._client.configuration, timeout)

    @property
    def is_verified(self) -> bool:
        """Whether the server's certificate is verified; a kubeconfig can ask that it is not."""
        return bool(self._client.configuration.verify_ssl) or not self.address.startswith("https:")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """
        One request, and its JSON answer.

        Raises:
            AnswerTooLarge: the answer is larger than what is taken.
            ApiserverRefused: no answer in time, or no success.
        """
        settings = self._client.configuration.auth_settings().values()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        headers |= {one["key"]: one["value"] for one in settings if one["in"] == "header"}
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
            reason = answer.body[:_REASON].decode("utf-8", "replace")
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                reason = str(json.loads(answer.body)["message"])[:_REASON]
            raise ApiserverRefused(f"{method} {path}: {reason}", status=answer.status, where=self.address)
        try:
            return json.loads(answer.body) if answer.body else None
        except (ValueError, RecursionError):
            raise ApiserverRefused(f"{method} {path}: the answer is no JSON", where=self.address) from None

    def storage_version_hashes(self) -> dict[str, str]:
        """`resource.group` -> the hash that discovery gives of the version it is stored in (`storageVersionHash`)."""
        found = {}
        with _understood(self):
            for prefix, resource in self.resources():
                if resource.get("storageVersionHash"):
                    group = prefix.split("/")[2] if prefix.startswith("/apis/") else ""
                    found[f"{resource['name']}.{group}".rstrip(".")] = resource["storageVersionHash"]
        return found

    def resources(self) -> list[tuple[str, dict[str, Any]]]:
        """
        Every resource that can be listed and updated, each with the path of its preferred version.

        Raises:
            ApiserverRefused: the server failed, or it is no apiserver.
        """
        with _understood(self):
            return list(self._resources())

    def _resources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        groups = self.request("GET", "/apis")["groups"]
        for prefix in ("/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)):
            try:
                listed = self.request("GET", prefix)["resources"]
            except ApiserverRefused as error:
                if error.status in (404, 503):  # an extension server that does not answer
                    continue
                raise
            for resource in listed:
                if "/" not in resource["name"] and {"list", "update"} <= set(resource["verbs"]):
                    yield prefix, resource

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


def _http_client(configuration: Any, timeout: float) -> HttpClient:
    """
    A client for the server of a kubeconfig.

    Its own client waits anew for every byte, so it only reads the kubeconfig.

    Raises:
        UsageError: certificates or a proxy that cannot be used.
    """
    from kubernetes.client.rest import should_bypass_proxies

    try:
        tls = verifying_context(cafile=configuration.ssl_ca_cert or None)
        if configuration.cert_file:
            tls.load_cert_chain(configuration.cert_file, configuration.key_file)
        if not configuration.verify_ssl:
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
        proxy = configuration.proxy
        if proxy and should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
            proxy = ""
        return HttpClient(
            configuration.host.rstrip("/"),
            tls=tls,
            timeout=timeout,
            limit=_ANSWER_LIMIT,
            server_name=configuration.tls_server_name or "",
            proxy=proxy or "",
            keep_alive=True,
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"the kubeconfig cannot be used: {error}", hint="--kubeconfig FILE") from error


class ViaApiserver:
    """
    Has an apiserver rewrite resources.

    Args:
        server: the apiserver.
        concurrency: objects that are sent back at once.
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
        with _understood(self._server):
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
                self._note("no controller takes it up: every object is sent back instead")
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
        inner = f"{prefix}/namespaces/{namespace}" if namespace and resource["namespaced"] else prefix
        api_version = prefix.removeprefix("/apis/").removeprefix("/api/")
        with ThreadPoolExecutor(self._concurrency) as pool:
            for page in self._pages(f"{inner}/{resource['name']}"):
                if self._stop.asked:
                    return
                for item in page:
                    item["apiVersion"], item["kind"] = api_version, resource["kind"]
                result.objects += len(page)
                result.written += sum(pool.map(lambda one: self._update(prefix, resource, one, result), page))

    def _pages(self, path: str) -> Iterator[list[dict[str, Any]]]:
        following, limit = "", _PAGE
        while True:
            query = f"?limit={limit}" + (f"&continue={following}" if following else "")
            try:
                answer = self._server.request("GET", path + query)
            except AnswerTooLarge:
                if limit == 1:
                    raise
                limit = max(limit // 8, 1)
                continue
            yield answer["items"]
            following = answer["metadata"].get("continue") or ""
            if not following:
                return

    def _update(self, prefix: str, resource: dict[str, Any], item: dict[str, Any], result: Rewritten) -> bool:
        """Send one object back as it was read, on a conflict as it is now; whether the server wrote it anew."""
        metadata = item["metadata"]
        space = f"/namespaces/{metadata['namespace']}" if metadata.get("namespace") else ""
        path = f"{prefix}{space}/{resource['name']}/{metadata['name']}"
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._server.request("PUT", path, item)
                return bool(answer["metadata"]["resourceVersion"] != metadata["resourceVersion"])
            except ApiserverRefused as error:
                if error.status == 404:
                    return False
                if error.status not in _RETRIED or attempt == _ATTEMPTS - 1:
                    result.refused.append((path, error.message))
                    return False
                if self._stop.wait(0.1 * 2**attempt):
                    return False
                if error.status == 409:
                    try:
                        item = self._server.request("GET", path)
                        metadata = item["metadata"]
                    except KstoreError:
                        return False
        return False
