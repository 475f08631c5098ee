"""Checks of where objects lie: under whose key, of which resource, in which namespace."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.codec import StoredObject, Undecodable
from kstore.inspect.checks.interface import Found, kstore
from kstore.inspect.survey import Seen, Survey, metadata_of


def misplaced(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects whose name or namespace is not that of their key."""
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
        yield Found(seen.home.label, seen.key, f"the object calls itself {inside}", (kstore("get", seen.key),))


def no_resource(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Keys below the prefix that no type, no CRD and no APIService explains."""
    read = seen.read
    served = isinstance(read, StoredObject) and read.gvk.group in survey.extension_groups
    if seen.home.resource is None and not served:
        what = str(read.gvk) if isinstance(read, StoredObject) else "not an object"
        is_custom = isinstance(read, StoredObject) and "." in read.gvk.group and seen.key.count("/") > 2
        subject = f"{seen.home.label}: {'no CRD defines it' if is_custom else 'no resource is kept there'}"
        yield Found(subject, seen.key, what, (kstore("delete", seen.key),))


def served_elsewhere(survey: Survey) -> Iterator[Found]:
    """Groups that an APIService hands on to a server of its own."""
    for group, extension in survey.extension_groups.items():
        here = (
            f"of its objects in this store: {extension.objects}"
            if extension.objects
            else "no object of it lies in this store"
        )
        subject = f"{group}, served by {extension.service}"
        yield Found(subject, extension.key, here, (kstore("get", extension.key),))


def no_namespace(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects in namespaces that do not exist."""
    namespace = seen.home.namespace
    if namespace and namespace not in survey.namespaces:
        command = kstore("delete", seen.home.label, "-n", namespace, "--all")
        yield Found(f"namespace {namespace}", seen.key, advice=(command,))
