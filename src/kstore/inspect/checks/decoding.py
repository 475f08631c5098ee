"""Checks of single objects: whether they can be decoded, and whether their server would take them."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.catalog.mapper import NamedResource
from kstore.catalog.resources import FIRST_CBOR
from kstore.codec import StoredObject, Undecodable
from kstore.customresource.resource import CustomResource
from kstore.decode.envelope import is_perhaps_readable
from kstore.decode.json.go_json import deviations
from kstore.errors import (
    DecodeError,
    EncryptionError,
    KstoreError,
    NotConvertible,
    RuleFailed,
    UnknownEncoding,
    UnknownFields,
    UnknownKind,
)
from kstore.inspect.checks.advice import deletion, kstore, migration
from kstore.inspect.checks.interface import Found
from kstore.inspect.findings import Command
from kstore.inspect.survey import Seen, Survey
from kstore.naming import GroupVersionKind
from kstore.object_codec import CBOR, JSON


def damaged(seen: Seen, survey: Survey) -> Iterator[Found]:
    """
    Objects that a server cannot decode.

    What is stored where neither a built-in resource nor a CRD has its objects is another writer's, in whatever form it
    likes: of that it is only said that no resource explains it.
    """
    read = seen.read
    if not isinstance(read, Undecodable):
        if (fault := survey.fault(seen)) is not None:
            label = f"{seen.directory.label}, refused by a server"
            yield Found(label, seen.key, str(fault), (kstore("edit", seen.key),))
    elif isinstance(read.error, EncryptionError | UnknownKind) or not survey.is_read_by_apiserver(seen):
        return
    elif _may_be_read_all_the_same(seen, read.error, survey):
        label = f"{seen.directory.label}, in a form that no server writes"
        yield Found(label, seen.key, str(read.error), (kstore("get", seen.key, "-o", "hex"),), _ASK)
    elif seen.directory.label in _EXPLAINS_OTHERS:
        yield Found(seen.directory.label, seen.key, str(read.error), (kstore("history", seen.key),), _NEEDED)
    else:
        advice = kstore("history", seen.key), *deletion(seen.key)
        words = "an older revision, or a backup, may still hold it whole: `kstore restore` puts that back"
        yield Found(seen.directory.label, seen.key, str(read.error), advice, words)


_EXPLAINS_OTHERS = frozenset(
    {"customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io", "namespaces"}
)
"""What other objects are served by, or within: without it they look left behind."""
_NEEDED = (
    "other objects need it: an older revision, or a backup, may still hold it whole (`kstore restore --overwrite`); "
    "where none does, it is deleted only to be created again from its manifest at once"
)
_ASK = (
    "a server may read it as its last resort, and show what names no kind as an object without name: where `kubectl "
    "get` has it, `kubectl replace` writes it as usual and `kubectl delete` deletes it; nothing is to be deleted here "
    "before that fails"
)


def _may_be_read_all_the_same(seen: Seen, error: KstoreError, survey: Survey) -> bool:
    """Whether a server may read what kstore does not: a built-in type, in another encoding or without its kind."""
    if isinstance(seen.directory.resource, CustomResource):
        return False
    if isinstance(error, DecodeError) and error.path in ("apiVersion", "kind"):
        return True
    if not isinstance(error, UnknownEncoding):
        return False
    try:
        return is_perhaps_readable(survey.store.codec.open(seen.read.record.key, seen.read.record.value).plain)
    except KstoreError:
        return False


def unusual(seen: Seen, survey: Survey) -> Iterator[Found]:
    """JSON that servers read, and that none of them has written."""
    if isinstance(seen.read, StoredObject) and seen.read.encoding == JSON and survey.fault(seen) is None:
        for deviation in deviations(seen.read.plain):
            advice = (kstore("get", seen.key, "-o", "storage"),)
            yield Found(f"{seen.directory.label}, {deviation}", seen.key, "", advice, "nothing needs to be done")


def unknown_to_target(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects of kinds and versions that the target release, or the object's CRD, does not have."""
    read, resource = seen.read, seen.directory.resource
    if isinstance(read, Undecodable):
        if isinstance(read.error, UnknownKind):
            yield Found("unknown kind", seen.key, read.error.message, _show(seen))
    elif isinstance(resource, CustomResource):
        if resource.definition is not None:
            yield from _unknown_to_definition(seen, read, resource, survey)
    elif resource is None:
        return
    elif not survey.catalog.has_kind(read.gvk):
        yield Found(f"{read.gvk} is no kind of {survey.release}", seen.key, _lists_fail(seen), _show(seen), _NO_KIND)
    elif not _belongs(read.gvk, resource, survey):
        yield Found(
            f"{read.gvk} at a key of {seen.directory.label}", seen.key, _lists_fail(seen), _show(seen), _NO_KIND
        )
    elif not survey.catalog.holds(read.gvk):
        yield _held_by_others(seen, read, survey)


