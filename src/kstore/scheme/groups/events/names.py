"""
The members of an Event that events.k8s.io renamed, the same in its versions.
"""

from __future__ import annotations

from kstore.scheme.registry import Auto, Obj, Scope

_NAMES = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
"""events.k8s.io -> core."""


def event_to_hub(event: Obj, auto: Auto, _scope: Scope) -> None:
    """By their names in the core group."""
    taken = {core: event.pop(name) for name, core in _NAMES.items() if name in event}
    auto(event)
    event.update(taken)


def event_from_hub(event: Obj, auto: Auto, _scope: Scope) -> None:
    """By their new names."""
    taken = {name: event.pop(core) for name, core in _NAMES.items() if core in event}
    auto(event)
    event.update(taken)
