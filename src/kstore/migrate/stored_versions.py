"""
`status.storedVersions` of a CRD, narrowed to the one version in which its objects now lie.

An apiserver refuses to drop a version from a CRD as long as this list names it. It is narrowed only when every object
was read again at the storage version, and the CRD is still as it was when its objects were planned.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from kstore.catalog.custom import CustomResource
from kstore.codec import StoredObject
from kstore.custom import CustomDefinition
from kstore.errors import KstoreError
from kstore.migrate.request import Selection, crd_key, definition_in
from kstore.migrate.summary import Summary
from kstore.naming import GroupVersion
from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.store import Store


def narrow(store: Store, selection: Selection, summary: Summary) -> Iterator[str]:
    """
    Narrow the stored versions of the custom resources that a migration met, and yield a word on each.

    Args:
        store: the running store.
        selection: the migration's, with the definitions that it used.
        summary: what it came to: a kind with a skipped object is left alone.
    """
    skipped = {line.kind for line in summary.lines.values() if line.skipped}
    for resource, definition in selection.custom_definitions():
        if resource.kind not in skipped:
            word = _narrow(store, resource, definition)
            if word:
                yield word


def _narrow(store: Store, resource: CustomResource, definition: CustomDefinition) -> str:
    key = crd_key(store, resource)
    read = store.get(key)
    if not isinstance(read, StoredObject) or definition_in(store.codec, read) != definition:
        return f"{definition.name}: the CRD was changed meanwhile, its storedVersions are left as they are"
    status = read.object.get("status") or {}
    if status.get("storedVersions") == [definition.storage_version]:
        return ""
    target = GroupVersion(definition.kind.group, definition.storage_version)
    for found in store.objects(resource):
        if not isinstance(found, StoredObject) or found.gvk.group_version != target:
            return f"{definition.name}: not every object is stored as {target}, storedVersions are left as they are"
    changed = copy.deepcopy(read.object)
    changed["status"]["storedVersions"] = [definition.storage_version]
    try:
        value = store.codec.seal(key, store.codec.encode(changed, read.encoding))
        source = store.source
        assert isinstance(source, WritableSource)
        done = source.commit([Put(key, value, read.record.mod_revision, read.record.lease)]).succeeded
    except KstoreError as error:
        return f"{definition.name}: storedVersions are left as they are: {error}"
    if not done:
        return f"{definition.name}: the CRD was changed meanwhile, its storedVersions are left as they are"
    return f"{definition.name}: status.storedVersions is [{definition.storage_version}] now"
