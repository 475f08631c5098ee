"""Checks of where objects are stored: under whose key, of which resource, in which namespace."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.codec import StoredObject, Undecodable
from kstore.inspect.checks.advice import deletion, kstore
from kstore.inspect.checks.interface import Found
from kstore.inspect.survey import Seen, Survey, metadata_of


def misplaced(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects whose name or namespace is not that of their key."""
    resource = seen.directory.resource
    if isinstance(seen.read, Undecodable) or resource is None:
        return
    metadata = metadata_of(seen.read)
    name = metadata.get("name")
    place = survey.store.place(seen.read.record.key)
    if place is None or not name:
        return
    if name != place.name or (resource.namespaced and metadata.get("namespace", "") != place.namespace):
        inside = "/".join(filter(None, (str(metadata.get("namespace") or ""), str(name))))
        words = (
            "compare it with the object at the key of that name (kstore diff): if both are the same, this one is a "
            "copy that a restore or a script left, and the apiserver lists the object twice"
        )
        advice = (kstore("get", seen.key, "-o", "storage"),)
        yield Found(seen.directory.label, seen.key, f"its metadata says {inside}", advice, words)


def no_resource(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Keys below the prefix that no type, no CRD and no APIService explains."""
    read = seen.read
    group = read.gvk.group if isinstance(read, StoredObject) else seen.directory.label.partition("/")[0]
    served = group in survey.served_elsewhere
    if isinstance(read, StoredObject) and not survey.namespaces:
        return  # not a whole cluster: the objects of an extension server in an etcd of its own
    if seen.directory.resource is None and not served:
        what = str(read.gvk) if isinstance(read, StoredObject) else "not an object"
        is_custom = isinstance(read, StoredObject) and "." in read.gvk.group and seen.key.count("/") > 2
        subject = f"{seen.directory.label}: {'no CRD defines it' if is_custom else 'no resource is kept there'}"
        if is_custom and isinstance(read, StoredObject) and survey.is_unserved(seen):
            words = "no CRD and no APIService has the group, so nothing serves them; keep the copy all the same"
            yield Found(subject, seen.key, what, deletion(seen.key), words)
        else:
            words = "another server may store it here and use it: find out who writes it before you delete anything"
            yield Found(subject, seen.key, what, (kstore("history", seen.key),), words)


def served_elsewhere(survey: Survey) -> Iterator[Found]:
    """Groups that an APIService hands on to a server of its own."""
    for group, extension in survey.extension_groups.items():
        here = (
            f"of its objects in this store: {extension.objects}"
            if extension.objects
            else "this store has no object of it"
        )
        subject = f"{group}, served by {extension.service}"
        yield Found(subject, extension.key, here, (kstore("get", extension.key),))


def no_namespace(seen: Seen, survey: Survey) -> Iterator[Found]:
    """
    Objects in namespaces that do not exist.

    Says nothing where this store cannot tell: one without a single Namespace (of Events, or an extension server's), one
    of which only a part can be read, and of resources that another server keeps.
    """
    namespace, resource = seen.directory.namespace, seen.directory.resource
    if not namespace or resource is None or namespace in survey.namespaces:
        return
    if survey.namespaces and not survey.is_partial and resource.group not in survey.served_elsewhere:
        command = kstore("ls", seen.directory.label, "-n", namespace)
        words = "create the namespace again: then they can be used or deleted through the API"
        yield Found(f"namespace {namespace}", seen.key, "", (command,), words)


def foreign_keys(survey: Survey) -> Iterator[Found]:
    """Keys outside the cluster's prefix: counted, and not judged."""
    elsewhere = survey.store.elsewhere()
    subject = f"{elsewhere.total():,} outside {' and '.join(survey.store.prefixes) or '/'}"
    for name, count in sorted(elsewhere.items()):
        words = "if they are another cluster's, check them with its --etcd-prefix"
        yield Found(subject, name, f"{count:,} key{'s' * (count != 1)}", words=words)


def shared(survey: Survey) -> Iterator[Found]:
    """
    Services that have the same address, or the same port of the nodes.

    `pkg/registry/core/service/ipallocator/controller`, `portallocator/controller/repair.go`: "assigned to multiple
    services". A server of 1.37 makes the IPAddress of an address that has none for each of them, and ends at the second
    (`repairip.go`). Silent where a store holds many small clusters, whose addresses are their own.
    """
    if survey.store.layout.clusters:
        return
    for claim, keys in survey.claims.items():
        for key in keys if len(keys) > 1 else ():
            others = ", ".join(one for one in keys if one != key)
            yield Found(claim, key, f"also {others}", (kstore("get", key, "-o", "yaml"),), _SHARED)


_SHARED = (
    "which of them it was first given to, their age tells; the others are created again through the API without it: an "
    "address cannot be changed there"
)