_NO_KIND = "keep a copy (kstore export, or get -o raw), write the object anew in a version that the release has"


def _show(seen: Seen) -> tuple[Command, ...]:
    return (kstore("get", seen.key, "-o", "storage"),)


def _lists_fail(seen: Seen) -> str:
    return f"no kind is registered for it there: every list of {seen.directory.label} fails"


def _belongs(name: GroupVersionKind, resource: NamedResource, survey: Survey) -> bool:
    """Whether an object of a kind can be decoded where a resource's are: it shares the hub of one of its versions."""
    catalog = survey.catalog
    own = [GroupVersionKind(resource.group, version, resource.kind) for version in resource.versions]
    known = [catalog.kind(one) for one in own if catalog.has_kind(one)]
    kind = catalog.kind(name)
    return not known or any(kind.type == one.type or (kind.hub and kind.hub == one.hub) for one in known)


def _unknown_to_definition(seen: Seen, read: StoredObject, resource: CustomResource, survey: Survey) -> Iterator[Found]:
    """What a CRD's storage cannot read: a version that the CRD does not have, an encoding that the release lacks."""
    stores = f"{resource.group}/{resource.storage_version}"
    if not resource.has_version(read.gvk.group_version):
        subject = f"{read.gvk} is no version of its CRD"
        if read.gvk.group != resource.group:
            yield Found(subject, seen.key, advice=_show(seen), words=_NO_KIND)
            return
        command = kstore("migrate", seen.directory.label, "--to", stores, "--assume-version", stores)
        words = f"or put {read.gvk.version} back into the CRD, not served, and migrate to {stores} as usual"
        yield Found(subject, seen.key, advice=((*command, "--dry-run=diff"), command), words=words)
    elif read.encoding == CBOR and survey.release.minor < FIRST_CBOR:
        command = migration(seen.directory.label, survey.release)
        yield Found(
            f"{seen.directory.label}, stored as CBOR, which {survey.release} cannot read", seen.key, "", (command,)
        )


def _held_by_others(seen: Seen, read: StoredObject, survey: Survey) -> Found:
    """A version that other releases have: the command that brings the object into one of this release."""
    scheme = survey.store.codec.scheme
    subject, label = f"{read.gvk} is not in {survey.release}", seen.directory.label
    others = [one.group_version for one in scheme.targets(read.gvk) if survey.catalog.holds(one)]
    if not others:
        return Found(subject, seen.key, "no version of it is in this release", _show(seen), _NO_KIND)
    stored_as = scheme.stored_as(read.gvk)
    to = stored_as if stored_as in others else others[-1]
    try:
        survey.store.codec.convert_typed(read.plain, to)
    except UnknownFields as error:
        if not error.by_way_of:
            return Found(subject, seen.key, str(error), _show(seen), error.hint)
        # the others of the resource are not sent the way back and forth
        between = *migration(label, error.by_way_of), "--stored-version", str(read.gvk.group_version)
        own = migration(label, survey.release)
        return Found(f"{subject}; release {error.by_way_of} converts it whole", seen.key, "", (between, own))
    except KstoreError as error:
        return Found(subject, seen.key, str(error), _show(seen), error.hint)
    command = migration(label, survey.release) if to == stored_as else kstore("migrate", label, "--to", to)
    return Found(subject, seen.key, advice=(command,))


def refused(seen: Seen, survey: Survey) -> Iterator[Found]:
    """What the server's own validation, as a plugin has it, says of a stored object."""
    scheme = survey.store.codec.scheme
    if isinstance(seen.read, StoredObject) and scheme.catalog.has_kind(seen.read.gvk):
        try:
            found = scheme.validate(seen.read.gvk, seen.read.object)
        except NotConvertible:
            return  # `unjudged` says why
        for fault in found:
            yield Found(seen.directory.label, seen.key, fault, (kstore("edit", seen.key),))


def unjudged(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects that one of a plugin's rules fails on: where it validates them, or where they are rewritten."""
    codec = survey.store.codec
    if not isinstance(seen.read, StoredObject) or not codec.scheme.of_plugin(seen.read.gvk):
        return
    try:
        codec.scheme.validate(seen.read.gvk, seen.read.object)
        codec.convert_typed(seen.read.plain, drop_unknown_fields=True)
    except RuleFailed as error:
        yield Found(seen.directory.label, seen.key, str(error), (kstore("plugin", "check", error.plugin),))
    except KstoreError:
        return  # a rule that refuses the object, or an object that cannot be read: other checks say so
