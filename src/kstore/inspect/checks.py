"""
What can be wrong with a store, as one table: a rule and a function each.

A function either looks at every record as it passes, or concludes when all have passed. It yields what it found: what
it is about, the key, the detail, and the command that mends it. Which release is meant, the survey knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kstore.catalog.custom import CustomResource
from kstore.catalog.releases import minor_of
from kstore.codec import StoredObject, Undecodable
from kstore.errors import EncryptionError, KeyMissing, KstoreError, NotConvertible, UnknownFields, UnknownKind
from kstore.inspect.findings import ERROR, NOTE, SEVERITIES, WARNING, Finding, Rule
from kstore.inspect.survey import Seen, Survey, members_of, metadata_of
from kstore.naming import GroupResource

_FULL = 0.8
"""A database that takes more of its quota than this is nearly full."""


@dataclass(frozen=True, slots=True)
class Found:
    """One place where something is wrong."""

    subject: str
    command: str
    key: str
    detail: str = ""


Look = Callable[[Seen, Survey], Iterable[Found]]
Conclude = Callable[[Survey], Iterable[Found]]


def _damaged(seen: Seen, survey: Survey) -> Iterator[Found]:
    read = seen.read
    if isinstance(read, Undecodable) and not isinstance(read.error, EncryptionError | UnknownKind):
        yield Found(seen.home.label, f"kstore history {seen.key}; kstore delete {seen.key}", seen.key, str(read.error))


def _unopened(seen: Seen, survey: Survey) -> Iterator[Found]:
    read = seen.read
    if (
        isinstance(read, Undecodable)
        and isinstance(read.error, EncryptionError)
        and not (isinstance(read.error, KeyMissing) and survey.store.codec.transformers is None)
    ):
        yield Found(seen.home.label, read.error.hint or f"kstore delete {seen.key}", seen.key, read.error.message)


def _sealed(seen: Seen, survey: Survey) -> Iterator[Found]:
    read = seen.read
    if isinstance(read, Undecodable) and read.seal is not None and survey.store.codec.transformers is None:
        yield Found(str(read.seal), "kstore check --encryption-provider-config FILE", seen.key)


def _unknown_to_target(seen: Seen, survey: Survey) -> Iterator[Found]:
    read = seen.read
    if isinstance(read, Undecodable):
        if isinstance(read.error, UnknownKind):
            yield Found("unknown kind", f"kstore get {seen.key} -o storage", seen.key, read.error.message)
    elif isinstance(seen.home.resource, CustomResource):
        if read.gvk.version not in seen.home.resource.versions and seen.home.resource.definition is not None:
            yield Found(
                f"{read.gvk} is no version of its CRD", f"kstore migrate {seen.home.label} --to "
                f"{seen.home.resource.group}/{seen.home.resource.storage_version}", seen.key,
            )  # fmt: skip
    elif survey.catalog.has_kind(read.gvk) and not survey.catalog.holds(read.gvk):
        scheme = survey.store.codec.scheme
        others = [one.group_version for one in scheme.targets(read.gvk) if survey.catalog.holds(one)]
        stored_as = scheme.stored_as(read.gvk)
        command = (
            f"kstore migrate {seen.home.label} --to {stored_as if stored_as in others else others[-1]}"
            if others
            else f"kstore get {seen.key} > kept.yaml; kstore delete {seen.key}"
        )
        yield Found(f"{read.gvk} is not in {survey.release}", command, seen.key)


def _lossy(seen: Seen, survey: Survey) -> Iterator[Found]:
    read = seen.read
    if isinstance(read, Undecodable) or not survey.catalog.holds(read.gvk):
        return
    try:
        survey.store.codec.convert_typed(read.plain)
    except UnknownFields as error:
        yield Found(
            f"{read.gvk}, fields that {survey.release} does not know",
            f"kstore get {seen.key} -o storage", seen.key, ", ".join(error.paths),
        )  # fmt: skip
    except NotConvertible as error:
        yield Found(
            f"{read.gvk}, refused by a rule of {survey.release}", f"kstore edit {seen.key}", seen.key, error.message
        )
    except KstoreError as error:
        yield Found(f"{read.gvk}, not convertible", f"kstore get {seen.key} -o storage", seen.key, str(error))


def _version_state(seen: Seen, survey: Survey) -> str:
    """`removed` or `deprecated` for a built-in object's stored version in the target release, or empty."""
    read = seen.read
    if isinstance(read, Undecodable) or not survey.catalog.holds(read.gvk):
        return ""
    if read.gvk.group_version == survey.store.codec.scheme.stored_as(read.gvk):
        return ""  # the release itself stores it so
    kind = survey.catalog.kind(read.gvk)
    for state in ("removed", "deprecated"):
        since = getattr(kind, state)
        if since and minor_of(since) <= survey.release.minor:
            return state
    return ""


