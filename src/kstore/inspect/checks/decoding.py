"""Checks of single objects: whether they can be decoded, and whether their server would take them."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.catalog.custom import CustomResource
from kstore.codec import StoredObject, Undecodable
from kstore.errors import EncryptionError, UnknownKind
from kstore.inspect.checks.interface import Found, kstore
from kstore.inspect.survey import Seen, Survey


def damaged(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects that cannot be decoded."""
    read = seen.read
    if isinstance(read, Undecodable) and not isinstance(read.error, EncryptionError | UnknownKind):
        advice = kstore("history", seen.key), kstore("delete", seen.key)
        yield Found(seen.home.label, seen.key, str(read.error), advice)


def unknown_to_target(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects of kinds and versions that the target release, or the object's CRD, does not have."""
    read = seen.read
    if isinstance(read, Undecodable):
        if isinstance(read.error, UnknownKind):
            yield Found("unknown kind", seen.key, read.error.message, (kstore("get", seen.key, "-o", "storage"),))
    elif isinstance(seen.home.resource, CustomResource):
        resource = seen.home.resource
        if read.gvk.version not in resource.versions and resource.definition is not None:
            command = kstore("migrate", seen.home.label, "--to", f"{resource.group}/{resource.storage_version}")
            yield Found(f"{read.gvk} is no version of its CRD", seen.key, advice=(command,))
    elif survey.catalog.has_kind(read.gvk) and not survey.catalog.holds(read.gvk):
        scheme = survey.store.codec.scheme
        others = [one.group_version for one in scheme.targets(read.gvk) if survey.catalog.holds(one)]
        stored_as = scheme.stored_as(read.gvk)
        if others:
            to = stored_as if stored_as in others else others[-1]
            advice = [kstore("migrate", seen.home.label, "--to", to)]
        else:
            advice = [kstore("get", seen.key), kstore("delete", seen.key)]
        yield Found(f"{read.gvk} is not in {survey.release}", seen.key, advice=tuple(advice))


def refused(seen: Seen, survey: Survey) -> Iterator[Found]:
    """What the server's own validation, as a plugin has it, says of a stored object."""
    scheme = survey.store.codec.scheme
    if isinstance(seen.read, StoredObject) and scheme.catalog.has_kind(seen.read.gvk):
        for fault in scheme.validate(seen.read.gvk, seen.read.object):
            yield Found(seen.home.label, seen.key, fault, (kstore("edit", seen.key),))
