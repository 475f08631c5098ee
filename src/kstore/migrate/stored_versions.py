"""
`status.storedVersions` of a CRD, after a migration: the versions in which its objects are really stored.

An apiserver refuses to drop a version from a CRD as long as this list names it. So it is narrowed to the storage
version only when every object was read again there, the CRD still being as it was when its objects were planned; and a
version in which objects were stored is added. Both are written by the migration's own writer: noted in its journal,
undone with it, and a fault ends it as it ends the writing of the objects, so that the journal can be resumed. With one
exception: whoever may write objects, but not their CRD, has migrated them all the same, and is told.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from kstore.codec import StoredObject
from kstore.customresource.definition import CustomDefinition
from kstore.customresource.definitions import definition_of
from kstore.customresource.resource import CustomResource
from kstore.errors import AccessDenied, Conflict
from kstore.migrate.plan import Change
from kstore.migrate.request import Selection
from kstore.migrate.summary import Summary
from kstore.store import Store
from kstore.write.commit import Writer, Written


def settle_versions(
    store: Store, selection: Selection, summary: Summary, writer: Writer[Change], *, whole: bool
) -> Iterator[str]:
    """
    Have `status.storedVersions` of the custom resources that a migration met name the versions in which their objects
    are stored; yield a word on each that is changed, or should have been.

    Args:
        store: the running store.
        selection: the migration's, with the definitions that it used.
        summary: what it came to: the list of a kind with a skipped object is not narrowed.
        writer: the migration's.
        whole: all objects of its resources were migrated, not a part of them: lists may be narrowed.

    Raises:
        KstoreError: as `Writer.write`, but for `AccessDenied`.
    """
    if store.layout.clusters:
        if any(True for _ in selection.definitions.met()):
            yield "status.storedVersions of the CRDs are left as they are: every logical cluster has its own"
        return
    skipped = {line.kind for line in summary.lines.values() if line.skipped}
    for resource, definition in selection.definitions.met():
        word = _settle(store, resource, definition, writer, narrow=whole and resource.kind not in skipped)
        if word:
            yield word


def unlisted_versions(store: Store, selection: Selection, summary: Summary) -> Iterator[str]:
    """
    Yield a word on each custom resource of which a migration of a file stored objects in a version that is not listed.

    Args:
        store: the store that the migration read; its CRDs went into the new file as they were, or in another version.
        selection: the migration's, with the definitions that it used.
        summary: what it came to.
    """
    for resource, definition in () if store.layout.clusters else selection.definitions.met():
        read = store.get(store.crd_key(resource))
        status = read.object.get("status") if isinstance(read, StoredObject) else None
        listed = (status or {}).get("storedVersions") or []
        lines = (line for line in summary.lines.values() if line.kind == resource.kind and line.changes)
        unlisted = sorted({line.target.rpartition("/")[2] for line in lines} - set(listed))
        if unlisted:
            yield (
                f"{definition.name}: objects are stored as {_text(unlisted)}, which status.storedVersions does not "
                "list: an apiserver would let the version be dropped with them in it"
            )


def _settle(
    store: Store,
    resource: CustomResource,
    definition: CustomDefinition,
    writer: Writer[Change],
    *,
    narrow: bool,
) -> str:
    key = store.crd_key(resource)
    read = writer.retry.ask(lambda: store.get(key))
    if not isinstance(read, StoredObject) or definition_of(store.codec, read) != definition:
        return f"{definition.name}: the CRD was changed meanwhile, its storedVersions are left as they are"
    listed = (read.object.get("status") or {}).get("storedVersions") or []
    found = writer.retry.ask(lambda: _versions(store, resource))
    alone = found <= {definition.storage_version}
    unlisted = sorted(version for version in found if version and version not in listed)
    wanted = [definition.storage_version] if narrow and alone else [*listed, *unlisted]
    if wanted == listed:
        if narrow and listed != [definition.storage_version]:
            return f"{definition.name}: not every object is stored as {definition.storage_version}, storedVersions stay"
        return ""
    changed = copy.deepcopy(read.object)
    changed.setdefault("status", {})["storedVersions"] = wanted
    value = store.codec.encrypt(key, store.codec.encode(changed, read.encoding))
    change = Change(read.record, read.gvk, read.gvk.group_version, read.encoding, value, "storedVersions")
    return f"{definition.name}: {_write(change, writer) or f'status.storedVersions is {_text(wanted)} now'}"


def _versions(store: Store, resource: CustomResource) -> set[str]:
    """In which versions the resource's objects are stored; the empty one stands for what cannot be read."""
    return {one.gvk.version if isinstance(one, StoredObject) else "" for one in store.objects(resource)}


def _write(change: Change, writer: Writer[Change]) -> str:
    """Write a CRD; what kept it from being written, or nothing."""
    try:
        (ending,) = writer.write([change])
    except AccessDenied as error:
        return f"storedVersions are left as they are: {error}"
    if isinstance(ending, Written):
        return ""
    if type(ending.fault) is Conflict:
        return "the CRD was changed meanwhile, its storedVersions are left as they are"
    return f"storedVersions are left as they are: {ending.fault}"


def _text(versions: list[str]) -> str:
    return f"[{', '.join(versions)}]"