def _in_state(state: str) -> Look:
    def look(seen: Seen, survey: Survey) -> Iterator[Found]:
        if _version_state(seen, survey) == state and isinstance(seen.read, StoredObject):
            kind = survey.catalog.kind(seen.read.gvk)
            instead = f", use {kind.replacement}" if kind.replacement else ""
            yield Found(
                f"{seen.read.gvk}, {state} in {getattr(kind, state)}{instead}",
                f"kstore migrate {seen.home.label} --to-release {survey.release}", seen.key,
            )  # fmt: skip

    return look


def _other_version(seen: Seen, survey: Survey) -> Iterator[Found]:
    read = seen.read
    if isinstance(read, Undecodable):
        return
    if isinstance(seen.home.resource, CustomResource):
        wanted, is_known = seen.home.resource.storage_version, seen.home.resource.definition is not None
        if is_known and wanted and read.gvk.version != wanted and read.gvk.version in seen.home.resource.versions:
            target = f"{seen.home.resource.group}/{wanted}"
            command = f"kstore migrate {seen.home.label} --to {target}"
            yield Found(f"{read.gvk}, the CRD stores {wanted}", command, seen.key)
    elif survey.catalog.holds(read.gvk) and not _version_state(seen, survey):
        target_version = survey.store.codec.scheme.stored_as(read.gvk)
        if target_version is not None and target_version != read.gvk.group_version:
            yield Found(
                f"{read.gvk}, {survey.release} stores {target_version}",
                f"kstore migrate {seen.home.label} --to-release {survey.release}", seen.key,
            )  # fmt: skip


def _crd_versions(survey: Survey) -> Iterator[Found]:
    for name, resource in survey.custom.items():
        listed = ((resource.definition or {}).get("status") or {}).get("storedVersions") or []
        really = survey.stored_versions.get(name, Counter())
        for version, count in really.items():
            if version not in listed:
                yield Found(
                    f"{name}: {count} stored as {version}", "kstore crds", name,
                    f"status.storedVersions says {', '.join(listed) or 'nothing'}",
                )  # fmt: skip


def _crd_prunable(survey: Survey) -> Iterator[Found]:
    for name, resource in survey.custom.items():
        listed = ((resource.definition or {}).get("status") or {}).get("storedVersions") or []
        really = survey.stored_versions.get(name, Counter())
        idle = [one for one in listed if one != resource.storage_version and one not in really]
        if idle:
            yield Found(
                f"{name}: {', '.join(idle)}", "kstore crds", name,
                f"no object is stored so; the CRD stores {resource.storage_version}",
            )  # fmt: skip


def _misplaced(seen: Seen, survey: Survey) -> Iterator[Found]:
    resource = seen.home.resource
    if isinstance(seen.read, Undecodable) or resource is None:
        return
    metadata = metadata_of(seen.read)
    name = metadata.get("name")
    place = survey.store.place(seen.read.record.key)
    if place is None or not name:
        return
    if name != place.name or (resource.namespaced and metadata.get("namespace", "") != place.namespace):
        inside = "/".join(filter(None, (str(metadata.get("namespace") or ""), str(name))))
        yield Found(seen.home.label, f"kstore get {seen.key}", seen.key, f"the object calls itself {inside}")


def _transformer(seen: Seen, survey: Survey) -> tuple[str, bool] | None:
    """Who seals the resource's values now, by the configuration, and whether it is the first provider's key."""
    transformers, resource = survey.store.codec.transformers, seen.home.resource
    if transformers is None or resource is None:
        return None
    target = transformers.for_resource(GroupResource(resource.group, resource.resource)).target
    if target is None:
        return None
    seal = seen.read.seal
    same = seal is not None and (seal.provider, seal.key_name) == (target.provider, target.key_name)
    return str(target), same


def _plain_text(seen: Seen, survey: Survey) -> Iterator[Found]:
    wanted = _transformer(seen, survey)
    if wanted and seen.read.seal is None:
        yield Found(f"{seen.home.label}, to be sealed by {wanted[0]}", f"kstore encrypt {seen.home.label}", seen.key)


def _old_key(seen: Seen, survey: Survey) -> Iterator[Found]:
    wanted = _transformer(seen, survey)
    if wanted and seen.read.seal is not None and not wanted[1]:
        yield Found(
            f"{seen.home.label}, sealed by {seen.read.seal}, now {wanted[0]}",
            f"kstore encrypt {seen.home.label}", seen.key,
        )  # fmt: skip


