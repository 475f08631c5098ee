"""Checks of the versions that objects are stored in, against what the target release stores and converts."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.catalog.releases import minor_of
from kstore.codec import StoredObject, Undecodable
from kstore.customresource.resource import CustomResource
from kstore.inspect.checks.advice import WEBHOOK, migration
from kstore.inspect.checks.interface import Found, Look
from kstore.inspect.survey import Seen, Survey

_NO_PLACE = (
    "add them to that version's schema in the CRD first: a migration to it drops them, and so does any update through "
    "the apiserver"
)


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


def in_state(state: str) -> Look:
    """Objects stored in a version that is `removed` or `deprecated` in the target release."""

    def look(seen: Seen, survey: Survey) -> Iterator[Found]:
        if _version_state(seen, survey) == state and isinstance(seen.read, StoredObject):
            kind = survey.catalog.kind(seen.read.gvk)
            stores = survey.store.codec.scheme.stored_as(seen.read.gvk)
            instead = f"; {survey.release} stores {stores}" if stores else ""
            subject = f"{seen.read.gvk}, {state} in {getattr(kind, state)}{instead}"
            command = migration(seen.directory.label, survey.release)
            yield Found(subject, seen.key, advice=(command,))

    return look


def other_version(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects stored in another version than the one that the target release, or the CRD, stores."""
    read = seen.read
    if isinstance(read, Undecodable):
        return
    resource = seen.directory.resource
    if isinstance(resource, CustomResource):
        wanted, is_known = resource.storage_version, resource.definition is not None
        if is_known and wanted and read.gvk.version != wanted and read.gvk.version in resource.versions:
            command = migration(seen.directory.label, survey.release)
            subject, words = f"{read.gvk}, the CRD stores {wanted}", WEBHOOK if resource.converts_by_webhook else ""
            lost = ", ".join(survey.pruned(seen))
            if lost:
                subject, words = f"{subject}, whose schema has no place for some fields", _NO_PLACE
            yield Found(subject, seen.key, lost, (command,), words)
    elif survey.catalog.holds(read.gvk) and not _version_state(seen, survey):
        target_version = survey.store.codec.scheme.stored_as(read.gvk)
        if target_version is not None and target_version != read.gvk.group_version:
            subject = f"{read.gvk}, {survey.release} stores {target_version}"
            command = migration(seen.directory.label, survey.release)
            yield Found(subject, seen.key, advice=(command,))
