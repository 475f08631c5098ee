"""Checks of what should have been deleted: by the garbage collector, with a namespace, past finalizers."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.codec import Undecodable
from kstore.inspect.checks.interface import Found, kstore
from kstore.inspect.survey import Seen, Survey, members_of, metadata_of


def owner_gone(survey: Survey) -> Iterator[Found]:
    """Objects whose owner does not exist any more."""
    for uid, owner in survey.owners.items():
        if hash(uid) not in survey.uids and owner.name not in survey.undecodable_names:
            more = f", and {owner.keys - 1} more" if owner.keys > 1 else ""
            yield Found(
                f"{owner.description} (uid {uid})", owner.first_key,
                f"owned by it{more}; its garbage collector should have deleted it",
                (kstore("delete", owner.first_key),),
            )  # fmt: skip


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
    if isinstance(seen.read, Undecodable) or seen.home.label == "namespaces":
        return
    metadata = metadata_of(seen.read)
    finalizers = members_of(metadata, "finalizers")
    if metadata.get("deletionTimestamp") and finalizers:
        detail = f"since {metadata['deletionTimestamp']}, held by {', '.join(map(str, finalizers))}"
        yield Found(seen.home.label, seen.key, detail, (kstore("edit", seen.key),))
