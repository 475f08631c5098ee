"""
How a migration was asked for: enough, with the store and the release, to plan it again.

Goes into the journal's first line, from which `resume` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from kstore.catalog.mapper import NamedResource
from kstore.codec import StoredObject
from kstore.customresource.webhook import Webhooks
from kstore.decode.projection import Projection
from kstore.errors import JournalError, NotConvertible, UsageError
from kstore.migrate.plan import EncryptionPlanner, Planner, VersionPlanner
from kstore.migrate.server import server_of
from kstore.migrate.targets import OnlyStoredIn, ReleaseTargets, Targets, VersionTargets
from kstore.naming import GroupVersion, GroupVersionKind, parse_group_version
from kstore.store import Store


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be rewritten, and into what."""

    release: str
    """Whose rules are followed."""
    to: tuple[str, ...] = ()
    """`--to`, as `group/version`; empty with `to_release` for that release's storage versions."""
    to_release: str = ""
    encrypt: bool = False
    """Encrypt again instead of converting."""
    resources: tuple[str, ...] = ()
    """Only these, in kubectl's words; empty for all that the target concerns."""
    namespace: str = ""
    selector: str = ""
    only_stored_version: str = ""
    media_type: str = ""
    drop_unknown_fields: bool = False
    webhook_url: str = ""
    allow_webhooks: bool = False
    """Whether objects may be sent to the conversion webhooks that the store's CRDs name."""
    assume_version: str = ""
    """`group/version` that custom objects are read in whose own version has left their CRD."""
    field_selector: str = ""
    where: str = ""
    service_family: str = ""
    """`IPv4` or `IPv6`, the family that the server's Services have first; empty where the store is to say it."""
    server_flags: tuple[str, ...] = ()
    """How the release's server is started: `--emulated-version=1.36`."""

    def header(self) -> dict[str, Any]:
        """The request for a journal's first line."""
        return {"request": asdict(self)}

    @staticmethod
    def of(header: Mapping[str, Any], where: str = "") -> Request:
        """
        The request of a journal, or of a saved plan.

        Args:
            header: its first line.
            where: the file.

        Raises:
            JournalError: the header holds none, or one of another shape.
        """
        stored = header.get("request")
        known: dict[str, Any] = {}
        for one in fields(Request):
            # what has a default may be newer than the file
            default = "" if one.default is MISSING else one.default
            value = stored.get(one.name, one.default) if isinstance(stored, dict) else MISSING
            if isinstance(default, tuple) and isinstance(value, list):
                value = tuple(value) if all(isinstance(word, str) for word in value) else MISSING
            if type(value) is not type(default):
                raise JournalError(
                    f"the first line does not say what was asked for: `{one.name}` in its `request` is missing, or not "
                    f"of its kind",
                    where=where,
                    hint="use the kstore that wrote it",
                )
            known[one.name] = value
        return Request(**known)

    @property
    def asks_webhooks(self) -> bool:
        """Whether objects may be sent to conversion webhooks: to those of CRDs, or to the place that was named."""
        return bool(self.allow_webhooks or self.webhook_url)

    @property
    def is_whole(self) -> bool:
        """Whether all objects of a resource are taken, not a part of them."""
        return not (self.namespace or self.selector or self.only_stored_version or self.field_selector or self.where)