def _no_resource(seen: Seen, survey: Survey) -> Iterator[Found]:
    read = seen.read
    served = isinstance(read, StoredObject) and read.gvk.group in survey.extension_groups
    if seen.home.resource is None and not served:
        what = str(read.gvk) if isinstance(read, StoredObject) else "not an object"
        is_custom = isinstance(read, StoredObject) and "." in read.gvk.group and seen.key.count("/") > 2
        subject = f"{seen.home.label}: {'no CRD defines it' if is_custom else 'no resource is kept there'}"
        yield Found(subject, f"kstore delete {seen.key}", seen.key, what)


def _served_elsewhere(survey: Survey) -> Iterator[Found]:
    for group, extension in survey.extension_groups.items():
        here = (
            f"of its objects in this store: {extension.objects}"
            if extension.objects
            else "no object of it lies in this store"
        )
        yield Found(f"{group}, served by {extension.service}", f"kstore get {extension.key}", extension.key, here)


def _no_namespace(seen: Seen, survey: Survey) -> Iterator[Found]:
    namespace = seen.home.namespace
    if namespace and namespace not in survey.namespaces:
        yield Found(f"namespace {namespace}", f"kstore delete {seen.home.label} -n {namespace} --all", seen.key)


def _owner_gone(survey: Survey) -> Iterator[Found]:
    for uid, owner in survey.owners.items():
        if hash(uid) not in survey.uids and owner.name not in survey.undecodable_names:
            more = f", and {owner.keys - 1} more" if owner.keys > 1 else ""
            yield Found(
                f"{owner.description} (uid {uid})", f"kstore delete {owner.first_key}", owner.first_key,
                f"owned by it{more}; its garbage collector should have deleted it",
            )  # fmt: skip


def _stuck_namespace(survey: Survey) -> Iterator[Found]:
    for name, namespace in survey.terminating.items():
        subject = f"namespace {name}, to be deleted since {namespace.since}"
        command = f"kstore ls / -n {name}"
        left = ", ".join(f"{count} {label}" for label, count in namespace.left.most_common())
        waits = f"finalizers {', '.join(namespace.finalizers)}" if namespace.finalizers else "no finalizer"
        yield Found(subject, command, namespace.key, f"{waits}; still holds {left or 'nothing'}")
        for condition in namespace.conditions:
            yield Found(subject, command, namespace.key, condition)
        for key, detail in namespace.held:
            yield Found(subject, command, key, detail)


def _stuck_object(seen: Seen, survey: Survey) -> Iterator[Found]:
    if isinstance(seen.read, Undecodable) or seen.home.label == "namespaces":
        return
    metadata = metadata_of(seen.read)
    finalizers = members_of(metadata, "finalizers")
    if metadata.get("deletionTimestamp") and finalizers:
        yield Found(
            seen.home.label, f"kstore edit {seen.key}", seen.key,
            f"since {metadata['deletionTimestamp']}, held by {', '.join(map(str, finalizers))}",
        )  # fmt: skip


def _refused(seen: Seen, survey: Survey) -> Iterator[Found]:
    """What the server's own validation, as a plugin has it, says of a stored object."""
    scheme = survey.store.codec.scheme
    if isinstance(seen.read, StoredObject) and scheme.catalog.has_kind(seen.read.gvk):
        for fault in scheme.validate(seen.read.gvk, seen.read.object):
            yield Found(seen.home.label, f"kstore edit {seen.key}", seen.key, fault)


def _no_lease(seen: Seen, survey: Survey) -> Iterator[Found]:
    lease = seen.read.record.lease
    if lease and survey.leases is not None and lease not in survey.leases:
        yield Found(seen.home.label, f"kstore delete {seen.key}", seen.key, f"lease {lease:x}")


