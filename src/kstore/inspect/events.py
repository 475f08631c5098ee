"""
The Events about an object, found as `kubectl describe` finds them: by what they say they are about.

Events of v1 and of events.k8s.io/v1 lie below one prefix, and name the same fields differently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from kstore.codec import StoredObject
from kstore.store import Store


class EventsByObject:
    """
    The Events of a store; those of a namespace are read once, when they are first asked for.

    Args:
        store: where they lie.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, dict[tuple[str, str], list[dict[str, Any]]]] = {}

    def about(self, obj: Mapping[str, Any]) -> list[dict[str, Any]]:
        """
        The Events about an object, the oldest first.

        Of an object without a namespace they may lie in any (`describe.go`, `events.Search`).
        """
        metadata = obj.get("metadata")
        metadata = metadata if isinstance(metadata, Mapping) else {}
        namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        if namespace not in self._read:
            self._read[namespace] = self._of_namespace(namespace)
        uid = metadata.get("uid")
        found = self._read[namespace].get((str(obj.get("kind")), name), [])
        same = [one for one in found if not uid or _subject(one).get("uid") in (None, "", uid)]
        return sorted(same, key=_last_seen)

    def _of_namespace(self, namespace: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
        found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        (resource,) = self._store.resources("events")[:1]
        for record in self._store.source.scan(self._store.key_of(resource, namespace), revision=self._store.revision):
            read = self._store.codec.read(record)
            if isinstance(read, StoredObject):
                subject = _subject(read.object)
                found[str(subject.get("kind")), str(subject.get("name"))].append(read.object)
        return found


def _subject(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an Event is about."""
    for name in ("involvedObject", "regarding"):
        if isinstance(event.get(name), Mapping) and event[name]:
            found: Mapping[str, Any] = event[name]
            return found
    return {}


def _last_seen(event: Mapping[str, Any]) -> str:
    series = event.get("series")
    times = (
        series.get("lastObservedTime") if isinstance(series, Mapping) else None,
        event.get("lastTimestamp"),
        event.get("deprecatedLastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
    )
    return str(next(filter(None, times), ""))
