"""Checks of what should have been deleted: by the garbage collector, with a namespace, past finalizers."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.codec import Undecodable
from kstore.inspect.checks.advice import kstore
from kstore.inspect.checks.interface import Found
from kstore.inspect.survey import Seen, Survey, members_of, metadata_of


def owner_gone(survey: Survey) -> Iterator[Found]:
    """
    Objects that the garbage collector should have deleted: no owner of theirs is left.

    As `attemptToDeleteItem` and `isDangling` decide (`pkg/controller/garbagecollector/garbagecollector.go`): an owner
    is gone when the object of its kind and name, in the dependent's namespace, is missing or has another uid. One owner
    that lives, or that cannot be looked up (of a kind that this store does not know, kept by another server, damaged),
    keeps the object.
    """
    if not survey.namespaces or survey.is_partial:
        return  # not all of a cluster: owners may be elsewhere
    for dependents in survey.ownership.without_owners():
        more = f", and {dependents.keys - 1} more" if dependents.keys > 1 else ""
        yield Found(
            " and ".join(f"{owner.kind} {owner.name} (uid {owner.uid})" for owner in dependents.owners),
            dependents.first_key,
            f"owned by it{more}; its garbage collector should have deleted it",
            (kstore("get", dependents.first_key, "-o", "yaml"),),
            "kube-controller-manager's log says why it was not: the garbage collector deletes it when it can",
        )


def stuck_namespace(survey: Survey) -> Iterator[Found]:
    """Namespaces that wait to be deleted, and what they wait for."""
    for name, namespace in survey.terminating.items():
        subject = f"namespace {name}, to be deleted since {namespace.since}"
        advice = (kstore("ls", "/", "-n", name),)
        left = ", ".join(f"{count} {label}" for label, count in namespace.left.most_common())
        waits = f"finalizers {', '.join(namespace.finalizers)}" if namespace.finalizers else "no finalizer"
        yield Found(subject, namespace.key, f"{waits}; still holds {left or 'nothing'}", advice)
        for condition in namespace.conditions:
            yield Found(subject, namespace.key, condition, advice)
        for key, detail in namespace.held:
            yield Found(subject, key, detail, advice)


def stuck_object(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects that are to be deleted, and that finalizers hold."""
    if isinstance(seen.read, Undecodable) or seen.directory.label == "namespaces":
        return
    metadata = metadata_of(seen.read)
    finalizers = members_of(metadata, "finalizers")
    if metadata.get("deletionTimestamp") and finalizers:
        detail = f"since {metadata['deletionTimestamp']}, held by {', '.join(map(str, finalizers))}"
        words = "the controller that set the finalizer removes it when its work is done: check that it runs"
        yield Found(seen.directory.label, seen.key, detail, (kstore("get", seen.key, "-o", "yaml"),), words)