def _space(survey: Survey) -> Iterator[Found]:
    status = survey.store.source.status()
    for alarm in status.alarms:
        yield Found(f"alarm {alarm}", "kstore analyze; etcdctl alarm disarm", status.location)
    if status.quota and status.size > _FULL * status.quota:
        yield Found(f"{status.size / status.quota:.0%} of the quota", "kstore analyze", status.location)


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the function that finds what breaks it."""

    rule: Rule
    look: Look | None = None
    conclude: Conclude | None = None


def _check(name: str, severity: str, title: str, why: str, look: Look | None = None, *, end: Conclude | None = None) -> Check:  # noqa: E501  # fmt: skip
    return Check(Rule(name, severity, title, why), look, end)


CHECKS: tuple[Check, ...] = (
    _check("undecodable", ERROR, "Objects that cannot be decoded",
           "one of them makes every list of its resource fail", _damaged),
    _check("unopenable", ERROR, "Encrypted objects that no key opens",
           "the apiserver cannot read them, and every list of their resource fails", _unopened),
    _check("unknown-to-target", ERROR, "Objects that the target release cannot decode",
           "its apiserver has no such type: reading one of them fails", _unknown_to_target),
    _check("lossy", ERROR, "Objects that the target release would convert with loss",
           "fields that it does not know are dropped at the next write, without a word", _lossy),
    _check("crd-unlisted-version", ERROR, "Custom objects in a version that storedVersions does not list",
           "the version may be dropped from the CRD while objects are stored in it, which are then unreadable",
           end=_crd_versions),
    _check("space", ERROR, "Little space left", "a full etcd refuses every write", end=_space),
    _check("removed-version", WARNING, "Objects stored in a version that is no longer served",
           "the next releases may drop the code that still decodes them", _in_state("removed")),
    _check("plain-text", WARNING, "Objects in plain text that the configuration would encrypt",
           "they were written before encryption was on: whoever reads the disk reads them", _plain_text),
    _check("old-key", WARNING, "Objects sealed with a key that is not the first",
           "as long as one is, the old key cannot be taken out of the configuration", _old_key),
    _check("namespace-stuck", WARNING, "Namespaces that wait to be deleted",
           "they go only when all in them has gone", end=_stuck_namespace),
    _check("no-namespace", WARNING, "Objects in namespaces that do not exist",
           "nobody sees them, and nobody will delete them", _no_namespace),
    _check("no-resource", WARNING, "Keys that belong to no resource",
           "left behind by a CRD or a server that has gone: nothing serves or deletes them", _no_resource),
    _check("misplaced", WARNING, "Objects that lie under another's key",
           "the apiserver serves them under one name and writes them under another", _misplaced),
    _check("invalid", WARNING, "Objects that their server's own validation refuses",
           "nothing can be changed in them before that is mended", _refused),
    _check("lease-gone", WARNING, "Keys on leases that do not exist", "they were to expire, and will not", _no_lease),
    _check("object-stuck", NOTE, "Objects that finalizers keep from being deleted",
           "they go only when what set the finalizers takes them away", _stuck_object),
    _check("owner-gone", NOTE, "Objects whose owner has gone",
           "the garbage collector should have deleted them with it", end=_owner_gone),
    _check("deprecated-version", NOTE, "Objects stored in a deprecated version",
           "a later release will not serve it any more", _in_state("deprecated")),
    _check("other-version", NOTE, "Objects stored in another version than the target release stores",
           "each is rewritten only when somebody changes it", _other_version),
    _check("crd-idle-version", NOTE, "Versions in storedVersions that no object is stored in",
           "the CRD cannot drop them before storedVersions is narrowed", end=_crd_prunable),
    _check("served-elsewhere", NOTE, "Groups that an APIService hands to a server of its own",
           "that server keeps their objects, in its own etcd perhaps, and alone knows their types; "
           "kstore converts them with a plugin", end=_served_elsewhere),
    _check("sealed", NOTE, "Encrypted objects that were not looked into",
           "without the apiserver's configuration nothing can be said of them", _sealed),
)  # fmt: skip
"""All checks, the gravest first."""

_BY_GRAVITY = {severity: number for number, severity in enumerate(SEVERITIES)}


def run_checks(
    survey: Survey, checks: Iterable[Check] = CHECKS, progress: Callable[[int], None] = lambda _: None
) -> list[Finding]:
    """
    Read the store once, and say what is wrong with it: the gravest first.

    Args:
        survey: of the store, for the target release.
        checks: those wanted.
        progress: told how many records have been read.
    """
    chosen = tuple(checks)
    looking = [check for check in chosen if check.look is not None]
    found: dict[tuple[str, str], Finding] = {}
    for seen in survey.records():
        for check in looking:
            assert check.look is not None
            _note(found, check.rule, check.look(seen, survey))
        if not survey.read & 0xFF:
            progress(survey.read)
    for check in chosen:
        if check.conclude is not None:
            _note(found, check.rule, check.conclude(survey))
    order = {check.rule.id: number for number, check in enumerate(chosen)}
    return sorted(found.values(), key=lambda one: (_BY_GRAVITY[one.rule.severity], order[one.rule.id], one.subject))


def _note(found: dict[tuple[str, str], Finding], rule: Rule, places: Iterable[Found]) -> None:
    for place in places:
        finding = found.setdefault((rule.id, place.subject), Finding(rule, place.subject, place.command))
        finding.add(place.key, place.detail)
