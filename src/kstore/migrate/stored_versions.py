"""
`status.storedVersions` of a CRD, after a migration: the versions in which its objects are really stored.

An apiserver refuses to drop a version from a CRD as long as this list names it. So it is narrowed to the storage
version only when every object was read again there, the CRD still being as it was when its objects were planned; and a
version in which objects were stored is added. Both are noted in the journal as any other write, and undone with it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from kstore.codec import StoredObject
from kstore.customresource.definition import CustomDefinition
from kstore.customresource.definitions import definition_of
from kstore.customresource.resource import CustomResource
from kstore.errors import Conflict, SourceError, StoreUnreachable, WriteRefused
from kstore.migrate.journal import JournalWriter
from kstore.migrate.plan import Change
from kstore.migrate.request import Selection
from kstore.migrate.summary import Summary
from kstore.store import Store
from kstore.write.commit import Writer, Written, writable
from kstore.write.retry import Retry


def settle_versions(
    store: Store, selection: Selection, summary: Summary, journal: JournalWriter, retry: Retry, *, whole: bool
) -> Iterator[str]:
    """
    Have `status.storedVersions` of the custom resources that a migration met name the versions in which their objects
    are stored; yield a word on each that is changed, or should have been.

    Args:
        store: the running store.
        selection: the migration's, with the definitions that it used.
        summary: what it came to: the list of a kind with a skipped object is not narrowed.
        journal: the migration's.
        retry: how long to wait for a store that does not answer.
        whole: all objects of its resources were migrated, not a part of them: lists may be narrowed.
    """
    if store.layout.clusters:
        if any(True for _ in selection.definitions.met()):
            yield "status.storedVersions of the CRDs are left as they are: every logical cluster has its own"
        return
    skipped = {line.kind for line in summary.lines.values() if line.skipped}
    for resource, definition in selection.definitions.met():
        word = _settle(store, resource, definition, journal, retry, narrow=whole and resource.kind not in skipped)
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
    journal: JournalWriter,
    retry: Retry,
    *,
    narrow: bool,
) -> str:
    key = store.crd_key(resource)
    read = store.get(key)
    if not isinstance(read, StoredObject) or definition_of(store.codec, read) != definition:
        return f"{definition.name}: the CRD was changed meanwhile, its storedVersions are left as they are"
    listed = (read.object.get("status") or {}).get("storedVersions") or []
    found = {one.gvk.version if isinstance(one, StoredObject) else "" for one in store.objects(resource)}
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
    return (
        f"{definition.name}: {_write(store, change, journal, retry) or f'status.storedVersions is {_text(wanted)} now'}"
    )


def _write(store: Store, change: Change, journal: JournalWriter, retry: Retry) -> str:
    """Write a CRD; what kept it from being written, or nothing."""
    writer: Writer[Change] = Writer(writable(store.source), journal, retry=retry)
    try:
        (ending,) = writer.write([change])
    except StoreUnreachable as error:  # whether it happened is found out by whoever goes on with the journal
        return f"storedVersions may not be written: {error}"
    except (SourceError, WriteRefused) as error:
        return f"storedVersions are left as they are: {error}"
    if isinstance(ending, Written):
        return ""
    if type(ending.fault) is Conflict:
        return "the CRD was changed meanwhile, its storedVersions are left as they are"
    return f"storedVersions are left as they are: {ending.fault}"


def _text(versions: list[str]) -> str:
    return f"[{', '.join(versions)}]"