class Selection:
    """
    A request on a store: which keys it concerns, and what is planned for them.

    Args:
        store: read with the request's release.
        request: what was asked for.
        wanted: the request's conditions on objects, understood.
        projection: what they look at.
        processes: how many may convert at once.

    Raises:
        UsageError: the request names no target, or one that cannot be; or the store is read with another release.
    """

    def __init__(
        self,
        store: Store,
        request: Request,
        wanted: Callable[[StoredObject], bool],
        *,
        projection: Projection,
        processes: int = 1,
    ) -> None:
        release = store.codec.scheme.release
        if request.release != release.name:
            raise UsageError(f"a migration by the rules of {request.release}, of a store that is read by {release}")
        self._projection = projection
        self._store = store
        self._request = request
        self._wanted = wanted
        self._processes = processes
        self.definitions = store.definitions_asking(Webhooks(request.allow_webhooks, request.webhook_url))
        """The CRDs that custom objects are converted by."""
        self.targets: Targets | None = None if request.encrypt else self._targets()

    def _targets(self) -> Targets:
        scheme = self._store.codec.scheme
        targets: Targets
        if self._request.to:
            groups = frozenset(one.group for one in self._store.custom_resources)
            targets = VersionTargets(scheme, tuple(map(parse_group_version, self._request.to)), groups)
        elif self._request.to_release:
            targets = ReleaseTargets(scheme)
        else:
            raise UsageError("a target version is required", hint="`to='apps/v1'`, or `to_release='1.37'`")
        if self._request.only_stored_version:
            return OnlyStoredIn(targets, self._request.only_stored_version)
        return targets

    def planner(self) -> Planner:
        """What decides about each record."""
        if self.targets is None:
            return EncryptionPlanner(self._store.codec, wanted=self._wanted, projection=self._projection)
        return VersionPlanner(
            self._store.codec,
            self.targets,
            media_type=self._request.media_type,
            assume_version=self._assumed(),
            drop_unknown_fields=self._request.drop_unknown_fields,
            custom_converter=self.definitions.converter,
            wanted=self._wanted,
            projection=self._projection,
            server=server_of(self._store, self._request.service_family),
            processes=self._processes,
        )

    def _assumed(self) -> GroupVersion | None:
        """
        The version of a CRD that objects of a version which has left it are read in.

        Raises:
            UsageError: no CRD of the store has it.
        """
        if not self._request.assume_version:
            return None
        assumed = parse_group_version(self._request.assume_version)
        if not any(one.has_version(assumed) for one in self._store.custom_resources):
            raise UsageError(
                f"no CRD of the store has {assumed}", hint="`assume_version=` names a version that the CRD has now"
            )
        return assumed

    # ---- which keys

    def prefixes(self) -> list[bytes]:
        """
        The key prefixes that are read, in key order, none within another.

        Raises:
            UnknownResource: a resource that the request names does not exist.
        """
        request, store = self._request, self._store
        if not request.resources and not request.to and not request.namespace:
            return [f"{store.prefix}/".encode()]
        found: list[bytes] = []
        places = {store.key_of(one, request.namespace if one.namespaced else "") for one in self.resources()}
        for prefix in sorted(places):
            if not found or not prefix.startswith(found[-1]):
                found.append(prefix)
        return found

    def resources(self) -> list[NamedResource]:
        """
        The resources that the request concerns.

        Raises:
            UnknownResource: a resource that the request names does not exist.
        """
        request, store = self._request, self._store
        if request.resources:
            chosen = [one for name in request.resources for one in store.resources(name)]
        elif request.to:
            chosen = [one for one in store.mapper.resources if self._concerns(one)]
        else:
            chosen = list(store.mapper.resources)
        return [one for one in chosen if one.namespaced] if request.namespace else chosen

    def target_of(self, resource: NamedResource) -> GroupVersion | None:
        """The version in which objects of a resource are to be stored; None where that is not decided by kind."""
        if self.targets is None or not resource.versions:
            return None
        name = GroupVersionKind(resource.group, resource.versions[0], resource.kind)
        if not self._store.codec.scheme.catalog.has_kind(name):
            return None
        try:
            return self.targets.built_in(name)
        except NotConvertible:
            return None

    def _concerns(self, resource: NamedResource) -> bool:
        """Whether an object of the resource could be had in one of the wanted versions."""
        wanted = {parse_group_version(text) for text in self._request.to}
        if any(one.group == resource.group and one.version in resource.versions for one in wanted):
            return True
        scheme = self._store.codec.scheme
        for version in resource.versions:
            name = GroupVersionKind(resource.group, version, resource.kind)
            if scheme.catalog.has_kind(name) and any(one.group_version in wanted for one in scheme.targets(name)):
                return True
        return False
